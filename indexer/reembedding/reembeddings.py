"""The change of a store's model: its words, topics and clusterings are embedded anew beside the old, then exchanged."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from indexer.contract import runs
from indexer.contract.reembeddings import OtherModel, Reembedded, ReembeddingList
from indexer.embedders import Embedder, ModelIdentity
from indexer.errors import Conflict, InvalidRequest, ModelMismatch, NotFound
from indexer.progress import Progress
from indexer.reembedding.carrying import Carrier
from indexer.store.other import OtherSet
from indexer.store.store import Store
from indexer.topics.topics import TopicIndex
from indexer.words.corpus import Corpus

_FEW = 64  # words that are carried while no other thread can write
_TRIES = 10  # until these are few; then however many they are
_CARRIED, _READ, _MADE = 0.9, 0.93, 0.98  # shares of the work that are done then
OnWords = Callable[[int, int], None]  # called with how many words have their vectors, and how many texts were embedded


class Reembeddings(runs.Reembeddings):
    """The changes of one store's model; one at a time.

    `load` returns a model, `use` makes the engine answer with it, `to_load` gives what loads the model of a name.
    """

    def __init__(
        self,
        store: Store,
        corpus: Corpus,
        topics: TopicIndex,
        *,
        load: Callable[[str], Embedder],
        use: Callable[[Embedder, str], None],
        to_load: Callable[[str], str],
    ) -> None:
        self._store = store
        self._corpus = corpus
        self._topics = topics
        self._load = load
        self._use = use
        self._to_load = to_load
        self._running = threading.Lock()

    def make(self, model: str, progress: Progress | None = None) -> Reembedded:
        return self.run(model, progress or (lambda _share: None), lambda _words, _embedded: None)

    def back(self, progress: Progress | None = None, model: str | None = None) -> Reembedded:
        kept = self.kept_to_load()
        return self.make(model or kept, progress)

    def all(self) -> ReembeddingList:
        other = self._store.others.find()
        found = other and OtherModel(model=other.model.name, words=other.words.count(), kept=other.kept)
        return ReembeddingList(model=self._store.model_name(), other=found)

    def forget(self) -> ReembeddingList:
        with self._alone():
            if self._store.others.find() is None:
                raise NotFound("no vectors of another model lie beside those in use; there is nothing to forget")
            with self._store.write_lock:
                self._store.others.drop()
            return self.all()

    def abandon(self) -> ReembeddingList:
        other = self._store.others.find()
        if other is not None and other.kept:
            raise Conflict(f"the vectors of {other.model.name} are kept to go back to; give --forget to remove them")
        return self.forget()

    def kept_to_load(self) -> str:
        """Return what loads the model to go back to; raises NotFound."""
        other = self._store.others.find()
        if other is None or not other.kept:
            raise NotFound("no vectors of an earlier model are kept; change the model with topicdex reembed --model")
        return self._to_load(other.model.name)

    def run(self, model: str, progress: Progress, on_words: OnWords) -> Reembedded:
        """Change the model as `make` does; `on_words` is called after each batch."""
        with self._alone():
            progress(0.0)
            present = self._store.model()
            if present is None or not self._store.holds_vectors():
                raise InvalidRequest("the store holds no vectors yet; it takes the model of the first words")
            embedder = self._load(model)
            if embedder.identity == present:
                raise InvalidRequest(f"the vectors are of {present.name} already; name another model")
            notes: list[str] = []
            other = self._place(embedder.identity, notes)
            carrier = Carrier(self._store, other, embedder)
            self._change(carrier, embedder, model, progress, on_words)
            if self._topics.thresholds().any:
                notes.append(
                    f"thresholds came along, and were set for the scores of {present.name}; those of "
                    f"{embedder.identity.name} lie elsewhere: topicdex calibrate sets new ones"
                )
            return Reembedded(
                model=embedder.identity.name,
                before=present.name,
                words=self._store.words.count(),
                embedded=carrier.embedded,
                notes=notes,
            )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if self._store.mode == "server":
            raise Conflict(
                "the model of a store on a Chroma server cannot be changed: its other processes would go on with the "
                "old one; index again into another database with the new --model"
            )
        if not self._running.acquire(blocking=False):
            raise Conflict("the model is being changed already; wait for its end, or cancel it")
        try:
            yield
        finally:
            self._running.release()

    def _place(self, model: ModelIdentity, notes: list[str]) -> OtherSet:
        """Return the other set of this model: what is there of it, or an empty one; check the disk first."""
        other = self._store.others.find()
        there = other if other is not None and other.model == model else None
        if other is not None and there is None:
            if other.model.name == model.name and other.kept:
                raise ModelMismatch(
                    f"the kept vectors are of {other.model.name} ({other.model.revision}), found was revision "
                    f"{model.revision}; give --model with the folder of that revision, or --forget them first"
                )
            what = "vectors that were kept to go back to" if other.kept else "begun vectors"
            notes.append(f"the {what} of {other.model.name} are removed, {other.words.count()} words")
        self._store.check_room(model.dimension, 0 if there is None else there.words.count())
        if there is not None:
            return there
        with self._store.write_lock:
            return self._store.begin_other(model)

    def _change(self, carrier: Carrier, embedder: Embedder, model: str, progress: Progress, on_words: OnWords) -> None:
        def report(done: int, total: int) -> None:
            on_words(done, carrier.embedded)
            progress(_CARRIED * done / max(1, total))

        self._noted()  # from now on
        try:
            carrier.all_words(report)
            if self._corpus.memory is not None:
                carrier.read_memory()
            progress(_READ)
            for turn in range(_TRIES):
                carrier.words(list(self._noted()))
                carrier.topics()
                carrier.make_clusterings()
                progress(_MADE)
                # the lock of loading first, as whoever loads takes them in that order
                with self._corpus.replica.exchanging(), self._store.write_lock:
                    self._corpus.replica.settle()
                    late = turn == _TRIES - 1
                    if late or (len(self._store.noted or ()) <= _FEW and not carrier.missing_clusterings()):
                        self._exchange(carrier, embedder, model)
                        break
            on_words(self._store.words.count(), carrier.embedded)
        finally:
            self._store.noted = None

    def _exchange(self, carrier: Carrier, embedder: Embedder, model: str) -> None:
        """Carry the last changes and exchange the sets; the caller holds the write lock, so there are no further."""
        carrier.words(list(self._noted()))
        carrier.topics()
        carrier.make_clusterings()
        carrier.clusterings()
        with self._store.generations.changing():
            self._store.exchange()
            self._use(embedder, model)
            # the words before the topics: whoever reads topics of this generation then finds words of it
            self._corpus.replica.exchange(carrier.memory)
            self._topics.load()

    def _noted(self) -> set[str]:
        """Return the ids of the words that have changed since the last call."""
        with self._store.write_lock:
            noted, self._store.noted = self._store.noted or set(), set()
        return noted
