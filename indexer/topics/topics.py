"""The topics of a corpus: set, listed, matched to texts, and held against labelled ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from indexer.contract.evaluations import Calibration, Evaluation
from indexer.contract.service import Topics
from indexer.contract.topics import (
    ClassifiedWords,
    Kind,
    NullScores,
    Order,
    Thresholds,
    ThresholdSet,
    TopicAnswers,
    TopicChange,
    TopicChanged,
    TopicPreview,
    TopicRecord,
    TopicSet,
    TopicSizes,
)
from indexer.contract.words import Similarity
from indexer.embedders import Embedder
from indexer.errors import Conflict, InvalidRequest, NotFound, PreconditionFailed
from indexer.records import LabelledText, Topic, topic_of, valid_texts
from indexer.store.generations import of_one_model
from indexer.store.store import Store
from indexer.store.topics import TopicText, set_version
from indexer.topics import assessment, stored
from indexer.topics.answering import InUse, answers, without_topics
from indexer.topics.classification import classified
from indexer.topics.current import LABEL, CurrentTopics, labelled, read_current
from indexer.topics.null_scores import KeptNullScores
from indexer.topics.sizes import KeptSizes
from indexer.topics.texts import given_texts
from indexer.vectors import Vectors
from indexer.words.corpus import Corpus


class TopicIndex(Topics):
    """The set of topics; kept in memory, written to the store at every change.

    Other threads may change it at any time: a method that answers reads `current` once.
    """

    def __init__(
        self, store: Store, corpus: Corpus, embedder: Callable[[], Embedder], model_name: Callable[[], str]
    ) -> None:
        self._store = store
        self.generations = store.generations
        self._corpus = corpus
        self._embedder = embedder
        self._model_name = model_name
        self._null_scores = KeptNullScores(corpus)
        self._sizes = KeptSizes(corpus)
        self.load()

    def __len__(self) -> int:
        return len(self.current.texts)

    def load(self) -> None:
        """Read the topics, their prototypes and the thresholds from the store."""
        self.current = read_current(self._store)

    def reload_if_changed(self) -> None:
        """Read the topics again where another process has changed them."""
        with self._store.write_lock:
            if self._store.state() != self.current.state:
                self.load()

    @contextmanager
    def _changing(self, given: Sequence[Topic] = ()) -> Iterator[dict[str, Vectors]]:
        """Hold the write lock over a change of what the store has now, which another process may have changed.

        Give the vectors of all known texts and of the topics that are `given`, which are embedded before the lock is
        taken, and once more where the model was changed meanwhile.
        """
        generation, vectors = self.generations.number, self._embed_new(given)
        with self._store.write_lock:
            self.reload_if_changed()
            yield vectors if self.generations.number == generation else self._embed_new(given)

    def all(self) -> TopicSet:
        return TopicSet(topics=[_record(topic) for topic in self.current.topics])

    def get(self, name: str) -> TopicRecord:
        texts = self.current.texts.get(name)
        if texts is None:
            raise NotFound(f"there is no topic {name!r}")
        return _record(texts.topic())

    def replace(self, topics: Sequence[Topic | str]) -> TopicSet:
        given = [topic_of(topic) for topic in topics]
        with self._changing(given) as vectors:
            return self._change(given, vectors)

    def add(self, topics: Sequence[Topic | str]) -> TopicSet:
        given = [topic_of(topic) for topic in topics]
        with self._changing(given) as vectors:
            merged = {topic.name: topic for topic in (*self.current.topics, *given)}
            return self._change(list(merged.values()), vectors)

    def change(self, name: str, change: TopicChange, version: str | None = None) -> TopicChanged:
        self.reload_if_changed()
        self._check_version(name, version)  # before the model works for nothing
        named = name if change.name is None else change.name
        given = topic_of(Topic(named, change.description or "", tuple(change.examples or ())))
        with self._changing([given]) as vectors:
            self._check_version(name, version)
            if named != name and named in self.current.texts:
                raise Conflict(f"there is a topic {named!r} already; give another name, or delete that topic first")
            fields = {field: getattr(given, field) for field in change.model_dump(exclude_none=True)}
            topics = [replace(t, **fields) if t.name == name else t for t in self.current.topics]
            changed = self._change(topics, vectors, {name: named})
            return TopicChanged(**self.get(named).model_dump(), adaptation=changed.adaptation)

    def delete(self, name: str) -> TopicSet:
        with self._changing():
            self.get(name)
            return self._change([topic for topic in self.current.topics if topic.name != name], {})

    @of_one_model
    def preview(self, topics: Sequence[Topic | str], texts: Sequence[str] = (), k: int = 2) -> TopicPreview:
        given, asked = [topic_of(topic) for topic in topics], valid_texts(texts)
        vectors, current = self._embed_new(given), self.current
        before = after = current.used()
        if (version := set_version(rows := _rows(given, vectors))) != current.version:
            texts_of, label = labelled(rows)
            key, kept = (version, None, current.generation), _kept_thresholds(current, label.names)
            after = InUse(key, LABEL, label, kept, texts_of)
        found, moved, examples = stored.moves(self._corpus.load().view(), before, after)
        return TopicPreview(
            words=found.words,
            moved=moved,
            prototypes=before.kind,
            sizes=found.topics,
            none=found.none,
            examples=examples,
            results=self._answers(after, asked, k).results if asked else [],
        )

    def similarity(self) -> Similarity:
        used = self.current.used().prototypes
        matrix = np.clip(used.vectors @ used.vectors.T, -1, 1)
        return Similarity(rows=list(used.names), columns=list(used.names), matrix=matrix.tolist())

    @of_one_model
    def sizes(self) -> TopicSizes:
        return self._sizes.get(self.current.used())

    def activate(self, clustering: str, version: str) -> None:
        """Answer from the prototypes of a clustering that grew from the topics `version`.

        Raises Conflict where they have changed since, NotFound where the clustering is gone.
        """
        with self._changing():
            if version != self.current.version:
                raise Conflict(f"the topics have changed since the clustering {clustering}; adapt again")
            self._store.clusterings.prototypes(clustering)  # raises before the state names one that is not there
            self._store.update_state(active=clustering)
            self.load()

    def deactivate(self) -> None:
        with self._changing():
            self._store.update_state(active=None)
            self.load()

    @of_one_model
    def nearest(self, texts: Sequence[str], k: int = 2, prototypes: Kind | None = None) -> TopicAnswers:
        return self._answers(self.current.used(prototypes), texts, k)

    def classify(self, topic: str | None = None) -> Iterator[str]:
        used, pages = self.generations.read(lambda: (self._used_with(topic), self._corpus.pages()))
        return classified(pages, used, topic)

    @of_one_model
    def words(self, order: Order, topic: str | None = None, limit: int = 100) -> ClassifiedWords:
        used = self._used_with(topic)
        return ClassifiedWords(words=stored.ordered(self._corpus.load().view(), used, order, topic, limit))

    @of_one_model
    def null_scores(self) -> NullScores:
        current = self.current
        return self._null_scores.measure(current.used(), current.used(LABEL))

    def thresholds(self) -> ThresholdSet:
        used = self.current.used()
        return ThresholdSet(**_fields(used.thresholds), prototypes=used.kind)

    def set_thresholds(self, thresholds: Thresholds) -> ThresholdSet:
        with self._changing():
            unknown = sorted(thresholds.topics.keys() - self.current.texts.keys())
            if unknown:
                raise InvalidRequest(f"there is no topic {unknown[0]!r}; set thresholds of topics that are there")
            every = {key: _fields(value) for key, value in self.current.thresholds.items()}
            every[self.current.active or LABEL] = _fields(thresholds)
            self._store.update_state(thresholds=every)
            self.load()
            return self.thresholds()

    @of_one_model
    def evaluate(self, rows: Sequence[LabelledText]) -> Evaluation:
        return assessment.evaluate(self.current.used(), rows, self._embed_asked)

    def calibrate(self, rows: Sequence[LabelledText], precision: float = 0.9, *, apply: bool = True) -> Calibration:
        def measured() -> tuple[InUse, Calibration]:
            used = self.current.used()
            return used, assessment.calibrate(used, rows, self._embed_asked, precision)

        used, found = self.generations.read(measured)
        if apply:
            with self._changing():
                if self.current.used().key != used.key:
                    raise Conflict("the topics have changed while their thresholds were measured; calibrate again")
                self.set_thresholds(found.thresholds)
        return found

    def _embed(self, texts: Sequence[str]) -> Vectors:
        return self._embedder().embed(texts)

    def _embed_asked(self, texts: Sequence[str]) -> Vectors:
        return self._embedder().embed(texts, "query")

    def _used_with(self, topic: str | None) -> InUse:
        """Return what answers; raise NotFound where a topic is named that is not set."""
        used = self.current.used()
        if topic is not None and topic not in used.texts:
            raise NotFound(f"there is no topic {topic!r}")
        return used

    def _check_version(self, name: str, version: str | None) -> None:
        """Raise NotFound, and PreconditionFailed where a version is given and the topic has another one."""
        if self.get(name).version != version and version is not None:
            raise PreconditionFailed(f"the topic {name!r} has changed meanwhile; read it again, and change what is now")

    def _answers(self, used: InUse, texts: Sequence[str], k: int) -> TopicAnswers:
        if not len(used.prototypes):
            return without_topics(used, texts, self._model_name())
        null = self._null_scores.get(used)
        embedder = self._embedder()
        vectors, cut = embedder.embed(texts, "query"), embedder.truncated(texts, "query")
        return answers(used, null, texts, vectors, cut, k, embedder.identity.name)

    def _embed_new(self, topics: Sequence[Topic]) -> dict[str, Vectors]:
        """Return the vectors of all known texts and of these topics; call it unlocked, since the model may be slow."""
        known = self.current.vectors_by_text()
        new = list(dict.fromkeys(text for topic in topics for _, text in given_texts(topic) if text not in known))
        return known | dict(zip(new, self._embed(new), strict=True)) if new else known

    def _change(
        self, topics: Sequence[Topic], vectors: Mapping[str, Vectors], renamed: Mapping[str, str] = MappingProxyType({})
    ) -> TopicSet:
        """Write the set beside the old one, then make it the current one in one step.

        `vectors` are those of new texts, `renamed` the new names of topics that have another one now.
        """
        current = self.current
        rows = _rows(topics, {**vectors, **current.vectors_by_text()})
        version = set_version(rows)
        if version == current.version:
            return self.all()
        if rows:
            self._store.topics.write(version, rows, np.stack([row.vector for row in rows]))
        kept = _kept_thresholds(current, [topic.name for topic in topics], renamed)
        self._store.update_state(topics=version, active=None, thresholds={LABEL: _fields(kept)})
        self.load()
        before = current.state.get("topics", "")
        if before != version:  # that one alone: another may be in the making in another process
            self._store.topics.drop(before)
        return self.all().model_copy(update={"adaptation": "deactivated"} if current.active is not None else {})


def _rows(topics: Sequence[Topic], vectors: Mapping[str, Vectors]) -> list[TopicText]:
    """Return the texts of the topics with their vectors."""
    return [TopicText(t.name, role, text, vectors[text]) for t in topics for role, text in given_texts(t)]


def _kept_thresholds(
    current: CurrentTopics, names: Sequence[str], renamed: Mapping[str, str] = MappingProxyType({})
) -> Thresholds:
    """Return the thresholds that topics of these names have once they are the whole set."""
    label = current.thresholds.get(LABEL, Thresholds())
    own = {renamed.get(name, name): least for name, least in label.topics.items()}
    return label.model_copy(update={"topics": {name: least for name, least in own.items() if name in names}})


def _record(topic: Topic) -> TopicRecord:
    return TopicRecord.model_validate(topic, from_attributes=True)


def _fields(thresholds: Thresholds) -> dict[str, Any]:
    return thresholds.model_dump(include={"score", "margin", "topics"})
