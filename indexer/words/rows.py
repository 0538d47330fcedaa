"""Rows of words with their vectors: those of a base, which never change, and the recent ones, in blocks of memory."""

from __future__ import annotations

from array import array
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from indexer.blocks import in_blocks
from indexer.records import Scalar, Word
from indexer.vectors import Bools, Ints, Vectors

BLOCK = 32_768  # rows a block: growing never copies what is there

Item = TypeVar("Item")
Rows = npt.NDArray[np.integer]


class Base(Protocol):
    """Words that never change, as a snapshot has them: rows in the order in which they were added."""

    @property
    def folder(self) -> Path:
        """Return where its files lie."""

    @property
    def vectors(self) -> Vectors:
        """Return the vectors, (n, dimension), unit rows."""

    @property
    def by_id(self) -> Rows:
        """Return the rows in the order of their ids, (n,)."""

    def __len__(self) -> int:
        """Return the number of words."""

    def words(self, rows: Rows) -> list[Word]:
        """Return the words of these rows, in their order."""

    def ids(self, rows: Rows) -> list[str]:
        """Return the ids of these rows, in their order."""

    def texts(self, rows: Rows) -> list[str]:
        """Return the texts of these rows, in their order."""

    def row_of(self, id: str) -> int | None:
        """Return the row of a word; None where it is not there."""

    def having(self, where: Mapping[str, Scalar]) -> Bools:
        """Tell of each row whether its word has all of this metadata, (n,); true is not 1."""

    def containing(self, folded: str) -> Bools:
        """Tell of each row whether its text contains this one, which is casefolded, (n,)."""

    def values(self, name: str) -> tuple[npt.NDArray[np.int32], list[Scalar]]:
        """Return all values under a name of metadata, and of each row the place of its own, (n,); -1: it has none."""


class RecentRows:
    """Words in memory; a row is there for good, a tombstone says that it does not count. The caller holds a lock.

    `places` gives each row its place in the order in which the words first came: a word that changes gets a new row
    and keeps its place.
    """

    def __init__(self) -> None:
        self.words: list[Word] = []
        self.blocks: list[Vectors] = []
        self.places = array("q")
        self.row_of: dict[str, int] = {}
        self._alive = bytearray()
        self._having: defaultdict[tuple[str, bool, Scalar], array[int]] = defaultdict(lambda: array("q"))

    def append(self, word: Word, vector: Vectors, place: int) -> None:
        """Add a word, which has no row yet."""
        row = len(self.words)
        if row % BLOCK == 0:
            self.blocks.append(np.zeros((BLOCK, len(vector)), dtype=np.float32))
        self.blocks[-1][row % BLOCK] = vector
        for name, value in word.metadata.items():
            self._having[_key(name, value)].append(row)
        self._alive.append(True)
        self.words.append(word)
        self.places.append(place)
        self.row_of[word.id] = row

    def bury(self, id: str) -> int | None:
        """Put a tombstone on the row of a word, and return its place; None where it was not there."""
        row = self.row_of.pop(id, None)
        if row is None:
            return None
        self._alive[row] = False
        return self.places[row]

    def vector(self, row: int) -> Vectors:
        """Return the vector of a row, (dimension,)."""
        vector: Vectors = self.blocks[row // BLOCK][row % BLOCK]
        return vector

    def alive(self) -> Bools:
        """Return which rows have no tombstone now, (n,)."""
        return np.frombuffer(self._alive, dtype=np.bool_).copy()

    def having(self, where: Mapping[str, Scalar]) -> Bools:
        """Tell of each row whether its word has all of this metadata, (n,); true is not 1."""
        found = np.ones(len(self.words), dtype=np.bool_)
        for name, value in where.items():
            mask = np.zeros(len(self.words), dtype=np.bool_)
            mask[np.array(self._having.get(_key(name, value), ()), dtype=np.intp)] = True
            found &= mask
        return found

    def compacted(self) -> RecentRows:
        """Return the rows without a tombstone in new blocks, where they are few; the old rows stay as they are."""
        if len(self.words) <= BLOCK or len(self.row_of) >= len(self.words) // 2:
            return self
        fresh = RecentRows()
        for row in sorted(self.row_of.values()):
            fresh.append(self.words[row], self.vector(row), self.places[row])
        return fresh


def where_key(where: Mapping[str, Scalar]) -> frozenset[tuple[str, bool, Scalar]]:
    """Return what is equal where two conditions mean the same; true is not 1."""
    return frozenset(_key(name, value) for name, value in where.items())


def _key(name: str, value: Scalar) -> tuple[str, bool, Scalar]:
    return name, isinstance(value, bool), value


@dataclass(frozen=True)
class View:
    """All rows at one moment, those of the base first; later tombstones do not show in `alive`, (n,)."""

    base: Base | None
    recent: Sequence[Word]
    recent_blocks: Sequence[Vectors]
    recent_places: array[int]
    alive: Bools

    @property
    def base_rows(self) -> int:
        """Return the number of rows of the base; the recent ones follow."""
        return 0 if self.base is None else len(self.base)

    def blocks(self) -> Iterator[tuple[int, Vectors]]:
        """Yield the vectors of all rows, (m, dimension), each time with the number of the first row; copies none."""
        for start in range(0, self.base_rows, BLOCK):
            if self.base is not None:
                yield start, self.base.vectors[start : start + BLOCK]
        for number, block in enumerate(self.recent_blocks):
            start = self.base_rows + number * BLOCK
            yield start, block[: len(self.alive) - start]

    def each_block(self, work: Callable[[Ints, Vectors], Item]) -> Iterator[Item]:
        """Yield what `work` returns for the rows of each block that have no tombstone, and for their vectors.

        In the order of the rows; several blocks are worked on at once, and no text is read.
        """

        for start, block in self.blocks():

            def of(part: slice, first: int = start, vectors: Vectors = block) -> Item:
                rows = first + part.start + np.flatnonzero(self.alive[first + part.start : first + part.stop])
                return work(rows, vectors[part] if len(rows) == part.stop - part.start else vectors[rows - first])

            yield from in_blocks(of, len(block))

    def pages(self) -> Iterator[tuple[list[Word], Vectors]]:
        """Yield all words with their vectors, in the order of their rows."""
        for start, block in self.blocks():
            rows = np.flatnonzero(self.alive[start : start + len(block)])
            if len(rows):
                yield self.words(start + rows), block if len(rows) == len(block) else block[rows]

    def words(self, rows: Rows) -> list[Word]:
        """Return the words of these rows, in their order."""
        return self._each(rows, None if self.base is None else self.base.words, lambda word: word)

    def ids(self, rows: Rows) -> list[str]:
        """Return the ids of these rows, in their order."""
        return self._each(rows, None if self.base is None else self.base.ids, lambda word: word.id)

    def texts(self, rows: Rows) -> list[str]:
        """Return the texts of these rows, in their order."""
        return self._each(rows, None if self.base is None else self.base.texts, lambda word: word.text)

    def values(self, name: str) -> tuple[npt.NDArray[np.int32], list[Scalar]]:
        """Return all values under a name of metadata, and of each row the place of its own, (n,); -1: it has none."""
        places, values = (np.empty(0, np.int32), []) if self.base is None else self.base.values(name)
        place = {_key(name, value): number for number, value in enumerate(values)}
        recent = np.full(len(self.alive) - self.base_rows, -1, dtype=np.int32)
        for row, word in enumerate(self.recent[: len(recent)]):
            if (value := word.metadata.get(name)) is not None:
                recent[row] = place.setdefault(_key(name, value), len(values))
                if recent[row] == len(values):
                    values.append(value)
        return np.concatenate([places, recent]), values

    def by_id(self) -> Ints:
        """Return the rows without a tombstone in the order of their ids."""
        split = self.base_rows
        ordered = np.empty(0, dtype=np.intp) if self.base is None else np.asarray(self.base.by_id, dtype=np.intp)
        if not self.alive[:split].all():
            ordered = ordered[self.alive[ordered]]
        recent = (split + np.flatnonzero(self.alive[split:])).tolist()
        if not recent:
            return ordered
        recent.sort(key=lambda row: self.recent[row - split].id)
        rows = np.concatenate([ordered, np.array(recent, dtype=np.intp)])
        ids = self.ids(rows)  # two sorted runs, which Python's sort merges in one pass
        return rows[np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.intp)]

    def rows_of(self, ids: Set[str]) -> list[int]:
        """Return the rows of those of these words that are there."""
        split = self.base_rows
        older = [] if self.base is None else [row for id in ids if (row := self.base.row_of(id)) is not None]
        recent = self.recent[: len(self.alive) - split]
        later = [row for row, word in enumerate(recent, split) if word.id in ids]
        return [row for row in older + later if self.alive[row]]

    def in_order(self) -> Ints:
        """Return the rows without a tombstone in the order in which their words first came."""
        rows, split = np.flatnonzero(self.alive), self.base_rows
        recent = rows[np.searchsorted(rows, split) :]
        places = rows.copy()
        taken = self.recent_places[: len(self.alive) - split]  # a copy: an array that numpy looks at cannot grow
        places[len(rows) - len(recent) :] = np.frombuffer(taken, dtype=np.int64)[recent - split]
        return rows[np.argsort(places, kind="stable")]

    def pages_in_order(self) -> Iterator[tuple[list[Word], Vectors]]:
        """Yield all words with their vectors, in the order in which they first came."""
        rows = self.in_order()
        for start in range(0, len(rows), BLOCK):
            some = rows[start : start + BLOCK]
            yield self.words(some), self.vectors(some)

    def vectors(self, rows: Ints) -> Vectors:
        """Return the vectors of these rows, (m, dimension), in their order; those of the base where that is the same.

        Do not write to them.
        """
        split = self.base_rows
        if self.base is not None and len(rows) == split and np.array_equal(rows, np.arange(split)):
            return self.base.vectors
        dimension = next((block.shape[1] for _, block in self.blocks()), 0)
        vectors = np.empty((len(rows), dimension), dtype=np.float32)
        if self.base is not None and split:
            source = self.base.vectors

            def gather(block: slice) -> None:  # also for recent rows, which follow
                np.take(source, rows[block], axis=0, out=vectors[block], mode="clip")

            deque(in_blocks(gather, len(rows)), maxlen=0)  # page faults and copies, on every core
        for number, block in enumerate(self.recent_blocks):
            here = (rows - split) // BLOCK == number
            vectors[here] = block[(rows[here] - split) % BLOCK]
        return vectors

    def _each(
        self, rows: Rows, of_base: Callable[[Rows], list[Item]] | None, of_recent: Callable[[Word], Item]
    ) -> list[Item]:
        split = self.base_rows
        older = rows < split
        if of_base is not None and older.all():
            return of_base(rows)
        found = iter(of_base(rows[older]) if of_base is not None else ())
        return [next(found) if row < split else of_recent(self.recent[row - split]) for row in rows.tolist()]
