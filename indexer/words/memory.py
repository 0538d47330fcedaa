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

from indexer.prototypes import Prototypes
from indexer.records import Scalar, Word, has_metadata
from indexer.vectors import Vectors

_BLOCK = 32_768  # rows a block: growing never copies what is there


@dataclass(frozen=True)
class Snapshot:
    """All words at one moment, in the order of their ids; vectors (n, dimension)."""

    ids: list[str]
    texts: list[str]
    vectors: Vectors


@dataclass(frozen=True)
class Assignment:
    """The position of the nearest prototype of each word, (n,), in the order of the ids."""

    ids: list[str]
    texts: list[str]
    nearest: npt.NDArray[np.int32]


class MemoryIndex:
    """Words with their vectors, searched by exact cosine; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.changes = 0  # one for each word that was added, replaced or removed
        self._clear()

    def __len__(self) -> int:
        return len(self._row_of)

    def put(self, words: Sequence[Word], vectors: Vectors) -> None:
        """Add words, or replace those with the same id; shapes: vectors (n, dimension), unit rows."""
        with self._lock:
            self.changes += len(words)
            for word, vector in zip(words, vectors, strict=True):
                self._tombstone([word.id])
                self._append(word, vector)
            self._compact()

    def put_missing(self, words: Sequence[Word], vectors: Vectors) -> None:
        """Add the words that are not there yet: what a write has put there is newer than what was read."""
        missing = [i for i, word in enumerate(words) if word.id not in self._row_of]
        self.put([words[i] for i in missing], vectors[missing])

    def remove(self, ids: Iterable[str]) -> None:
        """Forget words; an id that is not there is ignored."""
        with self._lock:
            self.changes += self._tombstone(ids)
            self._compact()

    def ids(self) -> set[str]:
        """Return all ids."""
        with self._lock:
            return set(self._row_of)

    def nearest(self, vectors: Vectors, k: int, where: Mapping[str, Scalar]) -> list[list[tuple[Word, float]]]:
        """Return the k words of highest cosine for each vector, best first, among those with that metadata.

        Exact: every word is compared. Equal scores come in the order in which the words were added.
        """
        with self._lock:
            words, total, blocks = self._words, len(self._words), self._living()
        best: list[list[tuple[float, int]]] = [[] for _ in vectors]  # score with its sign changed, and row
        for start, (block, alive) in zip(range(0, total, _BLOCK), blocks, strict=True):
            used = min(_BLOCK, total - start)
            mask = alive[:used]
            if where:
                here = words[start : start + used]
                mask = mask & np.fromiter((has_metadata(word, where) for word in here), bool, used)
            if not mask.any():
                continue
            scores = vectors @ block[:used].T
            scores[:, ~mask] = -np.inf
            for i, row in enumerate(scores):
                top = _top(row, k)
                best[i] = sorted([*best[i], *zip((-row[top]).tolist(), (start + top).tolist(), strict=True)])[:k]
        return [[(words[row], float(np.clip(-score, -1, 1))) for score, row in found] for found in best]

    def assign(self, prototypes: Prototypes) -> Assignment:
        """Return the nearest prototype of every word; copies no vectors."""
        rows, words, blocks = self._by_id()
        nearest = np.zeros(len(blocks) * _BLOCK, dtype=np.int32)
        for number, block in enumerate(blocks):
            nearest[number * _BLOCK : (number + 1) * _BLOCK] = prototypes.scores(block).argmax(axis=1)
        return Assignment([words[r].id for r in rows], [words[r].text for r in rows], nearest[rows])

    def pages(self) -> Iterator[tuple[list[Word], Vectors]]:
        """Yield all words with their vectors, in the order in which they were added."""
        with self._lock:
            words, blocks = self._words[:], self._living()
        for start, (block, alive) in zip(range(0, len(words), _BLOCK), blocks, strict=True):
            here = words[start : start + _BLOCK]
            rows = np.flatnonzero(alive[: len(here)])
            yield [here[row] for row in rows], block[rows]

    def sample(self, size: int) -> Vectors:
        """Return the vectors of at most `size` words, evenly spread over the order of their ids, (m, dimension)."""
        rows, _, blocks = self._by_id()
        return _gathered(blocks, rows[:: max(1, -(-len(rows) // size))])

    def snapshot(self) -> Snapshot:
        """Return all words and their vectors as they are now."""
        rows, words, blocks = self._by_id()
        return Snapshot([words[r].id for r in rows], [words[r].text for r in rows], _gathered(blocks, rows))

    def _by_id(self) -> tuple[npt.NDArray[np.int64], list[Word], list[Vectors]]:
        """Return the rows of all words in the order of their ids, and the words and blocks that these are rows of."""
        with self._lock:
            rows = np.array([self._row_of[id] for id in sorted(self._row_of)], dtype=np.int64)
            return rows, self._words, list(self._blocks)

    def _living(self) -> list[tuple[Vectors, npt.NDArray[np.bool_]]]:
        """Return the blocks and which of their rows have no tombstone now; later tombstones do not show in it."""
        return [(block, alive.copy()) for block, alive in zip(self._blocks, self._alive, strict=True)]

    def _clear(self) -> None:
        self._words: list[Word] = []
        self._row_of: dict[str, int] = {}
        self._blocks: list[Vectors] = []
        self._alive: list[npt.NDArray[np.bool_]] = []

    def _tombstone(self, ids: Iterable[str]) -> int:
        """Put a tombstone on the row of each word, and return how many were there."""
        rows = [row for row in (self._row_of.pop(id, None) for id in ids) if row is not None]
        for row in rows:
            self._alive[row // _BLOCK][row % _BLOCK] = False
        return len(rows)

    def _compact(self) -> None:
        """Copy what has no tombstone into new blocks where that is little; a search under way uses the old ones."""
        if len(self._words) <= _BLOCK or len(self._row_of) >= len(self._words) // 2:
            return
        rows, words, blocks = sorted(self._row_of.values()), self._words, self._blocks
        self._clear()
        for row in rows:
            self._append(words[row], blocks[row // _BLOCK][row % _BLOCK])

    def _append(self, word: Word, vector: Vectors) -> None:
        row = len(self._words)
        if row % _BLOCK == 0:
            self._blocks.append(np.zeros((_BLOCK, len(vector)), dtype=np.float32))
            self._alive.append(np.zeros(_BLOCK, dtype=bool))
        self._blocks[-1][row % _BLOCK] = vector
        self._alive[-1][row % _BLOCK] = True
        self._words.append(word)
        self._row_of[word.id] = row


def _gathered(blocks: Sequence[Vectors], rows: npt.NDArray[np.int64]) -> Vectors:
    """Return the vectors of these rows, (m, dimension), in their order."""
    vectors = np.empty((len(rows), blocks[0].shape[1] if blocks else 0), dtype=np.float32)
    for number, block in enumerate(blocks):
        here = rows // _BLOCK == number
        vectors[here] = block[rows[here] % _BLOCK]
    return vectors


def _top(scores: Vectors, k: int) -> npt.NDArray[np.int64]:
    """Return the positions of the k highest finite scores, the first of equal ones."""
    least = np.partition(scores, -k)[-k] if k < len(scores) else -np.inf
    candidates = np.flatnonzero(scores >= least)
    candidates = candidates[np.isfinite(scores[candidates])]
    return candidates[np.argsort(-scores[candidates], kind="stable")[:k]]
