"""A snapshot of the words in the making: its files are written beside the old one, and then replace it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from indexer.embedders import ModelIdentity
from indexer.records import Word
from indexer.store.changes import Changes
from indexer.store.lock import sync_folder
from indexer.store.snapshot.files import SnapshotFiles
from indexer.store.snapshot.journal import Journal
from indexer.store.snapshot.mapped import Snapshot
from indexer.store.snapshot.pointer import FORMAT, Place, Pointer, sizes
from indexer.store.words import WordTable
from indexer.vectors import Vectors


@dataclass(frozen=True)
class Source:
    """The words that a snapshot is of, as the store has them now: the id of their collection, their model and table."""

    collection: str
    model: ModelIdentity | None
    words: WordTable
    changes: Changes


class Draft:
    """A snapshot in the making; the words that change from `Snapshots.begin` on are noted for it."""

    def __init__(
        self, place: Place, source: Source, model: ModelIdentity, *, embedded: bool, end: Callable[[Draft], None]
    ) -> None:
        """Note changes in a journal where the store is `embedded`, else from an anchor in the change log on.

        `end` is called with it at its end. Raises OSError, StoreUnavailable.
        """
        self.place = place
        self.stamp = uuid.uuid4().hex
        self.lost = False  # the store has changed in a way that nobody noted
        self.pointer: Pointer | None = None  # once it is written
        self.journal = Journal.make(journal_path(place, self.stamp)) if embedded else None
        self._source = source
        self._model = model
        self._anchor = None if embedded else source.changes.anchor()
        self._reserve = source.words.count() * 4 * (model.dimension + 1)
        self._end = end
        self._folder = place.files / f"draft-{self.stamp}"

    def write(self, pages: Iterable[tuple[Sequence[Word], Vectors]]) -> Snapshot:
        """Write the words with their vectors, (n, dimension), and sync the files; takes no lock.

        Raises OSError where the disk refuses, or would have less left than the snapshot takes; nothing is left of the
        draft then.
        """
        model, place = self._model, self.place
        try:
            self._folder.mkdir(0o700 if place.private else 0o777)
            with SnapshotFiles(self._folder, private=place.private, reserve=self._reserve) as files:
                for words, vectors in pages:
                    files.add(words, vectors)
                files.finish()
            self._folder = self._folder.rename(place.files / f"snapshot-{self.stamp}")
            sync_folder(place.files)
            snapshot = Snapshot(self._folder, model.dimension)
        except BaseException:
            self.discard()
            raise
        inside = self._folder.is_relative_to(place.pointer.parent)
        self.pointer = Pointer(
            format=FORMAT,
            collection=self._source.collection,
            model=model.to_fields(),
            dimension=model.dimension,
            words=len(snapshot),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            stamp=self.stamp,
            folder=str(self._folder.relative_to(place.pointer.parent) if inside else self._folder),
            sizes=sizes(self._folder),
            anchor=self._anchor,
        )
        return snapshot

    def publish(self) -> None:
        """Make it the snapshot of the store, in the place of the old one; the caller holds the store's write lock.

        Where the disk refuses, or the store has changed in a way that nobody noted, there is none afterwards. Raises
        StoreUnavailable where the disk lets the old one not be given up either.
        """
        self._end(self)

    def discard(self) -> None:
        """Leave nothing of it; harmless after `publish`."""
        self.lost = True
        self._end(self)


def journal_path(place: Place, stamp: str) -> Path:
    """Return where the journal of the snapshot with a stamp lies: beside the pointer."""
    return place.pointer.with_name(f"{place.pointer.stem}-{stamp}.journal")
