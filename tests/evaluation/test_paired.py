"""Differences over the same texts: known values, and what is noise."""

import numpy as np
import pytest

from indexer.evaluation.intervals import auroc
from indexer.evaluation.paired import bootstrap, delong, mcnemar
from indexer.evaluation.partitions import v_measure

AB = ("a", "b")


def masks(both, first, second, none):
    a = np.repeat([True, True, False, False], (both, first, second, none))
    return a, np.repeat([True, False, True, False], (both, first, second, none))


def test_mcnemar_counts_the_texts_of_which_one_model_is_right():
    # of 12 texts on which they differ, 10 to 2: 2 * (1 + 12 + 66) / 2**12
    found = mcnemar(AB, "accuracy.labels", *masks(50, 10, 2, 38))
    assert found.p == pytest.approx(2 * 79 / 4096)
    assert found.value == pytest.approx(0.08) and found.low < 0.08 < found.high
    assert not found.noise and found.test == "McNemar" and found.models == AB
    assert mcnemar(AB, "accuracy.labels", *masks(50, 9, 3, 38)).noise  # 2 * 299 / 4096 = .146


def test_a_difference_turns_round_with_the_models():
    a, b = masks(20, 9, 1, 10)
    there, back = mcnemar(AB, "accuracy.grown", a, b), mcnemar(AB, "accuracy.grown", b, a)
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))
    assert there.p == back.p


def test_models_that_say_the_same_differ_by_noise():
    right = np.array([True, False, True])
    scores, positive = np.array([0.1, 0.5, 0.9, 0.3]), np.array([True, True, False, False])
    same = v_measure(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), 3)
    for found in (
        mcnemar(AB, "accuracy.labels", right, right),
        delong(AB, "none_auroc", scores, scores, positive),
        bootstrap(AB, "v_measure", same, same),
    ):
        assert (found.value, found.p, found.noise) == (0, 1, True) and found.low <= 0 <= found.high


def test_delong_agrees_with_the_bootstrap_of_the_rows():
    random = np.random.default_rng(11)
    positive = np.repeat([True, False], (150, 100))
    truth = positive + random.normal(0, 1, 250)
    first, second = truth + random.normal(0, 0.3, 250), truth + random.normal(0, 0.8, 250)
    found = delong(AB, "none_auroc", first, second, positive)
    assert found.value == pytest.approx(auroc(first, positive).value - auroc(second, positive).value)
    apart = []
    for _ in range(400):
        rows = np.concatenate([random.integers(150, size=150), 150 + random.integers(100, size=100)])
        apart.append(auroc(first[rows], positive).value - auroc(second[rows], positive).value)
    assert (found.high - found.low) / 3.92 == pytest.approx(np.std(apart), rel=0.15)


def test_a_better_partition_is_more_than_noise_and_one_as_good_is_noise():
    random = np.random.default_rng(2)
    truth = random.integers(5, size=2000)

    def partition(right):
        return v_measure(truth, np.where(random.random(2000) < right, truth, random.integers(5, size=2000)), 1)

    good, as_good, worse = partition(0.9), partition(0.9), partition(0.8)
    found = bootstrap(AB, "v_measure", good, worse)
    assert found.value > 0.05 and found.low > 0 and not found.noise and found.p < 0.01
    found = bootstrap(AB, "v_measure", good, as_good)
    assert found.noise and found.low < 0 < found.high
