"""The words of the corpus as a caller meets them: add, page through, look up, delete, find the nearest."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

import numpy as np

from indexer.contract.words import Counts, WordAnswer, WordAnswers, WordMatch, WordPage, WordRecord, WordsAdded
from indexer.embedders import Embedder
from indexer.errors import NotFound, StoreUnavailable, TopicdexError
from indexer.records import Scalar, Word, text_hash, word_of
from indexer.store.store import Store
from indexer.vectors import Vectors
from indexer.words import upsert
from indexer.words.memory import MemoryIndex
from indexer.words.paging import bad_cursor, cursor_of, value_of
from indexer.words.upsert import Prepared

_ANCHORS = 8  # words a cursor remembers, so that it holds its place while others are deleted


class Corpus:
    """Words in the store; searched in memory once `load` has run, through Chroma's index before."""

    def __init__(self, store: Store, embedder: Callable[[], Embedder]) -> None:
        self._store = store
        self._embedder = embedder
        self._write_lock = store.write_lock
        self.memory: MemoryIndex | None = None
        self._filling: MemoryIndex | None = None
        self._before = 0  # changes of memory before it was read again
        self._loading = threading.Lock()
        self._writes = 0  # counts changes of the store, so that what was found out before one is known to be old
        self._unsure: set[str] = set()  # words of a change that failed half way: only the store knows what is there
        self.closed = threading.Event()

    def add(self, words: Sequence[Word | str]) -> WordsAdded:
        """Add or update words; a bare text gets the id that follows from it. When it returns they are on disk.

        The same again changes and embeds nothing.
        """
        given = [word_of(word) for word in words]
        prepared = self._write(given)
        cut = bool(prepared.words) and any(self._embedder().truncated([w.text for w in prepared.words]))
        return WordsAdded(
            added=prepared.counts.added,
            updated=prepared.counts.updated,
            unchanged=prepared.counts.unchanged,
            ids=[word.id for word in given],
            truncated=cut,
            embedded=prepared.counts.embedded,
        )

    def index(self, words: Iterable[Word], on_batch: Callable[[Counts], None]) -> None:
        """Add a stream of words that names no id twice; `on_batch` is called with the counts of each batch on disk."""
        upsert.index(self._store.words, lambda batch: self._write(batch).counts, words, on_batch)

    def plan(self, words: Iterable[Word]) -> Counts:
        """Return what `index` would do; `embedded` may count a text twice that comes under two ids."""
        batches = upsert.batches(words, upsert.BATCH)
        return sum((upsert.plan(self._store.words, batch).counts for batch in batches), Counts())

    def ids(self) -> Iterator[str]:
        """Yield the id of every word."""
        yield from self._store.words.ids()

    def page(self, limit: int, cursor: str | None = None) -> WordPage:
        """Return `limit` words from the cursor on, in the order in which they first came.

        No word that stays is left out where others are deleted between two pages. Raises InvalidRequest for a
        cursor that no page gave.
        """
        offset, anchors = (0, []) if cursor is None else self._resume(cursor)
        words = self._store.words.page(limit + 1, offset)
        more = len(words) > limit
        words = words[:limit]
        anchors = [*anchors, *(_anchor(word.id) for word in words)][-_ANCHORS:]
        following = cursor_of([offset + len(words), anchors]) if more else None
        return WordPage(words=[_shown(word) for word in words], next=following)

    def count(self) -> int:
        """Return the number of words, from memory where they are there."""
        return self._store.words.count() if self.memory is None else len(self.memory)

    def changes(self) -> int:
        """Return a number that grows with every word in memory that is added, changed or deleted, each by one."""
        return self._before + (self._store.words.count() if self.memory is None else self.memory.changes)

    def sample(self, size: int) -> Vectors:
        """Return the vectors of at most `size` words; the same words give the same sample."""
        if self.memory is not None:
            return self.memory.sample(size)
        return next((vectors[:size] for _, vectors in self._store.words.pages()), np.empty((0, 0), np.float32))

    def pages(self) -> Iterator[tuple[list[Word], Vectors]]:
        """Yield all words with their vectors, from memory where they are there."""
        yield from self._store.words.pages() if self.memory is None else self.memory.pages()

    def get(self, id: str) -> WordRecord:
        """Return one word; raises NotFound."""
        word = self._store.words.get([id]).get(id)
        if word is None:
            raise NotFound(f"there is no word with the id {id!r}")
        return _shown(word)

    def delete(self, ids: Sequence[str]) -> int:
        """Delete words and return how many were there."""
        with self._write_lock:
            self._settle()
            there = self._store.words.existing(list(dict.fromkeys(ids)))
            with self._changing(there):
                self._store.words.delete(there)
                for cache in self._caches():
                    cache.remove(there)
        return len(there)

    def nearest(self, texts: Sequence[str], k: int = 10, where: Mapping[str, Scalar] | None = None) -> WordAnswers:
        """Return the k stored words nearest to each text, among those with the metadata `where`."""
        if self.memory is None and self._store.words.count() == 0:
            return WordAnswers(results=[WordAnswer(text=text, matches=[]) for text in texts])
        embedder = self._embedder()
        vectors = embedder.embed(texts)
        if self.memory is not None:
            found = self.memory.nearest(vectors, k, where or {})
        else:
            found = self._store.words.nearest(texts, vectors, k, where or {})
        results = [
            WordAnswer(
                text=text,
                matches=[
                    WordMatch(id=word.id, text=word.text, metadata=dict(word.metadata), score=score)
                    for word, score in matches
                ],
                truncated=cut,
            )
            for text, matches, cut in zip(texts, found, embedder.truncated(texts), strict=True)
        ]
        return WordAnswers(results=results)

    def load(self) -> MemoryIndex:
        """Return all words in memory, read now where that has not been done.

        From then on searches are exact and need no Chroma. Writes go on between two pages; what they wrote is not
        read over.
        """
        with self._loading:
            if self.memory is None:
                self._filling = MemoryIndex()
                try:
                    self._fill(self._filling)
                    self.memory = self._filling
                finally:
                    self._filling = None
            return self.memory

    def _fill(self, filling: MemoryIndex) -> None:
        pages = self._store.words.pages()
        page: tuple[Sequence[Word], Vectors] | None = ([], np.empty((0, 0), np.float32))
        while page is not None:
            with self._write_lock:  # whoever closes the store takes it too: Chroma dies of a read meanwhile
                if self.closed.is_set():
                    raise StoreUnavailable("the store was closed while its words were read; open it again")
                page = next(pages, None)
                if page is not None:
                    filling.put_missing(*page)
                else:
                    self._reconcile(filling)

    def reload(self) -> None:
        """Read all words into memory again, where nobody can say which have changed; the index answers meanwhile."""
        with self._write_lock:
            old, self.memory = self.memory, None
            self._before += 0 if old is None else old.changes + 1
        if old is not None:
            self.load()

    def close(self) -> None:
        """Read no more words into memory; the store is about to close."""
        with self._write_lock:
            self.closed.set()

    def refresh(self, ids: Sequence[str]) -> None:
        """Read these words again into memory, where another process has changed them; forget those that are gone."""
        with self._write_lock:
            there: set[str] = set()
            for words, vectors in self._store.words.with_vectors(ids) if self._caches() else ():
                there |= {word.id for word in words}
                for cache in self._caches():
                    cache.put(words, vectors)
            for cache in self._caches():
                cache.remove(set(ids) - there)

    def reconcile(self) -> None:
        """Bring the words in memory in line with those in the store."""
        with self._write_lock:
            if self.memory is not None:
                self._reconcile(self.memory)

    def _reconcile(self, filling: MemoryIndex) -> None:
        """Read what came meanwhile and is not there; forget what is gone."""
        stored = set(self._store.words.ids())
        filling.remove(filling.ids() - stored)
        for words, vectors in self._store.words.with_vectors(list(stored - filling.ids())):
            filling.put_missing(words, vectors)

    def _write(self, words: Sequence[Word]) -> Prepared:
        """Write what is new; the model, which may be slow, works before the lock is taken."""
        made: dict[str, Vectors] = {}

        def embed(texts: Sequence[str]) -> Vectors:
            fresh = [text for text in texts if text not in made]
            if fresh:
                made.update(zip(fresh, self._embedder().embed(fresh), strict=True))
            return np.stack([made[text] for text in texts])

        writes = self._writes
        prepared = upsert.prepare(self._store.words, embed, words)
        with self._write_lock:
            self._settle()
            if self._writes != writes:  # another thread has written meanwhile
                prepared = upsert.prepare(self._store.words, embed, words)
            if prepared.words:
                with self._changing([word.id for word in prepared.words]):
                    self._store.words.write(prepared.words, prepared.vectors, prepared.stored)
                    for cache in self._caches():
                        cache.put(prepared.words, prepared.vectors)
        return prepared

    @contextmanager
    def _changing(self, ids: Sequence[str]) -> Iterator[None]:
        """Hold over a change of the store and of memory, which must not part where it fails half way."""
        self._writes += 1
        self._unsure.update(ids)
        try:
            yield
        except TopicdexError:
            with suppress(TopicdexError):  # where it cannot be read now, it is before the next change
                self._settle()
            raise
        self._unsure.difference_update(ids)

    def _settle(self) -> None:
        """Read again the words of a change that failed half way, and tell other processes of it."""
        if self._unsure:
            ids = list(self._unsure)
            self.refresh(ids)
            self._store.words.publish(ids)
            self._unsure.clear()

    def _caches(self) -> list[MemoryIndex]:
        return [cache for cache in (self.memory, self._filling) if cache is not None]

    def _resume(self, cursor: str) -> tuple[int, list[str]]:
        """Return the offset of the first word after the cursor's, and the cursor's anchors.

        Words that are deleted move the later ones forward, so the last words that were seen are looked for; where
        all of them are gone, what is there is new to the caller or was left to be deleted: begin again.
        """
        match value_of(cursor):
            case [int(offset), [_, *_] as anchors] if 0 < offset < 2**40 and all(isinstance(a, str) for a in anchors):
                pass
            case _:
                raise bad_cursor()
        last = self._store.words.page_ids(1, offset - 1)
        if last and _anchor(last[0]) == anchors[-1]:
            return offset, anchors
        before = [_anchor(id) for id in self._store.words.page_ids(offset, 0)]
        position = {anchor: i for i, anchor in enumerate(before)}
        survivors = [position[anchor] for anchor in anchors if anchor in position]
        return (max(survivors) + 1 if survivors else 0), anchors


def _anchor(id: str) -> str:
    return text_hash(id)[:12]


def _shown(word: Word) -> WordRecord:
    return WordRecord(id=word.id, text=word.text, metadata=dict(word.metadata))
