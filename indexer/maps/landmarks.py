"""Which words are a map's landmarks."""

from __future__ import annotations

import numpy as np

from indexer.blocks import BLOCK, in_blocks
from indexer.clusters.kmeans import spread
from indexer.maps.neighbours import nearest, whole
from indexer.progress import Progress
from indexer.vectors import Ints, Vectors
from indexer.words.rows import View

_REMOTE = 0.04  # share of the landmarks that is drawn from the words far from all others
_RENEWED = 0.02  # share of the landmarks that a map takes from there although it could keep those of an earlier one
_CANDIDATES, _MOST_CANDIDATES = 10, 10_000  # words for each of these, and for all
_SEARCHED = 100_000  # words that are looked through for these, at most


def draw_landmarks(view: View, count: int, start: Vectors | None, seed: int, progress: Progress) -> Vectors:
    """Return the vectors of `count` different words, (m, d), of all different ones where there are no more.

    Most are drawn at random, so that dense regions have many. The rest is drawn by k-means++ from the words that
    are farthest from all of these: a group of few words that is like nothing else then has one, and single strange
    words do not take all. Of an earlier map, whose landmarks are `start`, those that are still there are kept, but for
    a few, so that words that have come since and are like nothing else have landmarks.
    The draw depends on the words and the seed, not on the order in which the words came.
    """
    rng = np.random.default_rng(seed)
    rows = rng.permutation(view.by_id())
    chosen: dict[bytes, Vectors] = {}
    if start is not None:
        _take(chosen, rng.permutation(_still_there(view, start)), count - int(_RENEWED * count))
    most = count if len(rows) <= count else count - int(_REMOTE * count)
    for first in range(0, len(rows), BLOCK):
        if len(chosen) >= most:
            break
        _take(chosen, view.vectors(rows[first : first + BLOCK]), most)
    progress(0.1)
    if most <= len(chosen) < count and most < count:
        wanted = count - len(chosen)
        far = _farthest(view, rows[:_SEARCHED], np.array(list(chosen.values())), lambda s: progress(0.1 + 0.6 * s))
        remote = view.vectors(far[: min(_CANDIDATES * wanted, _MOST_CANDIDATES)])
        drawn = spread(remote, wanted, rng, lambda _: progress(0.7))
        _take(chosen, remote[drawn], count)
    progress(1.0)
    return np.array(list(chosen.values()), dtype=np.float32)


def same_rows(vectors: Vectors, others: Vectors) -> Ints:
    """Return for each vector which of the others equals it, (n,), bit by bit; -1 where none does."""
    return _found(vectors, _rows_by_bytes(others))


def _rows_by_bytes(vectors: Vectors) -> dict[bytes, int]:
    return {vector.tobytes(): row for row, vector in enumerate(vectors)}


def _found(vectors: Vectors, rows: dict[bytes, int]) -> Ints:
    return np.array([rows.get(vector.tobytes(), -1) for vector in vectors], dtype=np.intp)


def _take(chosen: dict[bytes, Vectors], vectors: Vectors, most: int) -> None:
    """Add vectors that differ from those chosen, until there are so many."""
    for vector in vectors:
        if len(chosen) >= most:
            return
        chosen.setdefault(vector.tobytes(), vector)


def _still_there(view: View, start: Vectors) -> Vectors:
    """Return the vectors of `start` (m, d) that a word of the view has."""
    known, first = _rows_by_bytes(start), np.unique(start[:, 0])  # a quick look leaves few to compare whole

    def matches(_: Ints, vectors: Vectors) -> Ints:
        return _found(vectors[np.isin(vectors[:, 0], first)], known)

    found = np.unique(np.concatenate(list(view.each_block(matches))))
    return np.asarray(start[found[found >= 0]])


def _farthest(view: View, rows: Ints, landmarks: Vectors, progress: Progress) -> Ints:
    """Return these rows, first those that are farthest from all landmarks."""
    steps = whole(landmarks)

    def closest(block: slice) -> Vectors:
        return np.asarray(nearest(whole(view.vectors(rows[block])), steps, 1).cosines[:, 0])

    cosines = []
    for number, found in enumerate(in_blocks(closest, len(rows)), 1):
        cosines.append(found)
        progress(min(1.0, number * BLOCK / len(rows)))
    return np.asarray(rows[np.argsort(np.concatenate(cosines), kind="stable")])
