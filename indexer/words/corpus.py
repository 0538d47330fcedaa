"""The stored words as a caller meets them: add, page through, look up, delete, find the nearest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from indexer.contract.service import Words
from indexer.contract.words import Counts, WordAnswer, WordAnswers, WordMatch, WordPage, WordRecord, WordsAdded
from indexer.embedders import Embedder
from indexer.errors import NotFound
from indexer.records import Scalar, Word, id_problem, word_of
from indexer.store.generations import of_one_model
from indexer.store.store import Store
from indexer.vectors import Vectors
from indexer.words.memory import MemoryIndex
from indexer.words.paging import Place, positions_in
from indexer.words.replica import Replica
from indexer.words.upsert import Writer


class Corpus(Words):
    """The words of a store; searched in memory once they are there, or quickly so; through Chroma's index before."""

    def __init__(self, store: Store, embedder: Callable[[], Embedder]) -> None:
        self._store = store
        self.generations = store.generations
        self._embedder = embedder
        self.replica = Replica(store)
        self._writer = Writer(store, self.replica, embedder)
        self.closed = self.replica.closed

    def add(self, words: Sequence[Word | str]) -> WordsAdded:
        given = [word_of(word) for word in words]
        written = self._writer.write(given)
        texts = [word.text for word in written.words]
        return WordsAdded(
            **vars(written.counts),
            ids=[word.id for word in given],
            truncated=bool(texts) and any(self._embedder().truncated(texts)),
        )

    def index(self, words: Iterable[Word], on_batch: Callable[[Counts], None]) -> None:
        self._writer.index(words, on_batch)

    def plan(self, words: Iterable[Word], on_text: Callable[[str], None] = lambda _: None) -> Counts:
        return self._writer.plan(words, on_text)

    def ids(self) -> Iterator[str]:
        yield from self._store.words.ids()

    def page(self, limit: int, cursor: str | None = None, contains: str | None = None) -> WordPage:
        memory = self.load() if contains else self.load_if_quick()
        behind: int | None
        if memory is None:
            table = self._store.words
            place = Place() if cursor is None else Place.of(cursor, positions_in(table.page_ids))
            words, total = table.page(limit + 1, place.offset), table.count()
            behind = place.offset + limit if len(words) > limit else None
            words = words[:limit]
        else:
            listing = memory.listing(contains or "")
            place = Place() if cursor is None else Place.of(cursor, listing.positions)
            words, behind = listing.page(limit, place.offset)
            total = len(listing)
        following = None if behind is None else place.cursor_after([word.id for word in words], behind)
        return WordPage(words=[WordRecord(**_fields(word)) for word in words], next=following, total=total)

    def get(self, id: str) -> WordRecord:
        word = None if id_problem(id) else self._store.words.get([id]).get(id)
        if word is None:
            raise NotFound(f"there is no word with the id {id!r}")
        return WordRecord(**_fields(word))

    def delete(self, ids: Sequence[str]) -> int:
        return self._writer.delete(ids)

    @of_one_model
    def nearest(self, texts: Sequence[str], k: int = 10, where: Mapping[str, Scalar] | None = None) -> WordAnswers:
        memory = self.load_if_quick() if texts else None
        if not texts or (memory is None and self._store.words.count() == 0):
            return WordAnswers(results=[WordAnswer(text=text, matches=[]) for text in texts])
        embedder = self._embedder()
        vectors = embedder.embed(texts, "query")
        if memory is not None:
            found = memory.nearest(vectors, k, where or {})
        else:
            found = self._store.words.nearest(texts, vectors, k, where or {})
        results = [
            WordAnswer(text=text, matches=[WordMatch(**_fields(w), score=score) for w, score in matches], truncated=cut)
            for text, matches, cut in zip(texts, found, embedder.truncated(texts, "query"), strict=True)
        ]
        return WordAnswers(results=results)

    @property
    def memory(self) -> MemoryIndex | None:
        """Return the words in memory; None before `load`."""
        return self.replica.memory

    def load(self) -> MemoryIndex:
        """Return all words in memory; open them first where they are not there. Searches are exact from then on."""
        return self.replica.load()

    def save_snapshot(self) -> None:
        """Write the words in memory to the snapshot of the store, where that is due."""
        self.replica.save_snapshot()

    def load_if_quick(self) -> MemoryIndex | None:
        """Return the words in memory; None where they are not there and a snapshot does not bring them at once."""
        return self.replica.load_if_quick()

    def close(self) -> None:
        """Read and write nothing more for the memory; the store is about to close. The caller holds no lock."""
        self.replica.close()

    def count(self) -> int:
        """Return the number of words, from memory where they are there."""
        return self._store.words.count() if (memory := self.memory) is None else len(memory)

    def changes(self) -> int:
        """Return a number that grows by one with each word in memory that is added, replaced or removed."""
        return self.replica.changes()

    def sample(self, size: int) -> Vectors:
        """Return the vectors of at most `size` words, (m, dimension); the same words give the same sample."""
        if (memory := self.memory) is not None:
            return memory.sample(size)
        return next((vectors[:size] for _, vectors in self._store.words.pages()), np.empty((0, 0), np.float32))

    def pages(self) -> Iterator[tuple[list[Word], Vectors]]:
        """Return all words as they are now with their vectors, (n, dimension), in pages; load them first."""
        return self.load().pages()


def _fields(word: Word) -> dict[str, Any]:
    return {"id": word.id, "text": word.text, "metadata": dict(word.metadata)}
