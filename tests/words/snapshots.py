"""Snapshots of words that are lists in memory, in the place of files beside the store."""

import threading
from pathlib import Path

import numpy as np

from indexer.records import Word
from indexer.vectors import Vectors
from indexer.words.memory import MemoryIndex


class ListSnapshot:
    """A snapshot made of lists; it counts the words that were made for those who asked."""

    def __init__(self, words: list[Word], vectors: Vectors, folder: Path = Path("lists")) -> None:
        self._words, self.folder, self.given = words, folder, 0
        self.vectors = vectors
        self.vectors.flags.writeable = False
        self.by_id = np.array(sorted(range(len(words)), key=lambda row: words[row].id), dtype=np.int32)
        self._rows = {word.id: row for row, word in enumerate(words)}

    def __len__(self):
        return len(self._words)

    def words(self, rows):
        self.given += len(rows)
        return [self._words[row] for row in rows]

    def ids(self, rows):
        self.given += len(rows)
        return [self._words[row].id for row in rows]

    def texts(self, rows):
        self.given += len(rows)
        return [self._words[row].text for row in rows]

    def row_of(self, id):
        return self._rows.get(id)

    def containing(self, folded):
        return np.array([folded in word.text.casefold() for word in self._words], bool)

    def having(self, where):
        return np.array([all(_same(word.metadata, *pair) for pair in where.items()) for word in self._words], bool)


def _same(metadata, name, value):
    return name in metadata and metadata[name] == value and isinstance(metadata[name], bool) == isinstance(value, bool)


def snapshot_of(index: MemoryIndex, folder: Path = Path("lists")) -> ListSnapshot:
    return made_of(index.pages(), folder)


def made_of(pages, folder: Path = Path("lists")) -> ListSnapshot:
    words, vectors = [], []
    for some, theirs in pages:
        words += some
        vectors.append(theirs)
    return ListSnapshot(words, np.vstack(vectors) if vectors else np.empty((0, 2), np.float32), folder)


class ListSnapshots:
    """The snapshot of one store, in memory; it notes what changes as the real one does."""

    untouched = False

    def __init__(self) -> None:
        self.current: ListSnapshot | None = None
        self.changed: dict[str, None] = {}
        self.opened = 0
        self.discarded = 0
        self.while_writing = lambda: None
        self._lock = threading.Lock()

    def open(self):
        self.opened += 1
        return None if self.current is None else (self.current, list(self.changed))

    def is_newer(self, than):
        return self.current is not None and self.current.folder != than

    def aged(self):
        return False

    def begin(self):
        return _ListDraft(self) if self._lock.acquire(blocking=False) else None

    def note(self, ids):
        self.changed |= dict.fromkeys(ids)


class _ListDraft:
    def __init__(self, snapshots: ListSnapshots) -> None:
        self._snapshots, self._drafted = snapshots, None
        self._before, snapshots.changed = snapshots.changed, {}
        self._published = False

    def write(self, pages):
        number = 0 if self._snapshots.current is None else int(self._snapshots.current.folder.name) + 1
        self._drafted = made_of(pages, Path(str(number)))
        self._snapshots.while_writing()
        return self._drafted

    def publish(self):
        self._snapshots.current, self._published = self._drafted, True

    def discard(self):
        if not self._published:
            self._snapshots.changed = self._before | self._snapshots.changed
        self._snapshots.discarded += 1
        self._snapshots._lock.release()
