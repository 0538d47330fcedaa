"""Intervals against published values, against scikit-learn, and where formulas usually break."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from indexer.contract.evaluations import Rate
from indexer.evaluation.intervals import auroc, share, wilson


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    # Newcombe, Statistics in Medicine 17 (1998), 857-872, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_intervals_are_the_published_ones(hits, n, low, high):
    rate = wilson(hits, n)
    assert rate.value == hits / n
    assert (rate.low, rate.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("hits", "n"), [(0, 1), (1, 1), (3, 7), (0, 3100), (1550, 3100), (3099, 3100), (3100, 3100)])
def test_wilson_intervals_are_scipys(hits, n):
    rate = wilson(hits, n)
    assert (rate.low, rate.high) == pytest.approx(tuple(binomtest(hits, n).proportion_ci(method="wilson")), abs=1e-12)


def test_a_perfect_rate_is_not_certain():
    rate = wilson(20, 20)
    assert rate.high == rate.value == 1.0
    assert rate.low == pytest.approx(1 - 0.1611, abs=5e-5)


def test_no_rows_have_no_rate():
    assert share(np.array([], dtype=bool)) == Rate(value=None, low=None, high=None, n=0)
    assert auroc(np.array([0.1, 0.2]), np.array([True, True])) == Rate(value=None, low=None, high=None, n=2)


def test_auroc_counts_ties_half_as_scikit_learn_does():
    rng = np.random.default_rng(0)
    positive = rng.random(200) < 0.6
    scores = np.round(rng.normal(positive * 1.0), 1)
    rate = auroc(scores, positive)
    assert rate.value == pytest.approx(roc_auc_score(positive, scores))
    assert rate.low is not None and rate.value is not None and rate.high is not None
    assert rate.low < rate.value < rate.high < 1


@pytest.mark.parametrize(("scores", "value"), [([4, 3, 2, 1], 1.0), ([1, 2, 3, 4], 0.0), ([1, 1, 1, 1], 0.5)], ids=str)
def test_auroc_from_four_rows_says_how_little_it_knows(scores, value):
    rate = auroc(np.array(scores, dtype=float), np.array([True, True, False, False]))
    assert rate.value == value
    assert rate.low is not None and rate.high is not None
    assert 0 <= rate.low <= value <= rate.high <= 1
    assert rate.high - rate.low > 0.4


def test_auroc_intervals_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(7)
    strangers, known = rng.normal(0, 1, 4000), rng.normal(1.5, 1, 4000)
    everything = np.concatenate([known, strangers])
    truth = auroc(everything, np.arange(8000) < 4000).value
    assert truth is not None
    held = 0
    for _ in range(300):
        scores = np.concatenate([rng.choice(known, 80), rng.choice(strangers, 20)])
        rate = auroc(scores, np.arange(100) < 80)
        held += rate.low is not None and rate.high is not None and rate.low <= truth <= rate.high
    assert 0.90 <= held / 300 <= 0.99
