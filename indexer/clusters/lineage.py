"""The lineage of clusters from one clustering to another: which continue, are born, gone, split or merged."""

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
    """An old cluster and the new one that continues it; `shared` words are in both."""

    old: int
    new: int
    shared: int


@dataclass(frozen=True)
class Matching:
    """A `Lineage` by the positions of the clusters in place of their ids.

    `split` holds pairs of an old cluster and the new ones that came from it, `merged` of old ones and the new one that
    they went into.
    """

    continued: tuple[Pair, ...]
    born: tuple[int, ...]
    gone: tuple[int, ...]
    split: tuple[tuple[int, tuple[int, ...]], ...]
    merged: tuple[tuple[tuple[int, ...], int], ...]
    moved: int
    common: int

    def lineage(self, old: Sequence[str], new: Sequence[str]) -> Lineage:
        """Return the lineage by ids; `old` are those of the old clusters, `new` those of the new ones."""
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
    """Compare the clusters (n,) of the n words that are in both clusterings.

    Clusters are paired so that the sum of their overlaps (Jaccard: words in both over words in either) is highest
    (Kuhn 1955, the Hungarian method). A new cluster *continues* the old one that it is paired with where their overlap
    is above a half. A new cluster *came from* the old one that gave more than half of its words; an old one *went into*
    the new one that has more than half of its words. An old cluster is split where two or more new ones came from it, a
    new one merged where two or more old ones went into it.
    `old_k`, `new_k`: the numbers of clusters, needed where the last ones may have no common words.
    Raises ValueError where the arrays differ in length.
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
