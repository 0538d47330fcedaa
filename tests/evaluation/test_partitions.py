"""The V-measure: scikit-learn's values, and an interval that holds it."""

import numpy as np
import pytest
from sklearn.metrics import v_measure_score

from indexer.evaluation.partitions import v_measure

RANDOM = np.random.default_rng(5)


@pytest.mark.parametrize("clusters", [2, 7, 40])
def test_values_are_those_of_scikit_learn(clusters):
    truth = RANDOM.integers(7, size=300)
    found = np.where(RANDOM.random(300) < 0.6, truth % clusters, RANDOM.integers(clusters, size=300))
    measured = v_measure(truth, found, 42)
    assert measured.value == pytest.approx(v_measure_score(truth, found), abs=1e-9)
    rate = measured.rate()
    assert rate.low < rate.value < rate.high and rate.n == 300
    assert (v_measure(truth, found, 42).samples == measured.samples).all()


@pytest.mark.parametrize("truth", [[0, 0, 1, 1], [0, 1, 2, 3], [0, 0, 0, 0]])
def test_what_fits_is_1_whatever_the_clusters_are_called(truth):
    assert v_measure(np.array(truth), 7 - np.array(truth), 1).value == pytest.approx(1)


def test_clusters_that_know_nothing_of_the_labels_are_0():
    assert v_measure(np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1]), 1).value == pytest.approx(0, abs=1e-9)


def test_more_texts_give_a_narrower_interval():
    truth = RANDOM.integers(4, size=4000)
    found = np.where(RANDOM.random(4000) < 0.7, truth, 0)
    few, many = v_measure(truth[:200], found[:200], 1).rate(), v_measure(truth, found, 1).rate()
    assert many.high - many.low < (few.high - few.low) / 2
