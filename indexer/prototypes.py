"""Prototypes: named points in the space of the embeddings, and which of them is nearest.

A topic is a prototype whose name a person gave; a cluster is one that the corpus gave. Nearest topic, nearest
cluster and the cluster of every stored word are the same product with one matrix.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.embedders import Vectors, unit


@dataclass(frozen=True)
class Prototypes:
    """Named unit rows, shape (t, dimension), in the space that is centred on `centre`, shape (dimension,)."""

    names: tuple[str, ...]
    vectors: Vectors
    centre: Vectors | None = None

    def scores(self, vectors: Vectors) -> Vectors:
        """Return the cosine of each vector with each prototype, shape (n, t), in [-1, 1].

        `vectors` are unit rows of the uncentred space, shape (n, dimension).
        """
        if not self.names:
            return np.empty((len(vectors), 0), dtype=np.float32)
        if self.centre is not None and self.centre.any():
            vectors = unit(vectors - self.centre)
        return np.asarray(np.clip(vectors @ self.vectors.T, -1, 1), dtype=np.float32)


def best_first(scores: Vectors, k: int) -> npt.NDArray[np.intp]:
    """Return the positions of the k best prototypes of each row of `scores`, (n, t), as (n, k); equal ones in order."""
    if k < scores.shape[1] // 4:  # sorting all of many to show a few would cost more than the product
        few = np.sort(np.argpartition(-scores, k, axis=1)[:, : k + 1], axis=1)
        order = np.argsort(-np.take_along_axis(scores, few, axis=1), axis=1, kind="stable")[:, :k]
        return np.take_along_axis(few, order, axis=1)
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]
