"""The words of a server: streamed to it in batches, paged through, looked up, deleted, found."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from indexer.contract import Counts, WordAnswers, WordPage, WordRecord, WordsAdded, WordsRemoved
from indexer.errors import NotFound
from indexer.records import MOST_ITEMS, Scalar, Word, fingerprint, id_problem, text_hash, word_of
from indexer.remote.connection import Connection, batches, path_part


class RemoteCorpus:
    """The words of a server, as `Corpus` offers them."""

    def __init__(self, connection: Connection, check_model: Callable[[], None]) -> None:
        self._connection = connection
        self._check_model = check_model

    def add(self, words: Sequence[Word | str]) -> WordsAdded:
        """Add or update words; when it returns they are on disk."""
        self._check_model()
        answers = [self._send(batch) for batch in batches(_sent(word_of(word)) for word in words)]
        return WordsAdded(
            added=sum(a.added for a in answers),
            updated=sum(a.updated for a in answers),
            unchanged=sum(a.unchanged for a in answers),
            ids=[id for a in answers for id in a.ids],
            truncated=any(a.truncated for a in answers),
            embedded=sum(a.embedded for a in answers),
        )

    def index(self, words: Iterable[Word], on_batch: Callable[[Counts], None]) -> None:
        """Add a stream of words; `on_batch` is called with the counts of each batch once it is on disk there.

        While the server embeds a batch the next one is read, and no more are under way: it answers others as well.
        """
        self._check_model()
        stream = batches(_sent(word) for word in words)
        with ThreadPoolExecutor(1, "topicdex-reading") as pool:
            ahead = pool.submit(next, stream, None)
            while (batch := ahead.result()) is not None:
                ahead = pool.submit(next, stream, None)
                on_batch(self._send(batch).counts)

    def plan(self, words: Iterable[Word]) -> Counts:
        """Return what `index` would do, from all that the server has."""
        prints: dict[str, str] = {}
        texts: set[str] = set()
        for there in self._all():
            prints[there.id] = fingerprint(Word(there.text, there.id, there.metadata))
            texts.add(text_hash(there.text))
        added = updated = unchanged = embedded = 0
        for word in words:
            if prints.get(word.id) == fingerprint(word):
                unchanged += 1
                continue
            added, updated = added + (word.id not in prints), updated + (word.id in prints)
            embedded += text_hash(word.text) not in texts
            texts.add(text_hash(word.text))
        return Counts(added, updated, unchanged, embedded)

    def page(self, limit: int, cursor: str | None = None) -> WordPage:
        """Return `limit` words, 1,000 at most, from the cursor on, in the order in which they first came."""
        return self._connection.ask(WordPage, "GET", "/v1/words", query={"limit": limit, "cursor": cursor})

    def ids(self) -> Iterator[str]:
        """Yield the id of every word."""
        return (word.id for word in self._all())

    def get(self, id: str) -> WordRecord:
        """Return one word; raises NotFound."""
        if id_problem(id):
            raise NotFound(f"there is no word with the id {id!r}")
        return self._connection.ask(WordRecord, "GET", f"/v1/words/{path_part(id)}")

    def delete(self, ids: Sequence[str]) -> int:
        """Delete words and return how many were there."""
        return sum(
            self._connection.ask(WordsRemoved, "POST", "/v1/words/delete", {"ids": batch}, writes=True).removed
            for batch in batches(dict.fromkeys(ids))
        )

    def nearest(self, texts: Sequence[str], k: int = 10, where: Mapping[str, Scalar] | None = None) -> WordAnswers:
        """Return the k stored words nearest to each text, among those with the metadata `where`."""
        self._check_model()
        more = {"k": k, **({"where": dict(where)} if where else {})}
        results = [
            answer
            for batch in batches(texts)
            for answer in self._connection.ask(
                WordAnswers, "POST", "/v1/words/nearest", {"texts": batch, **more}
            ).results
        ]
        return WordAnswers.model_construct(results=results)

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


def _sent(word: Word) -> dict[str, Any]:
    return {"text": word.text, "id": word.id, "metadata": dict(word.metadata)}
