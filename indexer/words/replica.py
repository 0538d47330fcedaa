"""The words that a process has in memory, and their life: read from the store, kept in line with it, closed."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from indexer.errors import StoreUnavailable
from indexer.records import Word
from indexer.store.store import Store
from indexer.vectors import Vectors
from indexer.words.memory import MemoryIndex


class Replica:
    """The words of one store in memory; `memory` is None until `load` has read all of them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._loading = threading.Lock()
        self._index: MemoryIndex | None = None  # follows every write, also while `load` reads into it
        self._earlier_changes = 0  # of the memory that `reload` has dropped
        self.memory: MemoryIndex | None = None
        self.closed = threading.Event()

    def load(self) -> MemoryIndex:
        """Return all words in memory; read them first where they are not there.

        Other threads may write between two pages; what they wrote is newer than the page, and stays. Raises
        StoreUnavailable, also where the store is closed meanwhile.
        """
        with self._loading:
            if self.memory is None:
                self._index = MemoryIndex()
                self._fill(self._index)
                self.memory = self._index
            return self.memory

    def _fill(self, index: MemoryIndex) -> None:
        pages = self._store.words.pages()
        while True:
            with self._store.write_lock:  # `close` takes it too: Chroma crashes where it is closed during a read
                if self.closed.is_set():
                    raise StoreUnavailable("the store was closed while its words were read; open it again")
                page = next(pages, None)
                if page is None:
                    return self._reconcile(index)
                index.put_missing(*page)

    def reload(self) -> None:
        """Read all words again where nobody knows which have changed; Chroma's index answers meanwhile."""
        with self._store.write_lock:
            old, self.memory = self.memory, None
            self._earlier_changes += 0 if old is None else old.changes + 1
        if old is not None:
            self.load()

    def close(self) -> None:
        """Read nothing more; the store is about to close."""
        with self._store.write_lock:
            self.closed.set()

    def changes(self) -> int:
        """Return a number that grows by one with each word in memory that is added, replaced or removed."""
        memory = self.memory
        return self._earlier_changes + (self._store.words.count() if memory is None else memory.changes)

    def put(self, words: Sequence[Word], vectors: Vectors) -> None:
        """Follow a write of words with their vectors, (n, dimension); the caller holds the store's write lock."""
        if self._index is not None:
            self._index.put(words, vectors)

    def remove(self, ids: Iterable[str]) -> None:
        """Follow the deletion of words; the caller holds the store's write lock."""
        if self._index is not None:
            self._index.remove(ids)

    def refresh(self, ids: Sequence[str]) -> None:
        """Read these words again, where another process has changed them; forget those that are gone."""
        with self._store.write_lock:
            there: set[str] = set()
            for words, vectors in self._store.words.with_vectors(ids) if self._index is not None else ():
                there |= {word.id for word in words}
                self.put(words, vectors)
            self.remove(set(ids) - there)

    def reconcile(self) -> None:
        """Find what was never announced: where the number of words differs from the store's, compare all ids."""
        with self._store.write_lock:
            if self.memory is not None and len(self.memory) != self._store.words.count():
                self._reconcile(self.memory)

    def _reconcile(self, index: MemoryIndex) -> None:
        """Forget the words that are gone from the store, and read those that are missing here."""
        stored = set(self._store.words.ids())
        index.remove(index.ids() - stored)
        for words, vectors in self._store.words.with_vectors(list(stored - index.ids())):
            index.put_missing(words, vectors)
