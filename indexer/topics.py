"""The topics as a caller meets them: set, list, and which of them is nearest to a text."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from indexer.answers import ThresholdSet, TopicAnswer, TopicMatch, TopicSet, TopicShown
from indexer.embedders import Embedder, Vectors, unit
from indexer.errors import InvalidRequest, NotFound
from indexer.prototypes import Prototypes, Ranking, Thresholds, rank, verdict
from indexer.records import Topic, text_hash
from indexer.store import Store, TopicPart
from indexer.store.topics import set_version

Kind = Literal["label", "adapted"]


@dataclass(frozen=True)
class _Present:
    """The topics in use: as they were given, and their prototypes."""

    topics: tuple[Topic, ...]
    parts: tuple[TopicPart, ...]
    label: Prototypes
    thresholds: Thresholds


class TopicIndex:
    """The set of topics; kept in memory, written to the store at every change."""

    def __init__(
        self, store: Store, embedder: Callable[[], Embedder], model_name: str, write_lock: threading.RLock
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._model_name = model_name
        self._write_lock = write_lock
        self.load()

    def __len__(self) -> int:
        return len(self._present.topics)

    def load(self) -> None:
        """Read the present topics and thresholds from the store."""
        state = self._store.state
        version = state.get("topics", "")
        parts = self._store.topics.read(version) if version else []
        self._present = _Present(
            _topics(parts), tuple(parts), _label_prototypes(parts), Thresholds(**state.get("thresholds", {}))
        )

    def all(self) -> TopicSet:
        """Return all topics in their order."""
        return TopicSet(topics=[_shown(topic) for topic in self._present.topics])

    def replace(self, topics: Sequence[Topic]) -> TopicSet:
        """Make `topics`, whose names differ, the whole set."""
        with self._write_lock:
            return self._change(tuple(topics))

    def add(self, topics: Sequence[Topic]) -> TopicSet:
        """Add topics, or replace those with the same name in their place."""
        with self._write_lock:
            merged = {topic.name: topic for topic in (*self._present.topics, *topics)}
            return self._change(tuple(merged.values()))

    def delete(self, name: str) -> TopicSet:
        """Delete one topic; raises NotFound."""
        with self._write_lock:
            kept = tuple(topic for topic in self._present.topics if topic.name != name)
            if len(kept) == len(self._present.topics):
                raise NotFound(f"there is no topic {name!r}")
            return self._change(kept)

    def nearest(self, texts: Sequence[str], k: int, prototypes: Kind | None = None) -> list[TopicAnswer]:
        """Return the nearest topics of each text; `prototypes="label"` passes over an adaptation."""
        present = self._present
        if not present.topics:
            return [self._answer(text, Ranking((), (), None), present, False) for text in texts]
        embedder = self._embedder()
        rankings = rank(present.label.scores(embedder.embed(texts)), k)
        return [
            self._answer(text, ranking, present, cut)
            for text, ranking, cut in zip(texts, rankings, embedder.truncated(texts), strict=True)
        ]

    @property
    def thresholds(self) -> ThresholdSet:
        """Return the thresholds of the prototypes in use."""
        used = self._present.thresholds
        return ThresholdSet(score=used.score, margin=used.margin, topics=used.topics)

    def set_thresholds(self, thresholds: Thresholds) -> ThresholdSet:
        """Set the thresholds of the prototypes in use; raises InvalidRequest for a topic that is not set."""
        unknown = sorted(thresholds.topics.keys() - {topic.name for topic in self._present.topics})
        if unknown:
            raise InvalidRequest(f"there is no topic {unknown[0]!r}; set thresholds of topics that are there")
        with self._write_lock:
            self._store.update_state(thresholds=asdict(thresholds))
            self.load()
        return self.thresholds

    def _answer(self, text: str, ranking: Ranking, present: _Present, cut: bool) -> TopicAnswer:
        names = present.label.names
        topic, reason, least = verdict(ranking, names, present.thresholds)
        return TopicAnswer.model_construct(
            text=text,
            topic=topic,
            reason=reason,
            score=ranking.scores[0] if ranking.scores else None,
            margin=ranking.margin,
            threshold=least,
            matches=[
                TopicMatch.model_construct(topic=names[i], score=score)
                for i, score in zip(ranking.order, ranking.scores, strict=True)
            ],
            prototypes="label",
            model=self._model_name,
            truncated=cut,
        )

    def _change(self, topics: tuple[Topic, ...]) -> TopicSet:
        """Embed what is new, write the set beside the old one, and make it the present one in one step."""
        known = {text_hash(part.text): part.vector for part in self._present.parts}
        texts = [(topic.name, role, text) for topic in topics for role, text in _texts(topic)]
        fresh = list({text_hash(t): t for *_, t in texts if text_hash(t) not in known}.values())
        if fresh:
            vectors = self._embedder().embed(fresh)
            known.update({text_hash(t): v for t, v in zip(fresh, vectors, strict=True)})
        parts = [TopicPart(name, role, text, known[text_hash(text)]) for name, role, text in texts]
        version = set_version(parts) if parts else ""
        if parts:
            self._store.topics.write(version, parts, np.stack([part.vector for part in parts]))
        self._store.update_state(topics=version)
        self._store.topics.drop_all_but(version)
        self.load()
        return self.all()


def _texts(topic: Topic) -> list[tuple[Literal["name", "description", "example"], str]]:
    described = [("description", topic.description)] if topic.description.strip() else []
    return [("name", topic.name), *described, *(("example", e) for e in topic.examples)]  # type: ignore[list-item]


def _topics(parts: Sequence[TopicPart]) -> tuple[Topic, ...]:
    """Return the topics that these parts make up, in their order."""
    names = dict.fromkeys(part.topic for part in parts)
    return tuple(
        Topic(
            name,
            next((p.text for p in parts if p.topic == name and p.role == "description"), ""),
            tuple(p.text for p in parts if p.topic == name and p.role == "example"),
        )
        for name in names
    )


def _label_prototypes(parts: Sequence[TopicPart]) -> Prototypes:
    """Return each topic at the unit mean of what was given for it."""
    names = tuple(dict.fromkeys(part.topic for part in parts))
    means = [np.mean([p.vector for p in parts if p.topic == name], axis=0) for name in names]
    return Prototypes(names, unit(np.array(means, dtype=np.float32)) if means else _none())


def _none() -> Vectors:
    return np.empty((0, 0), dtype=np.float32)


def _shown(topic: Topic) -> TopicShown:
    return TopicShown(name=topic.name, description=topic.description, examples=list(topic.examples))
