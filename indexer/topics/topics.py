"""The topics as a caller meets them: set, list, which of them is nearest to a text, and from where on that counts."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from indexer.contract.evaluations import Calibration, Evaluation
from indexer.contract.topics import (
    Kind,
    NullScores,
    Reason,
    Thresholds,
    ThresholdSet,
    TopicAnswer,
    TopicAnswers,
    TopicMatch,
    TopicSet,
)
from indexer.embedders import Embedder
from indexer.errors import Conflict, InvalidRequest, NotFound
from indexer.evaluation.null_scores import null_scores, percentile
from indexer.evaluation.thresholds import decide
from indexer.prototypes import Prototypes
from indexer.records import LabelledText, Topic, text_hash, topic_of
from indexer.store.store import Store
from indexer.store.topics import TopicText, set_version
from indexer.topics import assessment
from indexer.topics.adaptation import label_prototypes
from indexer.topics.classification import classified
from indexer.topics.texts import Speakers, evidence, shown, texts_of, topics_of
from indexer.vectors import Vectors, best_first
from indexer.words.corpus import Corpus

LABEL: Kind = "label"
_BACKGROUND_WORDS = 10_000
_log = logging.getLogger("topicdex")


@dataclass(frozen=True)
class Present:
    """The topics in use: as they were given, and the prototypes that answer, with their thresholds.

    `active` is the run whose prototypes those are; None where they are the labels.
    """

    version: str
    topics: tuple[Topic, ...]
    parts: tuple[TopicText, ...]
    label: Prototypes
    adapted: Prototypes | None
    active: str | None
    thresholds: dict[str, Thresholds]

    def used(self, kind: Kind | None = None) -> tuple[Kind, Prototypes, Thresholds]:
        """Return what answers: an adaptation where one is active and `kind` does not pass over it."""
        if self.adapted is None or self.active is None or kind == LABEL:
            return LABEL, self.label, self.thresholds.get(LABEL, Thresholds())
        return "adapted", self.adapted, self.thresholds.get(self.active, Thresholds())


class TopicIndex:
    """The set of topics; kept in memory, written to the store at every change."""

    def __init__(
        self,
        store: Store,
        corpus: Corpus,
        embedder: Callable[[], Embedder],
        model_name: Callable[[], str],
    ) -> None:
        self._store = store
        self._corpus = corpus
        self._embedder = embedder
        self._model_name = model_name
        self._write_lock = store.write_lock
        self._backgrounds: dict[Kind, tuple[tuple[str, str | None], int, NullScores | None]] = {}
        self.load()

    def __len__(self) -> int:
        return len(self.present.topics)

    def load(self) -> None:
        """Read the present topics, their adaptation and the thresholds from the store."""
        while True:
            state = self._store.state()
            present = self._read(state)
            if self._store.state() == state:  # else another process has changed it, and dropped what was being read
                self._state, self.present = state, present
                return

    def _read(self, state: dict[str, Any]) -> Present:
        version, active = state.get("topics", ""), state.get("active")
        parts = self._store.topics.read(version) if version else []
        named = {part.topic for part in parts if part.role == "name"}
        parts = [part for part in parts if part.topic in named]  # rows may be gone, as `topicdex doctor` says
        label = Prototypes(tuple(dict.fromkeys(p.topic for p in parts)), _label_vectors(parts))
        adapted = None
        if active is not None:
            try:
                adapted = self._store.clusterings.prototypes(active).named(label.names)
            except NotFound:  # two processes on a Chroma server: one deleted it while the other made it the active one
                _log.warning("the run %s that topics should answer from is gone; they answer from their labels", active)
                active = None
        thresholds = {key: Thresholds(**value) for key, value in state.get("thresholds", {}).items()}
        return Present(version, topics_of(parts), tuple(parts), label, adapted, active, thresholds)

    def reload_if_changed(self) -> None:
        """Read the topics again where another process has changed them."""
        with self._write_lock:
            if self._store.state() != self._state:
                self.load()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold the write lock over a change of what the store has now, which another process may have changed."""
        with self._write_lock:
            self.reload_if_changed()
            yield

    def all(self) -> TopicSet:
        """Return all topics in their order."""
        return TopicSet(topics=[shown(topic) for topic in self.present.topics])

    def replace(self, topics: Sequence[Topic | str]) -> TopicSet:
        """Make `topics`, whose names differ, the whole set."""
        given = [topic_of(topic) for topic in topics]
        vectors = self._vectors_of(given)
        with self._changing():
            return self._change(tuple(given), vectors)

    def add(self, topics: Sequence[Topic | str]) -> TopicSet:
        """Add topics, or replace those with the same name in their place."""
        given = [topic_of(topic) for topic in topics]
        vectors = self._vectors_of(given)
        with self._changing():
            merged = {topic.name: topic for topic in (*self.present.topics, *given)}
            return self._change(tuple(merged.values()), vectors)

    def delete(self, name: str) -> TopicSet:
        """Delete one topic; raises NotFound."""
        with self._changing():
            kept = tuple(topic for topic in self.present.topics if topic.name != name)
            if len(kept) == len(self.present.topics):
                raise NotFound(f"there is no topic {name!r}")
            return self._change(kept, {})

    def activate(self, run: str, version: str) -> None:
        """Answer from the prototypes of a run that grew from the topics `version`.

        Raises Conflict where they have changed since, NotFound where the run is gone.
        """
        with self._changing():
            if version != self.present.version:
                raise Conflict(f"the topics have changed since the run {run}; adapt again")
            self._store.clusterings.prototypes(run)  # raises before the state names a run that is not there
            self._store.update_state(active=run)
            self.load()

    def deactivate(self) -> None:
        """Go back to plain labels; harmless where nothing is active."""
        with self._changing():
            self._store.update_state(active=None)
            self.load()

    def nearest(self, texts: Sequence[str], k: int = 2, prototypes: Kind | None = None) -> TopicAnswers:
        """Return the nearest topics of each text; `prototypes="label"` passes over an adaptation."""
        present = self.present
        kind, used, thresholds = present.used(prototypes)
        if not used.names:
            return TopicAnswers(results=[self._without_topics(text, thresholds) for text in texts])
        embedder = self._embedder()
        vectors = embedder.embed(texts)
        scores = used.scores(vectors)
        decision = decide(scores, thresholds, used.names)
        order = best_first(scores, k)
        behind = self._null_scores(kind) if self._corpus.memory is not None else None
        spoke = Speakers(present.parts)
        margins: Sequence[float | None] = decision.margin.tolist() if len(used.names) > 1 else [None] * len(texts)
        cuts = embedder.truncated(texts)
        results = [
            TopicAnswer.model_construct(
                text=text,
                topic=used.names[best] if accepted else None,
                reason=cast(Reason, str(reason)),
                score=score,
                margin=margin,
                threshold=thresholds.least(used.names[best]),
                matches=[TopicMatch.model_construct(topic=used.names[i], score=float(row[i])) for i in places.tolist()],
                prototypes=kind,
                model=embedder.identity.name,
                truncated=cut,
                percentile=None if behind is None else round(percentile(behind, score), 1),
                evidence=spoke.of(used.names[best], vector),
            )
            for text, vector, row, places, best, score, margin, accepted, reason, cut in zip(
                texts,
                vectors,
                scores,
                order,
                decision.best.tolist(),
                decision.score.tolist(),
                margins,
                decision.accepted.tolist(),
                decision.reason,
                cuts,
                strict=True,
            )
        ]
        return TopicAnswers.model_construct(results=results)

    def classify(self, topic: str | None = None) -> Iterator[str]:
        """Yield the topic of every stored word, or the words of one topic, as lines of JSON, many at a time.

        Raises NotFound for a topic that is not set, before the first line.
        """
        _, used, thresholds = self.present.used()
        if topic is not None and topic not in used.names:
            raise NotFound(f"there is no topic {topic!r}")
        return classified(self._corpus.pages(), used, thresholds, topic)

    def scores(self, texts: Sequence[str], prototypes: Kind | None = None) -> tuple[Kind, tuple[str, ...], Vectors]:
        """Return the prototypes in use, their names, and the score of each text with each, (n, t)."""
        kind, used, _ = self.present.used(prototypes)
        return kind, used.names, used.scores(self._embedder().embed(texts))

    def null_scores(self) -> NullScores:
        """Return the scores of stored words with topics they are not near; empty with too few of either."""
        return self._null_scores() or NullScores()

    def _null_scores(self, prototypes: Kind | None = None) -> NullScores | None:
        """Return what scores stored words have with topics they are not near; None with too few of either.

        Computed on a sample, and again when the prototypes or as many words as a tenth of all have changed.
        """
        kind, used, _ = self.present.used(prototypes)
        words, changes = self._corpus.count(), self._corpus.changes()
        key = (self.present.version, self.present.active)
        made_for, made_at, found = self._backgrounds.get(kind, (None, 0, None))
        if made_for != key or 10 * abs(changes - made_at) > words:
            sample = self._corpus.sample(_BACKGROUND_WORDS) if words and len(used.names) > 1 else None
            found = None if sample is None or not len(sample) else null_scores(used.scores(sample))
            self._backgrounds[kind] = (key, changes, found)
        return found

    def thresholds(self) -> ThresholdSet:
        """Return the thresholds of the prototypes in use."""
        kind, _, used = self.present.used()
        return ThresholdSet(score=used.score, margin=used.margin, topics=dict(used.topics), prototypes=kind)

    def set_thresholds(self, thresholds: Thresholds) -> ThresholdSet:
        """Set the thresholds of the prototypes in use; raises InvalidRequest for a topic that is not set."""
        with self._changing():
            unknown = sorted(thresholds.topics.keys() - {topic.name for topic in self.present.topics})
            if unknown:
                raise InvalidRequest(f"there is no topic {unknown[0]!r}; set thresholds of topics that are there")
            every = {key: _limits(value) for key, value in self.present.thresholds.items()}
            every[self.present.active or LABEL] = _limits(thresholds)
            self._store.update_state(thresholds=every)
            self.load()
            return self.thresholds()

    def evaluate(self, rows: Sequence[LabelledText]) -> Evaluation:
        """Measure the answers to labelled texts at the thresholds in use.

        Raises InvalidRequest where there are no rows, no topics, or labels that are no topics.
        """
        return assessment.evaluate(self, rows)

    def calibrate(self, rows: Sequence[LabelledText], precision: float = 0.9, *, apply: bool = True) -> Calibration:
        """Find the thresholds that answer most labelled texts at this precision, and set them where `apply` is true.

        Raises InvalidRequest where the rows cannot teach thresholds, with the reason.
        """
        found = assessment.calibrate(self, rows, precision)
        if apply:
            self.set_thresholds(found.thresholds)
        return found

    def _without_topics(self, text: str, thresholds: Thresholds) -> TopicAnswer:
        return TopicAnswer(
            text=text,
            topic=None,
            reason="no_topics",
            score=None,
            margin=None,
            threshold=thresholds.score,
            matches=[],
            prototypes=LABEL,
            model=self._model_name(),
        )

    def _vectors_of(self, topics: Sequence[Topic]) -> dict[str, Vectors]:
        """Return the vector of every text of the topics, by its hash; the model, asked for new ones, may be slow."""
        texts = {text_hash(text): text for topic in topics for _, text in texts_of(topic)}
        known = {text_hash(part.text): part.vector for part in self.present.parts}
        fresh = {hash: text for hash, text in texts.items() if hash not in known}
        if fresh:
            known.update(zip(fresh, self._embedder().embed(list(fresh.values())), strict=True))
        return {hash: known[hash] for hash in texts}

    def _change(self, topics: tuple[Topic, ...], vectors: dict[str, Vectors]) -> TopicSet:
        """Write the set beside the old one, and make it the present one in one step; `vectors` of what is new in it."""
        vectors = {text_hash(part.text): part.vector for part in self.present.parts} | vectors
        parts = [
            TopicText(topic.name, role, text, vectors[text_hash(text)])
            for topic in topics
            for role, text in texts_of(topic)
        ]
        version = set_version(parts) if parts else ""
        before = self.present.version
        if version == before and len(parts) == len(self.present.parts):  # fewer: rows are gone, and written again
            return self.all()
        if parts:
            self._store.topics.write(version, parts, np.stack([part.vector for part in parts]))
        names = {topic.name for topic in topics}
        label = self.present.thresholds.get(LABEL, Thresholds())
        kept = {**_limits(label), "topics": {n: s for n, s in label.topics.items() if n in names}}
        ended = self.present.active is not None
        self._store.update_state(topics=version, active=None, thresholds={LABEL: kept})
        self.load()
        if before != version:  # that one alone: another may be in the making in another process
            self._store.topics.drop(before)
        return self.all().model_copy(update={"adaptation": "deactivated"} if ended else {})


def _label_vectors(parts: Sequence[TopicText]) -> Vectors:
    return label_prototypes(evidence(parts)) if parts else np.empty((0, 0), dtype=np.float32)


def _limits(thresholds: Thresholds) -> dict[str, Any]:
    return thresholds.model_dump(include={"score", "margin", "topics"})
