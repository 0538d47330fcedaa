"""Mending a store that the doctor has examined: rebuilt beside the old one, checked, and put in its place.

Nothing is lost at any moment. A part is written into a new collection, looked at row by row, and takes the place of
the old one in a step that the next opening finishes where it is cut off; until then the old one stays as it is. That
takes the disk space of the part a second time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from indexer.embedders import Embedder
from indexer.errors import InvalidRequest, ModelMismatch, StoreUnavailable
from indexer.store.clusterings import ClusteringTable, InspectedClustering
from indexer.store.doctor import EMBEDDED_AGAIN, Examination, active_answers, lost, stopped, topics_in_use
from indexer.store.store import Store
from indexer.store.topics import TopicTable
from indexer.store.words import InspectedWord, WordTable
from indexer.vectors import Vectors

_BATCH = 1_024  # words a write
_SAME = 0.99  # cosine over which a text embedded again is the stored one; other models give 0.1 or so
_FEW = 100  # one word in so many may be left without a link by an index that is sound
_PROVED_ON = 100  # words that show which model made the vectors
_INDEX = ("count", "gone", "wrong", "lost")  # faults that only another index ends


@dataclass(frozen=True)
class Repair:
    """The mending of one store: `load` gives the model that the settings name, by name, when a text needs it."""

    store: Store
    examination: Examination
    model_name: str
    load: Callable[[str], Embedder]
    told: Callable[[str], None] = lambda _message: None

    def check(self, *, yes: bool) -> None:
        """Raise InvalidRequest where mending would cost money or remove words, and `yes` does not allow it."""
        again, blank = self.examination.count(*EMBEDDED_AGAIN), self.examination.count("blank")
        if again and self._name().startswith("openai:") and not yes:
            raise InvalidRequest(f"{again} texts would be embedded again by {self._name()}, for money; give --yes")
        if blank and not yes:
            raise InvalidRequest(f"{blank} words have no text and would be removed; give --yes")

    def run(self) -> None:
        """Mend all that can be mended; cut off at any moment, it can be run again.

        Raises ModelMismatch where the store has forgotten its model and the vectors are not of the one that was
        given, StoreUnavailable where what was rebuilt is not whole: the old is as it was then.
        """
        count = self.examination.count
        if again := count(*EMBEDDED_AGAIN):
            self.told(f"{again} texts will be embedded again by {self._name()}")
        for part in self.store.unfinished():
            self.store.abandon(part)
        if count("format", "model"):
            self._vouch()
        if count(*_INDEX) and not self._linked_again():
            self._rebuild_words()
        elif count("foreign", "changed", "blank"):
            self._rewrite_words()
        if topics_in_use(self.store).faults.total():
            self._rebuild_topics()
        runs = self.store.clusterings.inspect()
        if not active_answers(self.store, runs):
            self.store.update_state(active=None)
            self.told("topic lookups answer from the plain topics")
        if count("runs_damaged", "runs_orphans", "runs_stopped"):
            self._rebuild_runs(runs)

    def _name(self) -> str:
        return self.store.model_name() or self.model_name

    def _embedder(self) -> Embedder:
        embedder = self.load(self._name())
        stored = self.store.model()
        if stored is not None and stored != embedder.identity:
            raise ModelMismatch(
                f"the store holds vectors of {stored.name} ({stored.revision}), found was {embedder.identity.name} "
                f"({embedder.identity.revision}); install that revision, or index again into another --data"
            )
        return embedder

    def _vouch(self) -> None:
        """Write the format, and the model that was given where the vectors that are whole prove to be its own."""
        if self.store.model() is not None or not self.store.words.count():
            self.store.vouch(self.store.model())
            return
        embedder = self._embedder()
        proof: list[InspectedWord] = []
        for words in self.store.words.inspect():
            proof += [word for word in words if word.vector is not None]
            if len(proof) >= _PROVED_ON:
                break
        if proof := proof[:_PROVED_ON]:
            again = embedder.embed([word.word.text for word in proof])
            stored = np.stack([word.vector for word in proof if word.vector is not None])
            if again.shape != stored.shape or float(np.median((again * stored).sum(axis=1))) < _SAME:
                raise ModelMismatch(
                    f"the stored vectors are not of {embedder.identity.name}, and the store has forgotten whose they "
                    "are; give the --model that made them, or index again into another --data"
                )
        self.store.vouch(embedder.identity)
        self.told(f"the vectors are of {embedder.identity.name}")

    def _whole(
        self, words: Sequence[InspectedWord], embedder: Callable[[], Embedder]
    ) -> tuple[list[InspectedWord], Vectors]:
        """Return those words that have a text, and a vector for each: the stored one, or a new one."""
        kept = [word for word in words if word.fault != "blank"]
        texts = list(dict.fromkeys(word.word.text for word in kept if word.vector is None))
        fresh = dict(zip(texts, embedder().embed(texts), strict=True)) if texts else {}
        rows = [fresh[word.word.text] if word.vector is None else word.vector for word in kept]
        return kept, np.array(rows, dtype=np.float32)

    def _mended(self, only_faulty: bool) -> Iterator[tuple[list[InspectedWord], Vectors]]:
        """Yield the words with their vectors, in their order, as many as are written at once."""
        loaded: list[Embedder] = []

        def embedder() -> Embedder:
            if not loaded:
                loaded.append(self._embedder())
            return loaded[0]

        for words in self.store.words.inspect():
            chosen = [word for word in words if word.fault is not None or not only_faulty]
            for i in range(0, len(chosen), _BATCH):
                yield self._whole(chosen[i : i + _BATCH], embedder)

    def _rebuild_words(self) -> None:
        total = self.examination.words
        with self.store.rebuilding("words") as collection:
            table, written = WordTable(collection, changed=lambda _ids: None), 0
            for words, vectors in self._mended(only_faulty=False):
                table.restore(words, vectors)
                tenths, written = 10 * written // total, written + len(words)
                if 10 * written // total > tenths:
                    self.told(f"{written} of {total} words are in the new index")
            sound = sum(word.fault is None for words in table.inspect() for word in words)
            expected = total - self.examination.count("blank")
            if sound != written or written < expected:
                raise StoreUnavailable(
                    f"of {expected} words only {sound} came back from the new index; "
                    "the old one is as it was, run again"
                )

    def _linked_again(self) -> bool:
        """Write words again that few or no others lead to, which links them anew; tell whether that was all."""
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
        self.told("words that no other led to are linked again")
        return True

    def _rewrite_words(self) -> None:
        blank = [word.word.id for words in self.store.words.inspect() for word in words if word.fault == "blank"]
        self.store.words.delete(blank)
        for words, vectors in list(self._mended(only_faulty=True)):
            self.store.words.restore(words, vectors)
        self.told("words that another program had written are ours")

    def _rebuild_topics(self) -> None:
        present = topics_in_use(self.store).present
        parts = [] if present is None else list(present.parts)
        if present is not None and present.broken:
            vectors = self._embedder().embed([parts[i].text for i in present.broken])
            for i, vector in zip(present.broken, vectors, strict=True):
                parts[i] = replace(parts[i], vector=vector)
        version = "" if present is None else present.version
        with self.store.rebuilding("topics") as collection:
            if parts:
                TopicTable(collection).write(version, parts, np.stack([part.vector for part in parts]))
        if self.store.state().get("topics") != version:
            self.store.update_state(topics=version)
        self.told(f"{len(parts)} topic texts are kept")

    def _rebuild_runs(self, runs: Sequence[InspectedClustering]) -> None:
        kept = 0
        with self.store.rebuilding("clusterings") as collection:
            table = ClusteringTable(collection, self.store.dimension)
            for run in runs:
                if run.stored is None or run.damaged:
                    continue
                stored = run.stored
                if stopped(self.store, run):
                    stored = stored.updated(status="failed", error="its process ended before it was done; make another")
                table.write(stored, run.prototypes)
                kept += 1
        self.told(f"{kept} clusterings are kept")
