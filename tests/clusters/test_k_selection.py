"""The choice of k, on small groups of vectors around known directions."""

import numpy as np
import pytest

from indexer.clusters.k_selection import _middle, choose_k
from indexer.errors import Cancelled, InvalidRequest
from indexer.vectors import Vectors, unit
from tests.clusters.vectors import SEVEN, groups


@pytest.mark.parametrize("k", [2, 3, 5, 9])
def test_well_separated_groups_are_counted(k: int) -> None:
    choice = choose_k(groups([40] * k, spread=0.1)[0])
    assert choice.k == k
    assert choice.clear


def test_seven_words_have_three_groups() -> None:
    assert choose_k(SEVEN).k == 3


def test_a_shapeless_cloud_has_no_clear_number() -> None:
    vectors = unit(np.random.default_rng(1).normal(size=(300, 16)))
    assert not choose_k(vectors).clear


def test_a_curve_that_still_rises_at_its_end_has_no_clear_peak() -> None:
    choice = choose_k(groups([20] * 14, spread=0.1)[0], k_max=8)
    assert max(choice.curve, key=lambda point: point[1])[0] == 8
    assert not choice.clear


def test_the_curve_holds_every_k_that_was_tried_within_the_limits() -> None:
    choice = choose_k(groups([40] * 5, spread=0.1)[0], k_min=4, k_max=8)
    tried = [k for k, _ in choice.curve]
    assert tried == sorted(set(tried))
    assert (tried[0], tried[-1]) == (4, 8)
    assert (choice.k, choice.criterion) == (5, "cosine silhouette")


def test_the_choice_is_the_same_every_time() -> None:
    vectors, _ = groups([60] * 6, spread=0.5)
    assert choose_k(vectors, k_max=15) == choose_k(vectors, k_max=15)


@pytest.mark.parametrize(
    ("vectors", "k"),
    [(SEVEN[:1], 1), (np.repeat(SEVEN[:1], 50, axis=0), 1), (np.repeat(SEVEN[[0, 3]], 50, axis=0), 2)],
)
def test_there_are_never_more_clusters_than_different_texts(vectors: Vectors, k: int) -> None:
    choice = choose_k(vectors)
    assert choice.k == k
    assert np.isfinite([value for _, value in choice.curve]).all()


def test_on_a_plateau_the_middle_is_chosen_and_not_a_chance_peak() -> None:
    grid = [2, 4, 8, 16, 32, 64, 128, 256]
    assert _middle(grid, np.array([0.1, 0.1, 0.1, 0.2, 0.4, 0.4, 0.4, 0.2])) == 64
    assert _middle(grid, np.array([0.9, 0.1, 0.1, 0.2, 0.4, 0.4, 0.4, 0.2])) == 64


def test_no_texts_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="add texts first"):
        choose_k(np.empty((0, 3), np.float32))


@pytest.mark.parametrize(("k_min", "k_max"), [(5, 4), (0, 4), (2, 1)])
def test_limits_that_leave_no_k_are_refused(k_min: int, k_max: int) -> None:
    with pytest.raises(InvalidRequest, match="k_min <= k_max"):
        choose_k(SEVEN, k_min=k_min, k_max=k_max)


def cancel(share: float) -> None:
    raise Cancelled


def test_an_exception_in_progress_ends_the_work() -> None:
    with pytest.raises(Cancelled):
        choose_k(groups([50, 40, 30])[0], progress=cancel)
