"""Arrays of vectors: unit rows, which entries of a row are best, and by how much."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

_SORTED = 512  # up to so many columns, to sort all takes less time than to find the k highest first


class TopTwo(NamedTuple):
    """The best entry of each of n rows, (n,): its position, its value, and its lead over the second best."""

    best: Ints
    score: Floats
    margin: Floats


def unit(vectors: npt.ArrayLike) -> Vectors:
    """Return the rows (or the one vector) as float32 of unit length; a zero vector stays zero."""
    rows = np.asarray(vectors, dtype=np.float32)
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.where(length == 0, 1, length), dtype=np.float32)


def best_first(scores: Vectors, k: int) -> Ints:
    """Return the positions of the k highest of each row of `scores`, (n, t), as (n, k); equal ones in order."""
    if k < scores.shape[1] // 4 and scores.shape[1] > _SORTED:  # else sorting would cost more than the product
        rows = np.arange(len(scores))[:, None]
        few = np.sort(np.argpartition(-scores, k, axis=1)[:, : k + 1], axis=1)
        return few[rows, np.argsort(-scores[rows, few], axis=1, kind="stable")[:, :k]]
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]


def second_best(scores: Vectors) -> Floats:
    """Return the second highest value of each row of `scores`, (n, t) with t of 2 or more, as (n,)."""
    return np.partition(scores, -2, axis=1)[:, -2].astype(np.float64)


def top_two(scores: Vectors) -> TopTwo:
    """Return the best entry of each row of `scores`, (n, t); of equal ones the first, with one column an infinite lead.

    In float64, so that a threshold that comes back from JSON decides as it did before.
    """
    best = scores.argmax(axis=1)
    score = scores[np.arange(len(scores)), best].astype(np.float64)
    if scores.shape[1] == 1:
        return TopTwo(best, score, np.full(len(scores), np.inf))
    return TopTwo(best, score, score - second_best(scores))
