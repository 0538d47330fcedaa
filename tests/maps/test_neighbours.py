"""Nearest vectors, by products that are exact."""

import numpy as np
import pytest

from indexer.maps.neighbours import nearest, steps_of, whole
from indexer.vectors import unit
from tests.maps.views import topics


@pytest.mark.parametrize("dimension", [2, 3, 48, 384, 3072])
def test_products_of_whole_steps_are_exact_in_float32(dimension: int) -> None:
    rng = np.random.default_rng(dimension)
    rows = whole(unit(np.vstack([rng.normal(size=(50, dimension)), np.eye(2, dimension), np.ones((1, dimension))])))
    exact = rows.astype(np.int64) @ rows.astype(np.int64).T
    assert (rows @ rows.T).astype(np.int64).tolist() == exact.tolist()
    assert exact.max() < 2**24


def test_cosines_are_near_the_true_ones() -> None:
    vectors = topics(300, dimension=384)
    exact = vectors.astype(float) @ vectors.astype(float).T
    steps = whole(vectors)
    assert np.abs(steps @ steps.T / steps_of(384) ** 2 - exact).max() < 5e-4


@pytest.mark.parametrize(("targets", "k"), [(40, 40), (300, 7), (3_000, 17), (3_001, 90)])
def test_the_nearest_are_those_that_sorting_all_finds(targets: int, k: int) -> None:
    rows, others = whole(topics(60)), whole(topics(targets, seed=1))
    products = rows @ others.T
    found = nearest(rows, others, k)
    order = np.sort(products, axis=1)[:, ::-1][:, :k]
    assert np.array_equal(np.take_along_axis(products, found.rows, axis=1), order)
    assert all(len(set(row)) == k for row in found.rows.tolist())


def test_a_row_is_not_its_own_neighbour() -> None:
    rows = whole(np.vstack([topics(50), topics(50)]))  # each is there twice
    found = nearest(rows, rows, 1, own=np.arange(100))
    assert found.rows[:, 0].tolist() == [*range(50, 100), *range(50)]


def test_of_equal_ones_the_first_come_first() -> None:
    assert nearest(whole(np.eye(3, dtype=np.float32)), whole(np.eye(3, dtype=np.float32)), 3).rows.tolist() == [
        [0, 1, 2],
        [1, 0, 2],
        [2, 0, 1],
    ]
