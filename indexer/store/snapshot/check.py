"""The comparison of a snapshot with the store that it is of."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import numpy as np

from indexer.records import Scalar, Word
from indexer.store.checksums import agrees
from indexer.store.snapshot.mapped import Snapshot
from indexer.store.words import InspectedWord, WordTable

_SAMPLE = 100  # words that are compared at each start
_SAME = 1e-6  # the most by which a component of a vector may differ: Chroma normalises what it stores once more


def sample_agrees(snapshot: Snapshot, table: WordTable, changed: Collection[str]) -> bool:
    """Tell whether words spread over the snapshot stand there as in the store; those in `changed` are left out.

    Texts and metadata are compared, and the vector of the snapshot with the checksum of the store.
    """
    rows = np.unique(np.linspace(0, len(snapshot) - 1, min(_SAMPLE, len(snapshot))).astype(int))
    sample = [(row, word) for row, word in zip(rows, snapshot.words(rows), strict=True) if word.id not in changed]
    stored = table.with_checksums([word.id for _, word in sample])
    for row, word in sample:
        there, checksum = stored.get(word.id, (None, None))
        if there is None or not _same(word, there) or not agrees(snapshot.vectors[row], checksum):
            return False
    return True


def differing(snapshot: Snapshot, words: Sequence[InspectedWord]) -> list[str]:
    """Return the ids of those words of the store that stand in the snapshot in another way, or not at all."""
    return [word.word.id for word in words if not _holds(snapshot, word)]


def left(snapshot: Snapshot, stored: Collection[str]) -> list[str]:
    """Return the ids in the snapshot that are not in the store; `stored`: the ids of all that are or have changed."""
    return [id for id in snapshot.ids(range(len(snapshot))) if id not in stored]


def _holds(snapshot: Snapshot, word: InspectedWord) -> bool:
    row = snapshot.row_of(word.word.id)
    if row is None or not _same(snapshot.words([row])[0], word.word):
        return False
    return word.vector is None or bool(np.abs(snapshot.vectors[row] - word.vector).max() <= _SAME)


def _same(one: Word, other: Word) -> bool:
    mine, theirs = one.metadata, other.metadata
    return one.text == other.text and mine.keys() == theirs.keys() and all(_equal(mine[n], theirs[n]) for n in mine)


def _equal(one: Scalar, other: Scalar) -> bool:
    if isinstance(one, float) and isinstance(other, float):  # Chroma returns some with another 17th digit
        return math.isclose(one, other, rel_tol=1e-15)
    return type(one) is type(other) and one == other
