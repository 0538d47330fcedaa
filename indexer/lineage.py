"""Which cluster of one run is which of another: what went on, what was born, split, merged or went."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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

    An old cluster *went into* the new one that has more than half of its common words, and a new cluster
    *came from* the old one that gave more than half of its. A new cluster continues an old one where both
    hold. Majorities are unique, so no two clusters compete for one identity, no assignment has to be solved,
    and what is not alike is not paired for want of better. An old cluster is split where two or more new
    ones came from it, and a new one merged where two or more old ones went into it.
    `old_k`, `new_k`: the numbers of clusters, where the last may have no common words.
    Raises ValueError if the arrays differ in length.
    """
    if len(old_labels) != len(new_labels):
        raise ValueError(f"{len(old_labels)} old labels, but {len(new_labels)} new; give both of each word")
    rows = old_k if old_k is not None else int(old_labels.max(initial=-1)) + 1
    columns = new_k if new_k is not None else int(new_labels.max(initial=-1)) + 1
    shared = np.zeros((rows, columns), np.int64)
    np.add.at(shared, (old_labels, new_labels), 1)
    goes = 2 * shared > shared.sum(axis=1, keepdims=True)
    comes = 2 * shared > shared.sum(axis=0, keepdims=True)
    same = goes & comes
    return Lineage(
        continued=tuple(Continued(int(i), int(j), int(shared[i, j])) for i, j in np.argwhere(same)),
        born=_numbers(~same.any(axis=0)),
        gone=_numbers(~same.any(axis=1)),
        split=tuple(Split(i, _numbers(comes[i])) for i in range(rows) if comes[i].sum() > 1),
        merged=tuple(Merged(_numbers(goes[:, j]), j) for j in range(columns) if goes[:, j].sum() > 1),
        moved=int(shared[~same].sum()),
        common=len(old_labels),
    )


def _numbers(chosen: npt.NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.flatnonzero(chosen))
