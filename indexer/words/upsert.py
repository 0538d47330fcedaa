"""From words to stored vectors: skip what is known, embed what is new, write; running again finishes the job."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from indexer.contract.words import Counts
from indexer.records import Word, text_hash
from indexer.vectors import Vectors

if TYPE_CHECKING:  # the counts are for commands that work through a server too, and these load no Chroma
    from indexer.store.words import StoredWord, WordTable

BATCH = 1_024  # words a write: enough to sort by length, few enough to lose little when cut off
LOOKUP = 5_000  # words a look-up: larger ones are quicker a word, and need no model

Embed = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True)
class Prepared:
    """Words that are new or changed, with their vectors (n, dimension) and what is known of those that are there."""

    words: list[Word]
    vectors: Vectors
    stored: "Mapping[str, StoredWord]"
    counts: Counts


@dataclass(frozen=True)
class Plan:
    """What of a batch is new or changed, what is known of it, and the texts that no vector is known of, by hash."""

    words: list[Word]
    stored: "Mapping[str, StoredWord]"
    vectors: dict[str, Vectors]
    fresh: dict[str, str]
    counts: Counts


def plan(table: "WordTable", batch: Sequence[Word]) -> Plan:
    """Find out what must be done for a batch; a text that is stored under any id needs no embedding.

    Of words with the same id the last one counts.
    """
    latest = {word.id: word for word in batch}
    unchanged = table.unchanged(list(latest.values())) & latest.keys()
    rest = [word for id, word in latest.items() if id not in unchanged]
    stored = table.known([word.id for word in rest])
    texts = {text_hash(word.text): word.text for word in rest}
    vectors = table.vectors_of_texts(texts)
    fresh = {hash: text for hash, text in texts.items() if hash not in vectors}
    counts = Counts(len(rest) - len(stored), len(stored), len(unchanged), len(fresh))
    return Plan(rest, stored, vectors, fresh, counts)


def prepare(table: "WordTable", embed: Embed, batch: Sequence[Word]) -> Prepared:
    """Find out what of a batch is new, and get a vector for it."""
    todo = plan(table, batch)
    if not todo.words:
        return Prepared([], np.empty((0, 0), dtype=np.float32), todo.stored, todo.counts)
    if todo.fresh:
        todo.vectors.update(zip(todo.fresh, embed(list(todo.fresh.values())), strict=True))
    rows = np.stack([todo.vectors[text_hash(word.text)] for word in todo.words])
    return Prepared(todo.words, rows, todo.stored, todo.counts)


def index(
    table: "WordTable",
    write: Callable[[list[Word]], Counts],
    words: Iterable[Word],
    written: Callable[[Counts], None],
) -> None:
    """Give `write` what is new or changed of a stream of words that names no id twice, a batch at a time.

    `written` is told the counts of each batch once `write` has it on disk.
    """
    for block, unchanged in _looked_up(table, words):
        if unchanged:
            written(Counts(unchanged=len(unchanged)))
        for batch in batches((word for word in block if word.id not in unchanged), BATCH):
            written(write(batch))


def _looked_up(table: "WordTable", words: Iterable[Word]) -> Iterator[tuple[list[Word], set[str]]]:
    """Yield blocks of words with the ids of those that are stored as they are.

    The next block is read while Chroma looks up the last one: a look-up leaves Python free, as a write does not.
    """
    with ThreadPoolExecutor(1, "topicdex-lookup") as pool:
        waiting: tuple[list[Word], Future[set[str]]] | None = None
        for block in batches(words, LOOKUP):
            asked = (block, pool.submit(table.unchanged, block))
            if waiting is not None:
                yield waiting[0], waiting[1].result()
            waiting = asked
        if waiting is not None:
            yield waiting[0], waiting[1].result()


def batches(words: Iterable[Word], size: int) -> Iterator[list[Word]]:
    """Yield lists of `size` words, the last one shorter."""
    stream = iter(words)
    while batch := list(islice(stream, size)):
        yield batch
