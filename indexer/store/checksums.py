"""The mark of a vector: one number, kept in the row's metadata, that tells it from the vector of another row.

Two processes on one embedded store do not only lose vectors: rows come back with the vector of another row, of unit
length and found by its own search. Only what was noted when it was written tells.
"""

import numpy as np

from indexer.vectors import Vectors

MARK = "topicdex:mark"
_TOLERANCE = 1e-4  # far over the rounding of float32; two vectors that differ agree this well one time in 10,000


def marks(vectors: Vectors) -> list[float]:
    """Return the mark of each vector, (n, dimension): its component along one fixed, scattered direction."""
    direction = np.cos(np.arange(1, vectors.shape[1] + 1, dtype=np.float64) ** 2)
    return [float(mark) for mark in vectors.astype(np.float64) @ direction]


def fits(vector: Vectors, mark: object) -> bool:
    """Tell whether a vector, (dimension,), can be the one that was marked; a row without a mark says nothing."""
    if not np.isfinite(vector).all():
        return False
    return not isinstance(mark, float | int) or abs(marks(vector[None])[0] - mark) <= _TOLERANCE
