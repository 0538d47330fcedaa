"""The silhouette: how well vectors fit their clusters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from indexer.blocks import BLOCK
from indexer.clusters.kmeans import NOISE, members
from indexer.vectors import Vectors


def silhouette(vectors: Vectors, labels: npt.NDArray[np.integer]) -> float:
    """Return the mean silhouette with cosine distance, in [-1, 1], of unit vectors (n, d) in clusters `labels` (n,).

    Rousseeuw, "Silhouettes", 1987: how much nearer a text is, on average, to the texts of its own cluster
    than to those of the next one. The cosine is linear, so one product with the sum of a cluster's texts gives the
    mean distance to them: all pairs count, at the cost of one round of k-means.
    """
    rows, k = labels.astype(np.int32), int(labels.max()) + 1
    sizes = np.bincount(rows, minlength=k)
    sums = np.zeros((k, vectors.shape[1]), np.float32)
    blocks = [slice(first, first + BLOCK) for first in range(0, len(vectors), BLOCK)]
    for block in blocks:
        sums += members(rows[block], k) @ vectors[block]
    total = 0.0
    for block in blocks:
        own, each = rows[block], np.arange(len(rows[block]))
        products = vectors[block] @ sums.T
        others = sizes[own] - 1
        inside = 1 - (products[each, own] - 1) / np.maximum(others, 1)
        distance = np.where(sizes > 0, 1 - products / np.maximum(sizes, 1), np.inf)
        distance[each, own] = np.inf
        outside = distance.min(axis=1)
        larger = np.maximum(inside, outside)
        # by definition 0 for a text alone in its cluster; and with k = 1 there is no next cluster
        counts = (others > 0) & np.isfinite(outside) & (larger > NOISE)
        total += float(((outside - inside)[counts] / larger[counts]).sum(dtype=np.float64))
    return total / len(vectors)
