"""All words along two axes: how similar each is to one topic, and to another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from indexer.blocks import blas_threads
from indexer.contract.maps import WIDTH
from indexer.prototypes import Prototypes
from indexer.words.rows import View


@blas_threads.one()
def along(view: View, prototypes: Prototypes, a: int, b: int) -> tuple[npt.NDArray[np.uint16], float, float]:
    """Return a position of each word that has no tombstone, (n, 2), in the order of the rows, and the axes' range.

    x is the score with the prototype `a`, y that with `b`, both from the lowest to the highest of all these scores.
    """
    blocks = list(view.each_block(lambda _, vectors: prototypes.scores(vectors)[:, [a, b]]))
    scores = np.concatenate([np.empty((0, 2), dtype=np.float32), *blocks])
    if not len(scores):
        return np.empty((0, 2), dtype=np.uint16), -1.0, 1.0
    low, high = float(scores.min()), float(scores.max())
    return np.rint((scores - low) / max(high - low, 1e-9) * WIDTH).astype(np.uint16), low, high
