"""The repair of a store that the doctor has examined: rebuilt beside the old one, checked, and put in its place.

Nothing is lost at any moment. A table is written into a new collection, inspected row by row, and replaces the old one
in a step that the next opening finishes where it is cut off; until then the old one stays as it is. That takes the
disk space of the table a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from indexer.embedders import Embedder
from indexer.errors import InvalidRequest, ModelMismatch, StoreUnavailable
from indexer.store.checksums import agrees
from indexer.store.clusterings import ClusteringTable, InspectedClustering
from indexer.store.doctor import (
    EMBEDDED_AGAIN,
    Examination,
    active_answers,
    agree,
    examine,
    lost,
    stopped,
    topics_in_use,
)
from indexer.store.proof import SAME, prove_topics, prove_words
from indexer.store.snapshot.mapped import Snapshot
from indexer.store.store import Store
from indexer.store.topics import TopicTable
from indexer.store.words import InspectedWord, WordTable
from indexer.vectors import Vectors

_BATCH = 1_024  # words a write
_FEW = 100  # a sound index may leave one word in so many unreachable
_PROVED_ON = 100  # words that show which model made the vectors
_STOPPED = {"status": "failed", "error": "its process ended before it was done; make another"}
_INDEX = ("count", "gone", "wrong", "lost")  # faults that only a new index ends


def mend_cut_off(
    store: Store, model_name: str, load: Callable[[str], Embedder], on_message: Callable[[str], None]
) -> None:
    """Build the index of the words again that a kill has cut off, from the snapshot and, where that has not all, anew.

    Raises StoreUnavailable where the model is paid by the text.
    """
    if (store.model_name() or model_name).startswith("openai:"):
        raise StoreUnavailable(
            "the index was cut off by a kill or a full disk; run topicdex doctor --repair, which says what it costs: "
            "nothing for the vectors that the snapshot or the cache has"
        )
    on_message("the index was cut off by a kill or a full disk; it is built again")
    store.discard_cut_off()
    Repair(store, examine(store, None), model_name, load, on_message).run()


@dataclass(frozen=True)
class Repair:
    """The repair of one store: `load` returns a model by its name, and is called when the first text needs it.

    `model_name`: the model of a store that has forgotten its own; `on_message` is called with each line of progress.
    """

    store: Store
    examination: Examination
    model_name: str
    load: Callable[[str], Embedder]
    on_message: Callable[[str], None] = lambda _message: None

    @property
    def costs_money(self) -> bool:
        """Tell whether the store's model is paid by the text."""
        return self._name().startswith("openai:")

    def check(self, *, yes: bool) -> None:
        """Raise InvalidRequest where the repair would cost money or remove words, and `yes` does not allow it."""
        again = self._to_embed + self.examination.unproven
        blank = self.examination.count("blank")
        if again and self.costs_money and not yes:
            texts = agree(again, "{text|texts} would be embedded again")
            raise InvalidRequest(f"{again} {texts} by {self._name()}, for money; give --yes")
        if blank and not yes:
            raise InvalidRequest(
                f"{blank} {agree(blank, '{word has|words have} no text and would be removed')}; give --yes"
            )

    def run(self) -> None:
        """Mend all that can be mended; cut off at any moment, it can be run again.

        Raises ModelMismatch where the store has forgotten its model and its vectors are not of the given one,
        StoreUnavailable where the rebuilt table is not whole; the old one is then as it was.
        """
        count = self.examination.count
        self._announce(self._to_embed)
        if count("snapshot"):
            self.store.snapshots.drop()
            self.on_message("the snapshot is removed; it is written again when it is needed")
        for table in self.store.rebuildings.unfinished():
            self.store.rebuildings.abandon(table)
        if count("format", "model"):
            self._restore_identity()
        wrong = self.prove()
        if wrong or (count(*_INDEX) and not self._linked_again()):
            self._rebuild_words()
        elif count("foreign", "changed", "blank"):
            self._rewrite_words()
        if topics_in_use(self.store).faults.total():
            self._rebuild_topics()
        clusterings = self.store.clusterings.inspect()
        if not active_answers(self.store, clusterings):
            self.store.update_state(active=None)
            self.on_message("topic lookups answer from the plain topics")
        if count("runs_damaged", "runs_orphans", "runs_stopped"):
            self._rebuild_clusterings(clusterings)
        if count("maps_damaged", "maps_orphans", "maps_stopped"):
            self._mend_maps()

    def prove(self) -> int:
        """Embed the texts of all unproven vectors again, write their checksums, and return how many words are wrong.

        Nothing is done where the store has forgotten its model. Raises ModelMismatch.
        """
        if not self.examination.unproven or self.store.model() is None:
            return 0
        self._announce(self.examination.unproven)
        words, topics = prove_words(self.store, self._embedder), prove_topics(self.store, self._embedder)
        wrong = words + topics
        self.on_message(f"{wrong or 'none'} of these {agree(wrong, '{has|have}')} a vector that is not of the text")
        return words

    def _announce(self, again: int) -> None:
        if again:
            self.on_message(f"{again} {agree(again, '{text|texts}')} will be embedded again by {self._name()}")

    def _name(self) -> str:
        return self.store.model_name() or self.model_name

    @cached_property
    def _embedder(self) -> Embedder:
        embedder = self.load(self._name())
        stored = self.store.model()
        if stored is not None and stored != embedder.identity:
            raise ModelMismatch(
                f"the store holds vectors of {stored}, found was {embedder.identity}; "
                "install that revision, or index again into another --data"
            )
        return embedder

    def _restore_identity(self) -> None:
        """Write the format, and the given model where the stored vectors prove to be its own."""
        if self.store.model() is not None or not self.store.words.count():
            self.store.restore_identity(self.store.model())
            return
        identity = self._embedder.identity
        sample: list[InspectedWord] = []
        for words in self.store.words.inspect():
            sample += [word for word in words if word.vector is not None]
            if len(sample) >= _PROVED_ON:
                break
        if sample := sample[:_PROVED_ON]:
            again = self._embedder.embed([word.word.text for word in sample])
            stored = np.stack([word.vector for word in sample if word.vector is not None])
            if again.shape != stored.shape or float(np.median((again * stored).sum(axis=1))) < SAME:
                raise ModelMismatch(
                    f"the stored vectors are not of {identity.name}, and the store has forgotten whose they are; "
                    "give the --model that made them, or index again into another --data"
                )
        self.store.restore_identity(identity)
        self.on_message(f"the vectors are of {identity.name}")

    def _with_vectors(self, words: Sequence[InspectedWord]) -> tuple[list[InspectedWord], Vectors]:
        """Return those words that have a text, and a vector for each: the stored one, or a new one."""
        kept = [word for word in words if word.fault != "blank"]
        known = {word.word.id: word.vector for word in kept if word.vector is not None} | self._saved(kept)
        texts = list(dict.fromkeys(word.word.text for word in kept if word.word.id not in known))
        fresh = dict(zip(texts, self._embedder.embed(texts), strict=True)) if texts else {}
        rows = [known[word.word.id] if word.word.id in known else fresh[word.word.text] for word in kept]
        return kept, np.array(rows, dtype=np.float32)

    @cached_property
    def _to_embed(self) -> int:
        """The number of texts that must be embedded again; vectors that are gone may be in the snapshot."""
        count = self.examination.count
        if not count("gone") or self._snapshot is None:
            return count(*EMBEDDED_AGAIN)
        return count(*EMBEDDED_AGAIN) - sum(len(self._saved(words)) for words in self.store.words.inspect())

    @cached_property
    def _snapshot(self) -> Snapshot | None:
        """The snapshot as it was before the repair; it can be read until then, and after it was dropped."""
        found = self.store.snapshots.read()
        return found and found[0]

    def _saved(self, words: Sequence[InspectedWord]) -> dict[str, Vectors]:
        """Return those vectors that are gone and stand in the snapshot, by id; their checksums prove each."""
        gone = [word.word for word in words if word.fault == "gone"]
        if not gone or self._snapshot is None:
            return {}
        noted = self.store.words.with_checksums([word.id for word in gone])
        rows = {word.id: self._snapshot.row_of(word.id) for word in gone}
        return {
            word.id: self._snapshot.vectors[row]
            for word in gone
            if (row := rows[word.id]) is not None
            and isinstance(checksum := noted[word.id][1], str)
            and self._snapshot.texts([row]) == [word.text]
            and agrees(self._snapshot.vectors[row], checksum)
        }

    def _mended(self, only_faulty: bool) -> Iterator[tuple[list[InspectedWord], Vectors]]:
        """Yield the words with their vectors, in their order, as many as are written at once."""
        for words in self.store.words.inspect():
            chosen = [word for word in words if word.fault is not None or not only_faulty]
            for i in range(0, len(chosen), _BATCH):
                yield self._with_vectors(chosen[i : i + _BATCH])

    def _rebuild_words(self) -> None:
        total = self.examination.words
        with self.store.rebuilding("words") as collection:
            table, written = WordTable(collection), 0
            for words, vectors in self._mended(only_faulty=False):
                table.restore(words, vectors)
                tenths, written = 10 * written // total, written + len(words)
                if 10 * written // total > tenths:
                    self.on_message(f"{written} of {total} words are in the new index")
            sound = sum(word.fault is None for words in table.inspect() for word in words)
            expected = total - self.examination.count("blank")
            if sound != written or written < expected:
                raise StoreUnavailable(
                    f"of {expected} words only {sound} came back from the new index; "
                    "the old one is as it was, run again"
                )

    def _linked_again(self) -> bool:
        """Write the unreachable words again where these are few and the only fault; return whether that mended them."""
        few = self.examination.words // _FEW
        count = self.examination.count
        if count(*_INDEX) != count("lost") or count("lost") > few:
            return False
        for words in self.store.words.inspect():
            missed = set(lost(self.store, words))
            again = [word for word in words if word.word.id in missed]
            if again:
                self.store.words.restore(again, np.array([word.vector for word in again], dtype=np.float32))
            if lost(self.store, again):
                return False
        self.on_message("words that no other led to are linked again")
        return True

    def _rewrite_words(self) -> None:
        blank = [word.word.id for words in self.store.words.inspect() for word in words if word.fault == "blank"]
        self.store.words.delete(blank)
        for words, vectors in list(self._mended(only_faulty=True)):
            self.store.words.restore(words, vectors)
        self.on_message("words that another program had written are ours")

    def _rebuild_topics(self) -> None:
        present = topics_in_use(self.store).present
        texts = [] if present is None else list(present.texts)
        if present is not None and present.broken:
            vectors = self._embedder.embed([texts[i].text for i in present.broken])
            for i, vector in zip(present.broken, vectors, strict=True):
                texts[i] = replace(texts[i], vector=vector)
        version = "" if present is None else present.version
        with self.store.rebuilding("topics") as collection:
            if texts:
                TopicTable(collection).write(version, texts, np.stack([text.vector for text in texts]))
        if self.store.state().get("topics") != version:
            self.store.update_state(topics=version)
        self.on_message(f"{len(texts)} topic {agree(len(texts), '{text is|texts are}')} kept")

    def _rebuild_clusterings(self, clusterings: Sequence[InspectedClustering]) -> None:
        kept = 0
        with self.store.rebuilding("clusterings") as collection:
            table = ClusteringTable(collection, self.store.dimension)
            for clustering in clusterings:
                if clustering.stored is None or clustering.damaged:
                    continue
                stored = clustering.stored
                if stopped(self.store, clustering):
                    stored = stored.updated(**_STOPPED)
                table.write(stored, clustering.prototypes)
                kept += 1
        self.on_message(f"{kept} {agree(kept, '{clustering is|clusterings are}')} kept")

    def _mend_maps(self) -> None:
        for found in self.store.maps.inspect():
            if found.stored is None or found.damaged:
                self.store.maps.discard(found)
                self.on_message(f"the map {found.id} is removed; draw another")
            elif stopped(self.store, found):
                self.store.maps.write(found.stored.updated(**_STOPPED))
