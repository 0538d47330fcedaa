"""The words of a server: sent to it in batches, paged through, looked up, deleted, searched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

from indexer.contract.service import Words
from indexer.contract.words import Counts, WordAnswers, WordPage, WordRecord, WordsAdded, WordsRemoved
from indexer.errors import NotFound
from indexer.records import MOST_ITEMS, Scalar, Word, encodes, fingerprint, id_problem, text_hash, word_of
from indexer.remote.connection import Connection, batches, path_part


class RemoteWords(Words):
    """The protocol `Words` over HTTP."""

    def __init__(self, connection: Connection, check_model: Callable[[], None]) -> None:
        self._connection = connection
        self._check_model = check_model

    def add(self, words: Sequence[Word | str]) -> WordsAdded:
        self._check_model()
        answers = [self._send(batch) for batch in batches([_body(word_of(word)) for word in words])]
        return WordsAdded(
            **asdict(sum((answer.counts for answer in answers), Counts())),
            ids=[id for answer in answers for id in answer.ids],
            truncated=any(answer.truncated for answer in answers),
        )

    def index(self, words: Iterable[Word], on_batch: Callable[[Counts], None]) -> None:
        """Add a stream of words that names no id twice; `on_batch` is called with the counts of each batch on disk.

        The next batch is read while the server embeds one; only one is under way, since the server has other callers.
        """
        self._check_model()
        stream = batches(_body(word) for word in words)
        with ThreadPoolExecutor(1, "topicdex-reading") as pool:
            ahead = pool.submit(next, stream, None)
            while batch := ahead.result():
                ahead = pool.submit(next, stream, None)
                on_batch(self._send(batch).counts)

    def plan(self, words: Iterable[Word], on_text: Callable[[str], None] = lambda _: None) -> Counts:
        """Return what `index` would do, without doing it; all words of the server are read for it."""
        prints: dict[str, str] = {}
        texts: set[str] = set()
        for stored in self._all():
            prints[stored.id] = fingerprint(Word(stored.text, stored.id, stored.metadata))
            texts.add(text_hash(stored.text))
        added = updated = unchanged = embedded = 0
        for word in words:
            if prints.get(word.id) == fingerprint(word):
                unchanged += 1
                continue
            added, updated = added + (word.id not in prints), updated + (word.id in prints)
            hash = text_hash(word.text)
            if hash not in texts:
                on_text(word.text)
                embedded += 1
            texts.add(hash)
        return Counts(added, updated, unchanged, embedded)

    def page(self, limit: int, cursor: str | None = None, contains: str | None = None) -> WordPage:
        if contains and not encodes(contains):  # which no address can hold, and no text
            return WordPage(words=[], next=None, total=0)
        query: dict[str, str | int | None] = {"limit": limit, "cursor": cursor, "contains": contains or None}
        return self._connection.ask(WordPage, "GET", "/v1/words", query=query)

    def ids(self) -> Iterator[str]:
        return (word.id for word in self._all())

    def get(self, id: str) -> WordRecord:
        if id_problem(id):
            raise NotFound(f"there is no word with the id {id!r}")
        return self._connection.ask(WordRecord, "GET", f"/v1/words/{path_part(id)}")

    def delete(self, ids: Sequence[str]) -> int:
        return sum(
            self._connection.ask(WordsRemoved, "POST", "/v1/words/delete", {"ids": batch}, writes=True).removed
            for batch in batches(dict.fromkeys(ids))
        )

    def nearest(self, texts: Sequence[str], k: int = 10, where: Mapping[str, Scalar] | None = None) -> WordAnswers:
        self._check_model()
        conditions = dict(where) if where else None
        return self._connection.ask_all(WordAnswers, "/v1/words/nearest", texts, {}, k=k, where=conditions)

    def _send(self, batch: list[dict[str, Any]]) -> WordsAdded:
        return self._connection.ask(WordsAdded, "POST", "/v1/words", {"words": batch}, writes=True)

    def _all(self) -> Iterator[WordRecord]:
        cursor = None
        while True:
            page = self.page(MOST_ITEMS, cursor)
            yield from page.words
            cursor = page.next
            if cursor is None:
                return


def _body(word: Word) -> dict[str, Any]:
    return {"text": word.text, "id": word.id, "metadata": dict(word.metadata)}
