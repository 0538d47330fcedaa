"""A snapshot of all words in files beside the store: mapped into memory, so that a start reads nothing from Chroma.

It is a cache: what Chroma says counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from indexer.records import Scalar, Word
from indexer.vectors import Bools, Vectors

Rows = npt.NDArray[np.integer]


class Snapshot:
    """The words of one snapshot, read from its files when they are asked for; read-only, and safe in many threads.

    A row is a word; rows are in the order in which the words were added. `vectors` (n, dimension): mapped, unit rows;
    `by_id` (n,): the rows in the order of their ids.
    """

    folder: Path
    vectors: Vectors
    by_id: Rows

    def __len__(self) -> int:
        """Return the number of words."""
        raise NotImplementedError

    def words(self, rows: Rows | Sequence[int]) -> list[Word]:
        """Return the words of these rows, in their order."""
        raise NotImplementedError

    def ids(self, rows: Rows | Sequence[int]) -> list[str]:
        """Return the ids of the words of these rows, in their order."""
        raise NotImplementedError

    def texts(self, rows: Rows | Sequence[int]) -> list[str]:
        """Return the texts of these rows, in their order."""
        raise NotImplementedError

    def row_of(self, id: str) -> int | None:
        """Return the row of a word; None where it is not there."""
        raise NotImplementedError

    def having(self, where: Mapping[str, Scalar]) -> Bools:
        """Tell of each row whether its word has all of this metadata, (n,); true is not 1. Do not write to it."""
        raise NotImplementedError


class Draft:
    """A snapshot in the making; the words that change from `Snapshots.begin` on are noted for it."""

    def write(self, pages: Iterable[tuple[Sequence[Word], Vectors]]) -> Snapshot:
        """Write the words with their vectors, (n, dimension), and sync the files; takes no lock.

        Raises OSError where the disk refuses; nothing is left of the draft then.
        """
        raise NotImplementedError

    def publish(self) -> None:
        """Make it the snapshot of the store, in the place of the old one; the caller holds the store's write lock."""
        raise NotImplementedError

    def discard(self) -> None:
        """Leave nothing of it; harmless after `publish`."""
        raise NotImplementedError


class Snapshots:
    """The snapshot of one store: where it lies, whether it may be believed, and what has changed since."""

    def open(self) -> tuple[Snapshot, list[str]] | None:
        """Return the snapshot, and the ids of the words that may have changed since; None where there is none to use.

        Those words must be read again from the store. On a Chroma server the change log is read from the stamp of the
        snapshot on, by `Changes`, and the list is empty.
        """
        return None

    def is_newer(self, than: Path | None) -> bool:
        """Tell whether the store has a snapshot now, and another one than that in the folder `than`; it is cheap."""
        return False

    def aged(self) -> bool:
        """Tell whether it is time to write the snapshot again, though few words have changed."""
        return False

    def begin(self) -> Draft | None:
        """Return a draft; None where snapshots are off, or another process writes one. Hold the store's write lock."""
        return None

    def note(self, ids: Sequence[str]) -> None:
        """Note on disk that these words are about to change; call it before any write touches Chroma.

        Where the note cannot be written, the snapshot is given up instead.
        """
        raise NotImplementedError

    def drop(self) -> None:
        """Give the snapshot up: the store is about to change in another way than by words."""
        raise NotImplementedError
