"""The words that a process has in memory, and their life: opened, kept in line with the store, written, closed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from indexer.errors import StoreUnavailable
from indexer.records import Word
from indexer.store.store import Store
from indexer.vectors import Vectors
from indexer.words.memory import MemoryIndex

_AT_ONCE = 1_000  # changed words that are read under one hold of the write lock
_QUICK = 2_000  # changed words that are read again for a single question
_WORTH_A_SNAPSHOT = 1_000  # words; fewer are read in no time
_log = logging.getLogger("topicdex")


class Replica:
    """The words of one store in memory; `memory` is None until `load` has all of them.

    They stand on the snapshot of the store where there is one, so that only what has changed since is read.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._loading = threading.Lock()
        self._saving = threading.Lock()
        self._coming: MemoryIndex | None = None  # follows every write while it is read
        self._earlier_changes = 0  # of the memory that `reload` has dropped
        self._tried_quickly = False
        self._not_before = 0  # rows beside the base; fewer are not saved, since it was tried and refused
        self.unsure: set[str] = set()  # words of a change that failed half way: only the store knows what is there
        self.memory: MemoryIndex | None = None
        self.closed = threading.Event()

    def load(self) -> MemoryIndex:
        """Return all words in memory; where they are not there, open them first, and leave a snapshot for next time.

        Other threads may write meanwhile; what they wrote is newer than what was read, and stays. Raises
        StoreUnavailable, also where the store is closed meanwhile.
        """
        with self._loading:
            if (memory := self.memory) is not None:
                return memory
            if (memory := self._from_snapshot()) is None:
                memory = self._from_store()
        self.save_snapshot()
        return memory

    def load_if_quick(self) -> MemoryIndex | None:
        """Return the words in memory; None where they are not there and opening them would take long.

        It waits for no `load`, and tries once: a process that was told no answers its questions without them.
        """
        if self.memory is None and not self._tried_quickly and self._loading.acquire(blocking=False):
            try:
                if self.memory is None:
                    self._tried_quickly = True
                    self._from_snapshot(quickly=True)
            finally:
                self._loading.release()
        return self.memory

    def follow_snapshot(self) -> None:
        """Stand on the snapshot that another process has written since, so that the processes share its memory."""
        if self._is_newer() and self._loading.acquire(blocking=False):
            try:
                if self._is_newer():
                    self._from_snapshot()
            finally:
                self._loading.release()

    def save_snapshot(self) -> None:
        """Write the words in memory as the snapshot of the store, where there is none or a tenth of them has changed.

        Searches and writes go on meanwhile. Where the disk refuses, warn, and wait until the next tenth has changed.
        Raises StoreUnavailable.
        """
        memory = self.memory
        if memory is None or not self._is_due(memory) or not self._saving.acquire(blocking=False):
            return
        try:
            self._not_before = memory.beside_base + len(memory) // 10  # unless it succeeds
            self._save()
        except OSError as error:
            _log.warning("the snapshot of the words cannot be written (%s); check the disk", error.strerror or error)
        finally:
            self._saving.release()

    def reload(self) -> None:
        """Open all words again where nobody knows which have changed; Chroma's index answers meanwhile.

        For the old memory may be as wrong as it likes, and would lie beside the new one.
        """
        with self._store.write_lock:
            old, self.memory = self.memory, None
            self._earlier_changes += 0 if old is None else old.changes + 1
        if old is not None:
            self.load()

    @contextmanager
    def exchanging(self) -> Iterator[None]:
        """Let no thread open the words while the store changes its model; the caller does not hold the write lock."""
        with self._loading:
            yield

    def exchange(self, memory: MemoryIndex | None) -> None:
        """Stand on the words with the vectors of another model, which the store has from now on; None: open them later.

        The caller holds the write lock, inside `exchanging`.
        """
        old, self.memory = self.memory, memory
        self._earlier_changes += 1 if old is None else old.changes + 1
        self._not_before, self._tried_quickly = 0, False

    def close(self) -> None:
        """Read and write nothing more; the store is about to close. The caller holds no lock."""
        with self._store.write_lock:
            self.closed.set()
        with self._saving:  # whose folder is another process's once the store is closed
            pass

    def changes(self) -> int:
        """Return a number that grows by one with each word in memory that is added, replaced or removed."""
        memory = self.memory
        return self._earlier_changes + (self._store.words.count() if memory is None else memory.changes)

    def put(self, words: Sequence[Word], vectors: Vectors) -> None:
        """Follow a write of words with their vectors, (n, dimension); the caller holds the store's write lock."""
        for index in self._followers():
            index.put(words, vectors)

    def remove(self, ids: Iterable[str]) -> None:
        """Follow the deletion of words; the caller holds the store's write lock."""
        gone = list(ids)
        for index in self._followers():
            index.remove(gone)

    def refresh(self, ids: Sequence[str]) -> None:
        """Read these words again, where another process has changed them; forget those that are gone."""
        with self._store.write_lock:
            there: set[str] = set()
            for words, vectors in self._store.words.with_vectors(ids) if self._followers() else ():
                there |= {word.id for word in words}
                self.put(words, vectors)
            self.remove(set(ids) - there)

    def reconcile(self) -> None:
        """Find what was never announced: where the number of words differs from the store's, compare all ids."""
        with self._store.write_lock:
            if self.memory is not None:
                self._complete(self.memory)

    def settle(self) -> None:
        """Read again the words of a change that failed half way, and tell other processes of them.

        The caller holds the store's write lock.
        """
        if self.unsure:
            ids = list(self.unsure)
            self.refresh(ids)
            self._store.words.publish(ids)
            self.unsure.clear()

    def _followers(self) -> set[MemoryIndex]:
        return {index for index in (self.memory, self._coming) if index is not None}

    def _from_store(self) -> MemoryIndex:
        """Read all words from Chroma."""
        index = self._coming = MemoryIndex()
        try:
            pages = self._store.words.pages()
            while True:
                with self._store.write_lock:  # `close` takes it too: Chroma crashes where it is closed during a read
                    self._check_open()
                    if (page := next(pages, None)) is None:
                        self._complete(index)
                        return self._publish(index)
                    index.put_missing(*page)
        finally:
            self._coming = None

    def _from_snapshot(self, *, quickly: bool = False) -> MemoryIndex | None:
        """Open the snapshot and read what has changed since; None where it cannot be used, or not `quickly`."""
        with self._store.write_lock:
            self._check_open()
            opened = self._store.snapshots.open()
            if opened is None or (quickly and len(opened[1]) > _QUICK):
                return None
            snapshot, changed = opened
            index = self._coming = MemoryIndex(snapshot)
        try:
            for i in range(0, len(changed), _AT_ONCE):
                with self._store.write_lock:
                    self._check_open()
                    self.refresh(changed[i : i + _AT_ONCE])
            with self._store.write_lock:
                self._check_open()
                if changed or not self._store.snapshots.untouched:
                    if quickly and len(index) != self._store.words.count():
                        return None
                    self._complete(index)
                return self._publish(index)
        finally:
            self._coming = None

    def _complete(self, index: MemoryIndex) -> None:
        """Make sure that an index has the words that the store has; the caller holds the write lock."""
        if len(index) != self._store.words.count():
            self._reconcile(index)

    def _publish(self, index: MemoryIndex) -> MemoryIndex:
        """Let searches use an index; the caller holds the write lock."""
        if self.memory is not None:
            index.changes = max(index.changes, self.memory.changes + 1)
        self.memory = index
        return index

    def _reconcile(self, index: MemoryIndex) -> None:
        """Forget the words that are gone from the store, and read those that are missing here."""
        stored = set(self._store.words.ids())
        index.remove(index.ids() - stored)
        for words, vectors in self._store.words.with_vectors(list(stored - index.ids())):
            index.put_missing(words, vectors)

    def _is_newer(self) -> bool:
        """Tell whether there is another snapshot than the one that the memory stands on."""
        memory = self.memory
        return memory is not None and self._store.snapshots.is_newer(
            None if memory.base is None else memory.base.folder
        )

    def _is_due(self, memory: MemoryIndex) -> bool:
        """Tell whether it is time to write a snapshot."""
        base, beside = memory.base, memory.beside_base
        if beside < self._not_before:
            return False
        if base is None:
            return beside >= _WORTH_A_SNAPSHOT
        return 10 * beside > len(base) or self._store.snapshots.aged()

    def _save(self) -> None:
        with self._store.write_lock:
            self._check_open()
            self.settle()
            memory = self.memory
            draft = None if memory is None else self._store.snapshots.begin()
            if memory is None or draft is None:
                return
            pages = memory.begin_rebase()
        try:
            snapshot = draft.write(self._while_open(pages))
            with self._store.write_lock:
                self._check_open()
                if self.memory is memory:  # and not one that `reload` has dropped
                    draft.publish()
                    memory.rebase(snapshot)
                    self._not_before = 0
        finally:
            memory.end_rebase()
            draft.discard()

    def _while_open(self, pages: Iterator[tuple[list[Word], Vectors]]) -> Iterator[tuple[list[Word], Vectors]]:
        for page in pages:
            self._check_open()
            yield page

    def _check_open(self) -> None:
        if self.closed.is_set():
            raise StoreUnavailable("the store was closed while its words were read; open it again")
