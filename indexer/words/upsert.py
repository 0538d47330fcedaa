"""Writing words: what is stored as it is stays, new texts are embedded, and memory follows what is on disk.

A write that was cut off is finished by the same write again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import chain, islice, pairwise

import numpy as np

from indexer.contract.words import Counts
from indexer.embedders import Embedder
from indexer.errors import TopicdexError
from indexer.records import Word, fingerprint, text_hash
from indexer.store.store import Store
from indexer.store.words import StoredWord
from indexer.vectors import Vectors
from indexer.words.replica import Replica

# Words a write: enough to sort by length, few enough to lose little when cut off. From 1,000 rows in a write on, Chroma
# saves its index; fewer wait, and until more come every later process begins by adding them again, 0.6 ms each.
BATCH = 1_024
LOOKUP = 5_000  # words a look-up: larger ones are quicker a word, and need no model


@dataclass(frozen=True)
class Plan:
    """What of a batch must be written; its other words are stored just as they came."""

    words: list[Word]
    hashes: list[str]  # of their texts
    stored: Mapping[str, StoredWord]  # what the store knows of them, by id
    vectors: dict[str, Vectors]  # of the texts that are stored under any id, by hash
    fresh: dict[str, str]  # the texts to embed, by hash
    counts: Counts


class Writer:
    """The one place where words change; the store and the memory of this process change together."""

    def __init__(self, store: Store, replica: Replica, embedder: Callable[[], Embedder]) -> None:
        self._store = store
        self._replica = replica
        self._embedder = embedder
        self._writes = 0  # changes that have ended; a plan made before the end of one is made again

    def index(self, words: Iterable[Word], on_batch: Callable[[Counts], None]) -> None:
        """Write a stream of words that names no id twice; call `on_batch` with the counts of each batch on disk."""

        def to_write() -> Iterator[Word]:
            for changed, unchanged in self._looked_up(words):
                if unchanged:
                    on_batch(Counts(unchanged=unchanged))
                yield from changed

        for batch in _full_batches(to_write(), BATCH):
            on_batch(self.write(batch, looked_up=True).counts)

    def plan(self, words: Iterable[Word], on_text: Callable[[str], None]) -> Counts:
        """Return what `index` would do; a text that comes under several ids is embedded once, and told `on_text`."""
        counts, fresh = Counts(), set[str]()
        for changed, unchanged in self._looked_up(words):
            plan = self._plan(changed, looked_up=True)
            new = plan.fresh.keys() - fresh
            for hash in new:
                on_text(plan.fresh[hash])
            counts += replace(plan.counts, embedded=len(new)) + Counts(unchanged=unchanged)
            fresh |= new
        return counts

    def write(self, words: Sequence[Word], *, looked_up: bool = False) -> Plan:
        """Write what of a batch is new or changed, and return what that was; of words with one id the last counts.

        `looked_up`: the caller knows that no word was stored as it is. The model, which may be slow, works before the
        lock is taken.
        """
        generations, embedded = self._store.generations, dict[str, Vectors]()
        state = (self._writes, generations.number)

        def prepared() -> tuple[Plan, Vectors]:
            embedded.clear()  # of a try during which the model was changed
            plan = self._plan(words, looked_up=looked_up)
            return plan, self._vectors(plan, embedded)

        plan, vectors = generations.read(prepared)
        with self._store.write_lock:
            self._replica.settle()
            if state != (self._writes, generations.number):  # another thread has written, or changed the model
                if state[1] != generations.number:
                    embedded.clear()
                plan = self._plan(words, looked_up=looked_up)
                vectors = self._vectors(plan, embedded)
            if plan.words:
                with self._changing([word.id for word in plan.words]):
                    self._store.words.write(plan.words, vectors, plan.stored)
                    self._replica.put(plan.words, vectors)
        return plan

    def delete(self, ids: Iterable[str]) -> int:
        """Delete words and return how many were there."""
        with self._store.write_lock:
            self._replica.settle()
            there = self._store.words.existing(list(dict.fromkeys(ids)))
            with self._changing(there):
                self._store.words.delete(there)
                self._replica.remove(there)
        return len(there)

    def _looked_up(self, words: Iterable[Word]) -> Iterator[tuple[list[Word], int]]:
        """Yield the words that are not stored as they are, and the number of those that are, a block at a time.

        The next block is looked up while this one is written: a look-up leaves Python free, as a write does not.
        """
        with ThreadPoolExecutor(1, "topicdex-unchanged") as pool:
            asked = ((block, pool.submit(self._store.words.unchanged, block)) for block in _batches(words, LOOKUP))
            for (block, unchanged), _ in pairwise(chain(asked, [([], Future[set[str]]())])):
                there = unchanged.result()
                changed = [word for word in block if word.id not in there]
                yield changed, len(block) - len(changed)

    def _plan(self, batch: Sequence[Word], *, looked_up: bool) -> Plan:
        """Find out what of a batch is new or changed; what came since the caller looked it up is known by its id."""
        table = self._store.words
        latest = {word.id: word for word in batch}
        unchanged = set[str]() if looked_up else table.unchanged(list(latest.values()))
        stored = table.known([id for id in latest if id not in unchanged])
        unchanged |= {id for id, known in stored.items() if known.fingerprint == fingerprint(latest[id])}
        words = [word for id, word in latest.items() if id not in unchanged]
        hashes = [text_hash(word.text) for word in words]
        vectors = table.vectors_of_texts(hashes)
        fresh = {hash: w.text for hash, w in zip(hashes, words, strict=True) if hash not in vectors}
        updated = sum(word.id in stored for word in words)
        counts = Counts(len(words) - updated, updated, len(latest) - len(words), len(fresh))
        return Plan(words, hashes, stored, vectors, fresh, counts)

    def _vectors(self, plan: Plan, embedded: dict[str, Vectors]) -> Vectors:
        """Return a vector for each word of a plan, (n, dimension); `embedded` keeps the new ones by hash."""
        fresh = {hash: text for hash, text in plan.fresh.items() if hash not in embedded}
        if fresh:
            embedded.update(zip(fresh, self._embedder().embed(list(fresh.values())), strict=True))
        known = {**embedded, **plan.vectors}
        return np.array([known[hash] for hash in plan.hashes], dtype=np.float32)

    @contextmanager
    def _changing(self, ids: Sequence[str]) -> Iterator[None]:
        """Wrap a change of the store and of memory; where it fails half way, read again which words are there."""
        self._replica.unsure.update(ids)
        try:
            yield
        except TopicdexError:
            with suppress(TopicdexError):  # where the store cannot be read now, the next change does this first
                self._replica.settle()
            raise
        finally:
            self._writes += 1  # at the end, for a plan that was made meanwhile may not know of this change
        self._replica.unsure.difference_update(ids)


def _batches(words: Iterable[Word], size: int) -> Iterator[list[Word]]:
    """Yield lists of `size` words, the last one shorter."""
    stream = iter(words)
    while batch := list(islice(stream, size)):
        yield batch


def _full_batches(words: Iterable[Word], size: int) -> Iterator[list[Word]]:
    """Yield lists of `size` words; the last words, where they are fewer, are part of the list before."""
    held: list[Word] = []
    for batch in _batches(words, size):
        if held and len(batch) == size:
            yield held
            held = []
        held += batch
    if held:
        yield held
