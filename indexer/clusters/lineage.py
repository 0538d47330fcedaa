"""Which cluster of one clustering is which of another: what went on, what was born, split, merged or went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy

from indexer.contract.clusterings import Continued, Lineage, Merged, Split

CONTINUES = 1 / 2  # overlap above which a cluster is the same one

Labels = npt.NDArray[np.integer]


class Pair(NamedTuple):
    """An old cluster and the new one that goes on from it; `shared` of their common words are in both."""

    old: int
    new: int
    shared: int


@dataclass(frozen=True)
class Matching:
    """How the clusters of two clusterings follow from each other, by their numbers; see `Lineage`.

    `split` holds an old cluster and the new ones that came from it, `merged` old ones and the new one they went into.
    """

    continued: tuple[Pair, ...]
    born: tuple[int, ...]
    gone: tuple[int, ...]
    split: tuple[tuple[int, tuple[int, ...]], ...]
    merged: tuple[tuple[tuple[int, ...], int], ...]
    moved: int
    common: int

    def lineage(self, old: Sequence[str], new: Sequence[str]) -> Lineage:
        """Return it by the ids of the clusters."""
        return Lineage(
            continued=[Continued(old=old[pair.old], new=new[pair.new], shared=pair.shared) for pair in self.continued],
            born=[new[i] for i in self.born],
            gone=[old[i] for i in self.gone],
            split=[Split(old=old[i], new=[new[j] for j in parts]) for i, parts in self.split],
            merged=[Merged(old=[old[i] for i in parts], new=new[j]) for parts, j in self.merged],
            moved=self.moved,
            common=self.common,
        )


def match(old_labels: Labels, new_labels: Labels, *, old_k: int | None = None, new_k: int | None = None) -> Matching:
    """Compare the clusters (n,) of the n words that are in both runs.

    Clusters are paired by the assignment that makes the sum of their overlaps (Jaccard: shared words over words in
    either) highest (Kuhn 1955, the Hungarian method); a new cluster continues the old one it is paired with where the
    overlap is above a half: most words of the two are words of both. A new cluster
    *came from* the old one that gave more than half of its words, and an old one *went into* the new one that has
    more than half of its: an old cluster is split where two or more new ones came from it, and a new one merged where
    two or more old ones went into it.
    `old_k`, `new_k`: the numbers of clusters, where the last may have no common words.
    Raises ValueError if the arrays differ in length.
    """
    if len(old_labels) != len(new_labels):
        raise ValueError(f"{len(old_labels)} old labels, but {len(new_labels)} new; give both of each word")
    rows = old_k if old_k is not None else int(old_labels.max(initial=-1)) + 1
    columns = new_k if new_k is not None else int(new_labels.max(initial=-1)) + 1
    shared = np.zeros((rows, columns), np.int64)
    np.add.at(shared, (old_labels, new_labels), 1)
    old_sizes, new_sizes = shared.sum(axis=1, keepdims=True), shared.sum(axis=0, keepdims=True)
    overlap = shared / np.maximum(old_sizes + new_sizes - shared, 1)
    pairs = zip(*scipy.optimize.linear_sum_assignment(-overlap), strict=True)
    same: npt.NDArray[np.bool_] = np.zeros(shared.shape, dtype=np.bool_)
    for i, j in pairs:
        same[i, j] = overlap[i, j] > CONTINUES
    goes, comes = 2 * shared > old_sizes, 2 * shared > new_sizes
    return Matching(
        continued=tuple(Pair(int(i), int(j), int(shared[i, j])) for i, j in np.argwhere(same)),
        born=_numbers(np.asarray(~same.any(axis=0))),
        gone=_numbers(np.asarray(~same.any(axis=1))),
        split=tuple((i, _numbers(comes[i])) for i in range(rows) if comes[i].sum() > 1),
        merged=tuple((_numbers(goes[:, j]), j) for j in range(columns) if goes[:, j].sum() > 1),
        moved=int(shared[~same].sum()),
        common=len(old_labels),
    )


def _numbers(chosen: npt.NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.flatnonzero(chosen))
