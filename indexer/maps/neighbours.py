"""The nearest of some vectors, by cosines that do not depend on which rows are multiplied together."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from indexer.vectors import Ints, Vectors

_MANTISSA = 24  # bits: whole numbers up to 2**24 are exact in float32, and so is every sum that stays below
_GROUP = 32  # columns, of which the highest decides whether one looks at the others
_SCORES = 2**21  # entries of one product: they stay near the processor


class Nearest(NamedTuple):
    """The k nearest of each of n vectors, best first: their rows (n, k) and cosines (n, k)."""

    rows: Ints
    cosines: Vectors


def steps_of(dimension: int) -> float:
    """Return into how many steps `whole` divides the length of a unit vector."""
    return 2.0 ** (_MANTISSA // 2) - 1 - sqrt(dimension) / 2  # rounding adds at most half a step to each entry


def whole(vectors: Vectors) -> Vectors:
    """Return unit rows as whole numbers of steps, (n, d) float32.

    Products of such rows, and all their partial sums, are whole numbers below 2**24 (Cauchy and Schwarz), so that
    float32 holds them exactly: the order of the sum, which depends on the shape of a product, on the threads and on
    the processor, makes no difference. A cosine is off by about 0.0001.
    """
    return np.asarray(np.rint(vectors * np.float32(steps_of(vectors.shape[1]))), dtype=np.float32)


def rows_per_product(targets: int) -> int:
    """Return how many rows to multiply with so many targets at once."""
    return max(1, _SCORES // max(1, targets))


def nearest(rows: Vectors, targets: Vectors, k: int, own: Ints | None = None) -> Nearest:
    """Return the k nearest targets (m, d) of each row (n, d), both `whole`; of equal ones those of lower rows first.

    `own` (n,) names a target that is the row itself and does not count; k is then below m.
    """
    found = Nearest(np.empty((len(rows), k), dtype=np.intp), np.empty((len(rows), k), dtype=np.float32))
    size = rows_per_product(len(targets))
    for first in range(0, len(rows), size):
        part = slice(first, first + size)
        products = rows[part] @ targets.T
        each = np.arange(len(products))[:, None]
        if own is not None:
            products[each[:, 0], own[part]] = -np.inf
        best = _highest(products, k)
        found.rows[part] = best
        found.cosines[part] = products[each, best] / np.float32(steps_of(rows.shape[1]) ** 2)
    return found


def _highest(products: Vectors, k: int) -> Ints:
    """Return the columns of the k highest of each row, (n, k), best first.

    All of them lie in the k groups whose own highest are highest, so that a few columns are sorted instead of all.
    """
    n, m = products.shape
    each, groups = np.arange(n)[:, None], m // _GROUP
    columns = np.broadcast_to(np.arange(m), (n, m))
    if groups > 2 * k:
        grouped = groups * _GROUP
        highest = products[:, :grouped].reshape(n, _GROUP, groups).max(axis=1)
        best = np.argpartition(-highest, k - 1, axis=1)[:, :k]
        inside = (best[:, :, None] + groups * np.arange(_GROUP)).reshape(n, -1)
        columns = np.hstack([inside, columns[:, grouped:]])
    if k < columns.shape[1]:
        some = np.argpartition(-products[each, columns], k - 1, axis=1)[:, :k]
        columns = columns[each, some]
    columns = np.sort(columns, axis=1)
    order = np.argsort(-products[each, columns], axis=1, kind="stable")
    best_columns: Ints = columns[each, order]
    return best_columns
