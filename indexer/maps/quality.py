"""What a map keeps of the full space: true neighbours, and how far false ones come from."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from indexer.blocks import BLOCK, in_blocks
from indexer.contract.maps import MapQuality
from indexer.maps.neighbours import rows_per_product
from indexer.maps.placing import Positions
from indexer.progress import Progress
from indexer.vectors import Ints, Vectors

SAMPLE = 20_000  # words, at most
_NEIGHBOURS = 15


def quality(vectors: Vectors, positions: Positions, progress: Progress) -> MapQuality:
    """Return what positions (n, 2) keep of unit vectors (n, d), all of which are each other's neighbours.

    Both figures come from the ranks in the full space of a word's 15 nearest on the map: the share of ranks up to 15,
    and by how much the others are above that (Venna and Kaski, "Neighborhood preservation in nonlinear projection
    methods", 2001; the same as scikit-learn's `trustworthiness`). Null for fewer than 32 words.
    """
    n, k = len(vectors), _NEIGHBOURS
    if n < 2 * k + 2:
        return MapQuality(neighbours_kept=None, trustworthiness=None, sample=n)
    near = _on_the_map(positions)
    size = rows_per_product(n)

    def ranks_of(block: slice) -> tuple[int, int]:
        ranks = [_ranks(vectors, near, np.arange(n)[block][i : i + size]) for i in range(0, BLOCK, size)]
        beyond = np.concatenate(ranks) - k
        return int((beyond <= 0).sum()), int(beyond[beyond > 0].sum())

    kept = penalty = 0
    for number, (inside, above) in enumerate(in_blocks(ranks_of, n), 1):
        kept, penalty = kept + inside, penalty + above
        progress(min(1.0, number * BLOCK / n))
    trust = 1 - 2 * penalty / (n * k * (2 * n - 3 * k - 1))
    return MapQuality(neighbours_kept=kept / (n * k), trustworthiness=trust, sample=n)


def _on_the_map(positions: Positions) -> Ints:
    """Return the 15 nearest of each position, (n, 15), without itself."""
    _, near = cKDTree(positions).query(positions, _NEIGHBOURS + 1)
    itself = near == np.arange(len(near))[:, None]
    itself[~itself.any(axis=1), -1] = True  # among more than 15 others in the same place it need not come first
    others: Ints = near[~itself].reshape(len(near), _NEIGHBOURS)
    return others


def _ranks(vectors: Vectors, near: Ints, rows: Ints) -> Ints:
    """Return which rank (1: the nearest) each neighbour on the map of these rows has in the full space, (m, 15)."""
    scores = vectors[rows] @ vectors.T
    scores[np.arange(len(rows)), rows] = -np.inf
    theirs = np.take_along_axis(scores, near[rows], axis=1)
    # line by line the scores stay in the processor's cache; sorting them takes seven times as long
    higher = [[np.count_nonzero(line > score) for score in some] for line, some in zip(scores, theirs, strict=True)]
    return np.array(higher, dtype=np.intp).reshape(-1, near.shape[1]) + 1
