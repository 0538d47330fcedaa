"""Checksums of vectors: what a row's metadata says of its vector, so that the vector of another row is told apart.

Two processes on one embedded store do not only lose vectors. Rows also come back with the vector of another row, of
unit length and found by its own search; only what was noted when the row was written shows that.
"""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np
import numpy.typing as npt

from indexer.vectors import Vectors

CHECKSUM = "topicdex:mark"  # a text; 0.1.0 wrote a number, one projection
_PROJECTIONS = 4
# Chroma 1.5.9 normalises what it stores: of 5,000 unit vectors of dimension 8, and of 384, the projections came back
# at most 6.2e-8 and 1.1e-8 off, those of 0.1.0 (its direction is longer than 1) 1.1e-7 and 1.2e-7. Ten times that.
# Within it, two random vectors of dimension 384 agree 1 time in 10^20, two of cosine .9999 1 time in 10^12, and by the
# number of 0.1.0 1 time in 10^6.
_TOLERANCE = 6e-7
_TOLERANCE_OF_NUMBERS = 1.2e-6


def checksums(vectors: Vectors) -> list[str]:
    """Return the checksum of each vector, (n, dimension): its components along four fixed directions, in hex."""
    projections = vectors.astype(np.float64) @ _directions(vectors.shape[1])
    return [row.tobytes().hex() for row in projections.astype("<f4")]


def agrees(vector: Vectors, checksum: object) -> bool:
    """Tell whether a vector, (dimension,), can be the one that has this checksum; a row without one says nothing."""
    if not np.isfinite(vector).all():
        return False
    exact = vector.astype(np.float64)
    if isinstance(checksum, str):
        try:
            noted = np.frombuffer(bytes.fromhex(checksum), dtype="<f4")
        except ValueError:
            return False
        return len(noted) == _PROJECTIONS and bool(np.abs(exact @ _directions(len(vector)) - noted).max() <= _TOLERANCE)
    if isinstance(checksum, float | int):
        number = exact @ np.cos(np.arange(1, len(vector) + 1, dtype=np.float64) ** 2)
        return bool(abs(number - checksum) <= _TOLERANCE_OF_NUMBERS)
    return True


def proves(checksum: object) -> bool:
    """Tell whether agreement with this checksum proves a vector: the number of 0.1.0, or none at all, does not."""
    return isinstance(checksum, str)


@cache
def _directions(dimension: int) -> npt.NDArray[np.float64]:
    """Return unit directions, (dimension, 4), the same on every machine: the bytes of a hash, none of them zero."""
    stream = hashlib.shake_128(b"topicdex").digest(_PROJECTIONS * dimension)
    rows = np.frombuffer(stream, dtype=np.int8).reshape(_PROJECTIONS, dimension) + 0.5
    return np.asarray((rows / np.linalg.norm(rows, axis=1, keepdims=True)).T)
