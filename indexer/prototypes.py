"""Prototypes: named points in the space of the embeddings, and which of them is nearest.

A topic is a prototype whose name a person gave; a cluster is one that the corpus gave. Nearest topic, nearest
cluster and the cluster of every stored word are the same product with one matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from indexer.vectors import Vectors, unit


@dataclass(frozen=True)
class Prototypes:
    """Named unit rows, (t, dimension), and the point that vectors are centred on, (dimension,), or None."""

    names: tuple[str, ...]
    vectors: Vectors
    centre: Vectors | None = None

    def __len__(self) -> int:
        return len(self.names)

    def named(self, names: Sequence[str]) -> Prototypes:
        """Return the same points under other names."""
        return replace(self, names=tuple(names))

    def scores(self, vectors: Vectors) -> Vectors:
        """Return the cosine of each vector with each prototype, shape (n, t), in [-1, 1].

        `vectors` are unit rows of the uncentred space, shape (n, dimension).
        """
        if not self.names or not len(vectors):
            return np.empty((len(vectors), len(self.names)), dtype=np.float32)
        if self.centre is not None:
            vectors = unit(vectors - self.centre)
        return np.asarray(np.clip(vectors @ self.vectors.T, -1, 1), dtype=np.float32)
