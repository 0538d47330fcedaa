"""Which cluster of one run is which of another: what went on, what was born, split, merged or went."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

CONTINUES = 1 / 2  # overlap above which a cluster is the same one

Labels = npt.NDArray[np.integer]


@dataclass(frozen=True)
class Continued:
    """An old cluster and the new one that goes on from it; `shared` of their common words are in both."""

    old: int
    new: int
    shared: int


@dataclass(frozen=True)
class Split:
    """An old cluster that two or more new ones come from."""

    old: int
    new: tuple[int, ...]


@dataclass(frozen=True)
class Merged:
    """Two or more old clusters that went into one new one."""

    old: tuple[int, ...]
    new: int


@dataclass(frozen=True)
class Lineage:
    """How the clusters of two runs follow from each other, by their numbers; `dataclasses.asdict` makes JSON.

    Each old cluster is in `continued` or in `gone`, each new one in `continued` or in `born`. `split` and
    `merged` say where to and where from, of these and of the continued. `moved` of the `common` words are
    in another cluster than the one that continues their old one.
    """

    continued: tuple[Continued, ...]
    born: tuple[int, ...]
    gone: tuple[int, ...]
    split: tuple[Split, ...]
    merged: tuple[Merged, ...]
    moved: int
    common: int


def match(old_labels: Labels, new_labels: Labels, *, old_k: int | None = None, new_k: int | None = None) -> Lineage:
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
    return Lineage(
        continued=tuple(Continued(int(i), int(j), int(shared[i, j])) for i, j in np.argwhere(same)),
        born=_numbers(np.asarray(~same.any(axis=0))),
        gone=_numbers(np.asarray(~same.any(axis=1))),
        split=tuple(Split(i, _numbers(comes[i])) for i in range(rows) if comes[i].sum() > 1),
        merged=tuple(Merged(_numbers(goes[:, j]), j) for j in range(columns) if goes[:, j].sum() > 1),
        moved=int(shared[~same].sum()),
        common=len(old_labels),
    )


def _numbers(chosen: npt.NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.flatnonzero(chosen))
