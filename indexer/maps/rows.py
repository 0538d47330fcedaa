"""The rows of a map: all words that are there now in the order in which they first came, and a name for that order."""

from __future__ import annotations

import hashlib
import threading
import weakref
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from indexer.vectors import Ints
from indexer.words.corpus import Corpus
from indexer.words.rows import BLOCK, Base, View

Keys = npt.NDArray[np.uint64]
Kind = TypeVar("Kind", bound=np.generic)


@dataclass(frozen=True)
class MapRows:
    """The words of a view, one a row, (n,): `rows` are their rows in the view.

    `keys` follow from id and text alone; `order` follows from the keys: equal ones have the same words, row by row,
    whichever process says so.
    """

    view: View
    rows: Ints
    keys: Keys
    order: str

    def __len__(self) -> int:
        return len(self.rows)

    def from_view(self, values: npt.NDArray[Kind]) -> npt.NDArray[Kind]:
        """Return values, (n, ...), that are in the order of the view's rows without tombstones, in this order."""
        if np.all(self.rows[1:] > self.rows[:-1]):
            return values
        place = np.empty(len(self.view.alive), dtype=np.intp)
        place[self.view.alive] = np.arange(len(self.rows))
        return values[place[self.rows]]

    def numbers(self, ids: Sequence[str]) -> dict[str, int]:
        """Return the number of the row of each of these words that is there."""
        rows = np.array(self.view.rows_of(set(ids)), dtype=np.intp)
        number = np.empty(len(self.view.alive), dtype=np.intp)
        number[self.rows] = np.arange(len(self))
        return dict(zip(self.view.ids(rows), number[rows].tolist(), strict=True))


class KeptRows:
    """The rows of a corpus as they are now, worked out again where its words have changed."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._lock = threading.Lock()
        self._kept: tuple[object, Ints, Keys, str] | None = None
        # of the base and of the recent rows that were seen last, which may go meanwhile
        self._base: tuple[weakref.ref[Base], Keys] | None = None
        self._recent: tuple[weakref.ref[array[int]], Keys] | None = None

    def get(self) -> MapRows:
        """Return the rows; the words are loaded where they are not in memory."""
        memory = self._corpus.load()
        with self._lock:
            changes = self._corpus.changes()  # first: rows that are newer are worked out once more, no older ones kept
            view = memory.view()
            base = None if view.base is None else weakref.ref(view.base)
            asked = (changes, base, hashlib.blake2b(view.alive.tobytes(), digest_size=16).digest())
            if self._kept is None or self._kept[0] != asked:
                rows = view.in_order()
                keys = self._keys(view)[rows]
                order = hashlib.blake2b(keys.tobytes(), digest_size=12).hexdigest()
                self._kept = asked, rows, keys, order
            return MapRows(view, *self._kept[1:])

    def _keys(self, view: View) -> Keys:
        """Return the keys of all rows of a view; of those that were there last time none is worked out again."""
        if view.base is None:
            base = np.empty(0, dtype=np.uint64)
        elif self._base is not None and self._base[0]() is view.base:
            base = self._base[1]
        else:
            base = _keys_of(view, 0, view.base_rows)
            self._base = weakref.ref(view.base), base
        known = np.empty(0, dtype=np.uint64)
        if self._recent is not None and self._recent[0]() is view.recent_places:
            known = self._recent[1]
        later = _keys_of(view, view.base_rows + len(known), len(view.alive))
        recent = np.concatenate([known, later])
        self._recent = weakref.ref(view.recent_places), recent
        return np.concatenate([base, recent[: len(view.alive) - view.base_rows]])


def _keys_of(view: View, first: int, last: int) -> Keys:
    keys = np.empty(max(0, last - first), dtype=np.uint64)
    for start in range(first, last, BLOCK):
        rows = np.arange(start, min(start + BLOCK, last))
        keys[start - first : start - first + len(rows)] = _hashed(zip(view.ids(rows), view.texts(rows), strict=True))
    return keys


def _hashed(words: Iterable[tuple[str, str]]) -> Keys:
    hashes = (hashlib.blake2b(f"{len(id)} {id}{text}".encode(), digest_size=8).digest() for id, text in words)
    return np.frombuffer(b"".join(hashes), dtype="<u8").astype(np.uint64)
