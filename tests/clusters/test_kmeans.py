"""k-means, on small groups of vectors around known directions."""

import numpy as np
import numpy.typing as npt
import pytest

from indexer.clusters.kmeans import kmeans
from indexer.errors import Cancelled, InvalidRequest
from indexer.vectors import Vectors, unit
from tests.clusters.vectors import SEVEN, groups


def same_partition(one: npt.NDArray[np.integer], other: npt.NDArray[np.integer]) -> bool:
    pairs = set(zip(one.tolist(), other.tolist(), strict=True))
    return len(pairs) == len(set(one.tolist())) == len(set(other.tolist()))


def test_seven_words_fall_into_their_three_groups_whatever_the_seed() -> None:
    for seed in range(20):
        assert same_partition(kmeans(SEVEN, 3, seed=seed).labels, np.array([0, 0, 0, 1, 1, 2, 2]))


def test_every_text_is_with_its_nearest_centroid_and_the_scores_say_how_near() -> None:
    vectors, _ = groups([40, 30, 20], spread=0.5)
    found = kmeans(vectors, 5)
    products = vectors @ found.centroids.T
    assert found.labels.tolist() == products.argmax(axis=1).tolist()
    assert found.scores == pytest.approx(products.max(axis=1), abs=1e-6)
    assert found.score == pytest.approx(float(products.max(axis=1).mean()), abs=1e-6)
    assert np.linalg.norm(found.centroids, axis=1) == pytest.approx(1, abs=1e-6)
    assert found.centroids.dtype == np.dtype(np.float32)
    assert found.labels.dtype == np.dtype(np.int32)


def test_centroids_are_the_means_of_their_texts() -> None:
    vectors, truth = groups([40, 30, 20])
    found = kmeans(vectors, 3)
    means = unit([vectors[found.labels == c].mean(axis=0) for c in range(3)])
    assert same_partition(found.labels, truth)
    assert found.centroids == pytest.approx(means, abs=1e-5)


def test_the_same_call_gives_the_same_answer() -> None:
    vectors, _ = groups([400, 300, 200], spread=1.0)
    one, two = kmeans(vectors, 12, seed=7), kmeans(vectors, 12, seed=7)
    assert np.array_equal(one.centroids, two.centroids)
    assert np.array_equal(one.labels, two.labels)


def test_a_corpus_above_the_sample_finds_the_same_groups() -> None:
    vectors, truth = groups([9_000, 8_000, 7_000], spread=0.1)
    assert same_partition(kmeans(vectors, 3).labels, truth)


def test_a_start_keeps_the_numbers_of_the_clusters() -> None:
    vectors, truth = groups([50, 40, 30])
    start = np.eye(16, dtype=np.float32)[[2, 0, 1]]
    assert kmeans(vectors, 3, start=start).labels.tolist() == np.array([1, 2, 0])[truth].tolist()


def test_a_start_that_lies_elsewhere_still_fills_every_cluster() -> None:
    vectors, _ = groups([50, 40, 30])
    start = np.tile(np.eye(16, dtype=np.float32)[15], (5, 1))
    assert len(set(kmeans(vectors, 5, start=start).labels.tolist())) == 5


@pytest.mark.parametrize("k", [1, 2, 4, 5])
def test_duplicates_make_as_many_clusters_as_there_are_different_vectors(k: int) -> None:
    vectors = np.repeat(np.eye(5, dtype=np.float32), [1000, 100, 10, 1, 1], axis=0)
    assert len(set(kmeans(vectors, k).labels.tolist())) == k


@pytest.mark.parametrize("start", [None, np.eye(6, 5, dtype=np.float32)])
def test_more_clusters_than_different_vectors_are_refused_with_the_number_that_can_be(
    start: Vectors | None,
) -> None:
    vectors = np.repeat(np.eye(5, dtype=np.float32), 20, axis=0)
    with pytest.raises(InvalidRequest, match="ask for at most 5 clusters"):
        kmeans(vectors, 6, start=start)


@pytest.mark.parametrize(
    ("k", "start", "message"),
    [
        (8, None, "at most 7 clusters"),
        (0, None, "ask for 1 to"),
        (3, np.eye(2, 3, dtype=np.float32), "start from 3 prototypes"),
        (2, np.eye(2, 4, dtype=np.float32), "start from 2 prototypes"),
    ],
)
def test_what_cannot_be_is_refused(k: int, start: Vectors | None, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        kmeans(SEVEN, k, start=start)


def test_no_texts_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="add texts first"):
        kmeans(np.empty((0, 3), np.float32), 1)


def test_one_text_is_one_cluster() -> None:
    found = kmeans(SEVEN[:1], 1)
    assert found.labels.tolist() == [0]
    assert found.score == pytest.approx(1)


def test_opposite_texts_leave_no_number_undefined() -> None:
    found = kmeans(unit([[1, 0], [-1, 0]]), 1)
    assert np.isfinite(found.centroids).all()
    assert np.isfinite(found.scores).all()


def test_progress_rises_to_one() -> None:
    seen: list[float] = []
    kmeans(groups([300, 300], spread=1.0)[0], 20, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert all(0 <= done <= 1 for done in seen)


def cancel(share: float) -> None:
    raise Cancelled


def test_an_exception_in_progress_ends_the_work() -> None:
    with pytest.raises(Cancelled):
        kmeans(groups([50, 40, 30])[0], 3, progress=cancel)
