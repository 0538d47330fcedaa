"""t-SNE: its forces against sums over all pairs, its pictures of few points, and starts from an earlier map."""

import numpy as np
import pytest

from indexer.contract.maps import WIDTH
from indexer.maps.layout import NEIGHBOURS, lay_out, lay_out_again
from indexer.maps.neighbours import Nearest, nearest, whole
from indexer.maps.repulsion import Repulsion, of_all_pairs
from indexer.vectors import Vectors, unit
from tests.maps.views import topics


def neighbours(vectors: Vectors) -> Nearest:
    steps = whole(vectors)
    return nearest(steps, steps, min(NEIGHBOURS, len(vectors) - 1), own=np.arange(len(vectors)))


def ignore(share: float) -> None:
    assert 0 <= share <= 1


@pytest.mark.parametrize("size", [1e-4, 1.0, 15.0])
def test_the_grid_gives_the_forces_that_all_pairs_give(size: float) -> None:
    points = np.random.default_rng(0).normal(size=(400, 2)) * size
    exact, found = of_all_pairs(points), Repulsion()(points)
    assert found.total == pytest.approx(exact.total, rel=0.01)
    assert np.linalg.norm(found.forces - exact.forces) < 0.05 * np.linalg.norm(exact.forces)


def test_groups_lie_apart_and_the_picture_fills_the_map() -> None:
    rng = np.random.default_rng(1)
    vectors = unit(np.repeat(np.eye(16)[:4], 30, axis=0) + 0.1 * rng.normal(size=(120, 16)))
    positions = lay_out(vectors, neighbours(vectors), 42, ignore)
    groups = positions.reshape(4, 30, 2)
    middles = groups.mean(axis=1)
    within = np.linalg.norm(groups - middles[:, None], axis=2).max()
    between = np.linalg.norm(middles[:, None] - middles[None], axis=2)[np.triu_indices(4, 1)].min()
    assert between > 2 * within
    assert positions.min() >= 0 and positions.max() <= WIDTH
    assert np.ptp(positions, axis=0).max() > 0.9 * WIDTH


@pytest.mark.parametrize("n", [1, 2, 3, 5, 12])
def test_few_points_lie_on_the_map_each_in_its_place(n: int) -> None:
    vectors = topics(n)
    positions = lay_out(vectors, neighbours(vectors) if n > 1 else _nobody(), 42, ignore)
    assert np.isfinite(positions).all() and positions.min() >= 0 and positions.max() <= WIDTH
    away = np.linalg.norm(positions[:, None] - positions[None], axis=2) + WIDTH * np.eye(n)
    assert away.min() > 0.01 * WIDTH


def test_seven_points_lie_in_their_three_groups() -> None:
    vectors = unit([[9, 1, 0], [8, 0, 1], [9, 2, 1], [1, 9, 0], [0, 8, 1], [1, 1, 9], [0, 1, 8]])
    positions = lay_out(vectors, neighbours(vectors), 42, ignore)
    away = np.linalg.norm(positions[:, None] - positions[None], axis=2) + 9 * WIDTH * np.eye(7)
    group = np.array([0, 0, 0, 1, 1, 2, 2])
    assert group[away.argmin(axis=1)].tolist() == group.tolist()


def test_an_earlier_map_is_neither_turned_nor_mirrored_and_hardly_changes() -> None:
    vectors = topics(200)
    near = neighbours(vectors)
    everyone = np.ones(200, dtype=bool)
    settled = lay_out_again(lay_out(vectors, near, 42, ignore), everyone, near, ignore)
    mirrored = WIDTH - settled[:, ::-1]
    again = lay_out_again(mirrored, everyone, near, ignore)
    assert np.median(np.linalg.norm(again - mirrored, axis=1)) < 0.05 * WIDTH
    assert again.min() >= 0 and again.max() <= WIDTH


def _nobody() -> Nearest:
    return Nearest(np.empty((1, 0), dtype=np.intp), np.empty((1, 0), dtype=np.float32))
