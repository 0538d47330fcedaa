"""From words to stored vectors: skip what is known, embed what is new, write; running again finishes the job."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np

from indexer.embedders import Vectors
from indexer.records import Word, text_hash
from indexer.store import StoredWord, Words

BATCH = 2_048  # words a write: enough to sort by length, few enough to lose little when cut off

Embed = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True)
class Counts:
    """What a write did, in words, and how many texts the model was given for it."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    embedded: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.added + other.added,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.embedded + other.embedded,
        )


@dataclass(frozen=True)
class Prepared:
    """Words that are new or changed, with their vectors (n, dimension), ready to be written."""

    words: list[Word]
    vectors: Vectors
    stored: Mapping[str, StoredWord]
    counts: Counts

    def by_text(self) -> dict[str, Vectors]:
        """Return the vectors by the hash of their text."""
        return {text_hash(word.text): vector for word, vector in zip(self.words, self.vectors, strict=True)}

    def write(self, table: Words) -> Counts:
        """Write the words; when it returns they are on disk."""
        if self.words:
            table.write(self.words, self.vectors, self.stored)
        return self.counts


@dataclass(frozen=True)
class Plan:
    """What of a batch is new or changed, what is known of it, and the texts that no vector is known of, by hash."""

    words: list[Word]
    stored: Mapping[str, StoredWord]
    vectors: dict[str, Vectors]
    fresh: dict[str, str]
    counts: Counts


def plan(table: Words, batch: Sequence[Word], in_flight: Mapping[str, Vectors] | None = None) -> Plan:
    """Find out what must be done for a batch.

    Of words with the same id the last one counts. A text that is stored under any id, or stands in `in_flight` (a
    batch that is being written), is not embedded again.
    """
    latest = {word.id: word for word in batch}
    unchanged = table.unchanged(list(latest.values())) & latest.keys()
    rest = [word for id, word in latest.items() if id not in unchanged]
    stored = table.known([word.id for word in rest])
    texts = {text_hash(word.text): word.text for word in rest}
    vectors = {**(in_flight or {}), **table.vectors_of_texts(texts)}
    fresh = {hash: text for hash, text in texts.items() if hash not in vectors}
    counts = Counts(len(rest) - len(stored), len(stored), len(unchanged), len(fresh))
    return Plan(rest, stored, vectors, fresh, counts)


def prepare(
    table: Words, embed: Embed, batch: Sequence[Word], in_flight: Mapping[str, Vectors] | None = None
) -> Prepared:
    """Find out what of a batch is new, and get a vector for it."""
    todo = plan(table, batch, in_flight)
    if not todo.words:
        return Prepared([], np.empty((0, 0), dtype=np.float32), todo.stored, todo.counts)
    if todo.fresh:
        todo.vectors.update(zip(todo.fresh, embed(list(todo.fresh.values())), strict=True))
    rows = np.stack([todo.vectors[text_hash(word.text)] for word in todo.words])
    return Prepared(todo.words, rows, todo.stored, todo.counts)


def index(table: Words, embed: Embed, words: Iterable[Word], written: Callable[[Counts], None]) -> None:
    """Store a stream of words; `written` is told the counts of each batch once it is on disk.

    One batch is written while the next is embedded. What goes wrong, Ctrl-C too, is raised after the batch under
    way is on disk and told.
    """
    with ThreadPoolExecutor(1, "topicdex-write") as writer:
        pending: Future[Counts] | None = None
        in_flight: Mapping[str, Vectors] = {}
        try:
            for batch in batches(words, BATCH):
                prepared = prepare(table, embed, batch, in_flight)
                if pending is not None:
                    done, pending = pending, None
                    written(done.result())
                in_flight = prepared.by_text()
                pending = writer.submit(prepared.write, table)
        finally:
            if pending is not None:
                written(pending.result())


def batches(words: Iterable[Word], size: int) -> Iterator[list[Word]]:
    """Yield lists of `size` words, the last one shorter."""
    stream = iter(words)
    while batch := list(islice(stream, size)):
        yield batch
