"""Words with their vectors in memory: exact search that waits for no writer, and all vectors for a clustering.

A row never changes once it is there: an update marks the old row with a tombstone and adds a new one, so a search
needs no lock while it multiplies.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.batching import SharedCalls
from indexer.prototypes import Prototypes
from indexer.records import Scalar, Word
from indexer.vectors import Bools, Ints, Vectors
from indexer.words.listing import Listing
from indexer.words.rows import Base, RecentRows, View, where_key
from indexer.words.scanning import nearest

_SHARED_SCANS = 64  # in one product


@dataclass(frozen=True)
class AllWords:
    """All words at one moment, in the order of their ids; vectors (n, dimension), not to be written to."""

    ids: list[str]
    texts: list[str]
    vectors: Vectors


@dataclass(frozen=True)
class Assignment:
    """The position of the nearest prototype of each word, (n,), in the order of the ids."""

    ids: list[str]
    texts: list[str]
    nearest: npt.NDArray[np.int32]


@dataclass(frozen=True)
class _Search:
    vectors: Vectors
    k: int
    where: Mapping[str, Scalar]


@dataclass(frozen=True)
class _Found:
    """The rows of each vector of a search, best first, with their scores, and the rows that these are."""

    view: View
    rows: Sequence[tuple[Ints, Vectors]]


class MemoryIndex:
    """Words with their vectors, searched by exact cosine; safe to use from many threads.

    Most of them may be those of a base, of which no copy is made; words that change later are kept in memory.
    """

    def __init__(self, base: Base | None = None) -> None:
        self._lock = threading.Lock()
        self.changes = 0 if base is None else len(base)  # one for each word that was added, replaced or removed
        self._touched: set[str] | None = None  # ids of the words that changed since `begin_rebase`
        self._begun = 0  # places that were taken at `begin_rebase`
        self._nearest = SharedCalls(self._search, _SHARED_SCANS)
        self._recent: RecentRows
        self._stand_on(base)

    def __len__(self) -> int:
        return self._base_alive_count + len(self._recent.row_of)

    @property
    def base(self) -> Base | None:
        """Return the words that never change; None where all are in memory."""
        return self._base

    @property
    def beside_base(self) -> int:
        """Return the number of rows in memory, and of rows of the base that no longer count."""
        with self._lock:
            return len(self._recent.words) + len(self._base_alive) - self._base_alive_count

    def put(self, words: Sequence[Word], vectors: Vectors) -> None:
        """Add words, or replace those with the same id; shapes: vectors (n, dimension), unit rows."""
        with self._lock:
            self._put(words, vectors)

    def put_missing(self, words: Sequence[Word], vectors: Vectors) -> None:
        """Add the words that are not there yet: what a write has put there is newer than what was read."""
        with self._lock:
            missing = [i for i, word in enumerate(words) if not self._has(word.id)]
            self._put([words[i] for i in missing], vectors[missing])

    def remove(self, ids: Iterable[str]) -> None:
        """Forget words; an id that is not there is ignored."""
        with self._lock:
            self.changes += sum(self._bury(id) is not None for id in ids)
            self._recent = self._recent.compacted()

    def ids(self) -> set[str]:
        """Return all ids."""
        view = self._view()
        return set(view.ids(np.flatnonzero(view.alive)))

    def nearest(self, vectors: Vectors, k: int, where: Mapping[str, Scalar]) -> list[list[tuple[Word, float]]]:
        """Return the k words of highest cosine for each vector, best first, among those with that metadata.

        Exact: every word is compared. Equal scores come in the order in which the words were added. Callers that wait
        at the same time share one scan.
        """
        found = self._nearest(_Search(vectors, k, where))
        words = iter(found.view.words(np.concatenate([rows[:k] for rows, _ in found.rows])) if found.rows else ())
        return [[(next(words), score) for score in np.clip(scores[:k], -1, 1).tolist()] for _, scores in found.rows]

    def assign(self, prototypes: Prototypes) -> Assignment:
        """Return the nearest prototype of every word; copies no vectors."""
        view = self._view()
        nearest = np.zeros(len(view.alive), dtype=np.int32)
        for start, block in view.blocks():
            nearest[start : start + len(block)] = prototypes.scores(block).argmax(axis=1)
        rows = view.by_id()
        return Assignment(view.ids(rows), view.texts(rows), nearest[rows])

    def view(self) -> View:
        """Return all rows as they are now."""
        return self._view()

    def pages(self) -> Iterator[tuple[list[Word], Vectors]]:
        """Return all words as they are now, with their vectors, in the order in which they were added, in pages."""
        return self._view().pages()

    def listing(self, contains: str = "") -> Listing:
        """Return the words as they are now, whose text contains a text whatever its case, to be paged through."""
        return Listing(self._view(), contains)

    def sample(self, size: int) -> Vectors:
        """Return the vectors of at most `size` words, evenly spread over the order of their ids, (m, dimension)."""
        view = self._view()
        rows = view.by_id()
        return view.vectors(rows[:: max(1, -(-len(rows) // size))])

    def all_words(self) -> AllWords:
        """Return all words and their vectors as they are now."""
        view = self._view()
        rows = view.by_id()
        return AllWords(view.ids(rows), view.texts(rows), view.vectors(rows))

    def begin_rebase(self) -> Iterator[tuple[list[Word], Vectors]]:
        """Return the pages to make a new base of, and remember from now on which words change; `rebase` follows."""
        with self._lock:
            self._touched, self._begun = set(), self._places
            return self._view_locked().pages_in_order()

    def rebase(self, base: Base) -> None:
        """Stand on a base that was made of the pages of `begin_rebase`; what changed since stays as it is now.

        A search under way uses the old rows, whose memory is free after it.
        """
        with self._lock:
            touched, recent, later = self._touched or set(), self._recent, self._places - self._begun
            self._stand_on(base)
            places = {id: self._bury_in_base(id) for id in touched}
            for row in sorted(recent.row_of[id] for id in touched & recent.row_of.keys()):
                word, since = recent.words[row], recent.places[row] - self._begun
                place = places[word.id] if since < 0 else None
                self._recent.append(word, recent.vector(row), len(base) + since if place is None else place)
            self._places += later

    def end_rebase(self) -> None:
        """Remember no longer which words change."""
        with self._lock:
            self._touched = None

    def _search(self, searches: Sequence[_Search]) -> list[_Found]:
        """Return what each search finds, all with one scan: the k best of a larger k begin with those of a smaller."""
        wheres = {where_key(search.where): search.where for search in searches}
        with self._lock:
            view = self._view_locked()
            recent = [self._recent.having(where) for where in wheres.values()]
        masks = [_mask(view, where, its) for where, its in zip(wheres.values(), recent, strict=True)]
        place = {key: number for number, key in enumerate(wheres)}
        mask_of = np.repeat([place[where_key(search.where)] for search in searches], [len(s.vectors) for s in searches])
        queries = np.vstack([search.vectors for search in searches])
        k = max(search.k for search in searches)
        found = iter(nearest(queries, k, list(view.blocks()), masks, mask_of))
        return [_Found(view, [next(found) for _ in search.vectors]) for search in searches]

    def _view(self) -> View:
        with self._lock:
            return self._view_locked()

    def _view_locked(self) -> View:
        alive = np.concatenate([self._base_alive, self._recent.alive()])
        return View(self._base, self._recent.words, list(self._recent.blocks), self._recent.places, alive)

    def _stand_on(self, base: Base | None) -> None:
        self._base = base
        self._base_alive = np.ones(0 if base is None else len(base), dtype=np.bool_)
        self._base_alive_count = len(self._base_alive)
        self._places = len(self._base_alive)  # that are taken; a word of the base has its row there as its place
        self._recent = RecentRows()

    def _put(self, words: Sequence[Word], vectors: Vectors) -> None:
        self.changes += len(words)
        for word, vector in zip(words, vectors, strict=True):
            place = self._bury(word.id)
            if place is None:
                place, self._places = self._places, self._places + 1
            self._recent.append(word, vector, place)
        self._recent = self._recent.compacted()

    def _has(self, id: str) -> bool:
        return id in self._recent.row_of or self._base_row(id) is not None

    def _base_row(self, id: str) -> int | None:
        """Return the row of a word in the base; None where it is not there or has a tombstone."""
        row = None if self._base is None else self._base.row_of(id)
        return row if row is not None and self._base_alive[row] else None

    def _bury(self, id: str) -> int | None:
        """Put a tombstone on the row of a word, and return its place; None where it was not there."""
        if self._touched is not None:
            self._touched.add(id)
        place = self._recent.bury(id)
        return self._bury_in_base(id) if place is None else place

    def _bury_in_base(self, id: str) -> int | None:
        row = self._base_row(id)
        if row is not None:
            self._base_alive[row] = False
            self._base_alive_count -= 1
        return row


def _mask(view: View, where: Mapping[str, Scalar], recent: Bools) -> Bools:
    """Return which rows have no tombstone and this metadata, (n,)."""
    if not where:
        return view.alive
    base = np.empty(0, dtype=np.bool_) if view.base is None else view.base.having(where)
    return np.concatenate([base, recent]) & view.alive
