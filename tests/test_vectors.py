"""Rows of unit length, and which entries of a row are best."""

import numpy as np
import pytest

from indexer.vectors import best_first, second_best, top_two, unit

SCORES = np.array([[0.25, 0.75, 0.5], [0.5, 0.5, 0.25]], np.float32)


def test_rows_become_unit_length_and_a_zero_vector_stays_zero():
    assert unit([[3, 4], [0, 0]]).tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [0, 0]]
    assert unit([0.0, 2.0]).tolist() == [0, 1]
    assert unit([3, 4]).dtype == np.float32


def test_the_best_come_first_and_equal_ones_in_their_order():
    assert best_first(SCORES, 2).tolist() == [[1, 2], [0, 1]]
    assert best_first(SCORES, 9).tolist() == [[1, 2, 0], [0, 1, 2]]


@pytest.mark.parametrize("columns", [400, 4000])
def test_a_few_of_many_are_those_that_sorting_all_would_give(columns):
    scores = np.random.default_rng(0).permuted(np.tile(np.arange(columns, dtype=np.float32), (5, 1)), axis=1)
    assert (best_first(scores, 3) == np.argsort(-scores, axis=1)[:, :3]).all()


def test_the_lead_is_over_the_second_best_and_of_equal_ones_the_first_is_best():
    best, score, margin = top_two(SCORES)
    assert (best.tolist(), score.tolist(), margin.tolist()) == ([1, 0], [0.75, 0.5], [0.25, 0.0])
    assert second_best(SCORES).tolist() == [0.5, 0.5]
    assert score.dtype == margin.dtype == np.float64


def test_a_single_column_has_an_infinite_lead():
    assert top_two(SCORES[:, :1]).margin.tolist() == [np.inf, np.inf]
