"""The topics of a server: set, list, nearest to a text, thresholds."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

import numpy as np

from indexer.answers import BackgroundShown, ThresholdSet, TopicAnswer, TopicAnswers, TopicSet
from indexer.background import Background
from indexer.embedders import Vectors
from indexer.errors import InvalidRequest
from indexer.records import Topic
from indexer.remote.connection import MOST_ITEMS, Connection, batches, path_part
from indexer.thresholds import Thresholds


class RemoteTopics:
    """The topics of a server, as `TopicIndex` offers them."""

    def __init__(self, connection: Connection, check_model: Callable[[], None]) -> None:
        self._connection = connection
        self._check_model = check_model

    def all(self) -> TopicSet:
        """Return all topics in their order."""
        return self._connection.ask(TopicSet, "GET", "/v1/topics")

    def replace(self, topics: Sequence[Topic]) -> TopicSet:
        """Make `topics`, whose names differ, the whole set."""
        return self._set("PUT", topics)

    def add(self, topics: Sequence[Topic]) -> TopicSet:
        """Add topics, or replace those with the same name in their place."""
        return self._set("POST", topics)

    def delete(self, name: str) -> TopicSet:
        """Delete one topic; raises NotFound."""
        self._connection.call("DELETE", f"/v1/topics/{path_part(name)}", writes=True)
        return self.all()

    def nearest(self, texts: Sequence[str], k: int, prototypes: str | None = None) -> list[TopicAnswer]:
        """Return the nearest topics of each text; `prototypes="label"` passes over an adaptation."""
        self._check_model()
        query = {"prototypes": prototypes}
        return [
            answer
            for batch in batches(texts)
            for answer in self._connection.ask(
                TopicAnswers, "POST", "/v1/topics/nearest", {"texts": batch, "k": k}, query=query
            ).results
        ]

    def scores(self, texts: Sequence[str], prototypes: str | None = None) -> tuple[str, tuple[str, ...], Vectors]:
        """Return the prototypes in use, their names, and the score of each text with each, (n, t).

        Raises InvalidRequest where there are more topics than a server tells of in one answer.
        """
        names = tuple(topic.name for topic in self.all().topics)
        if len(names) > MOST_ITEMS:
            raise InvalidRequest(f"a server tells the scores of {MOST_ITEMS} topics; end it to work with {len(names)}")
        answers = self.nearest(texts, MOST_ITEMS, prototypes)
        columns = {name: column for column, name in enumerate(names)}
        scores = np.empty((len(answers), len(names)), dtype=np.float32)
        for row, answer in zip(scores, answers, strict=True):
            row[[columns[match.topic] for match in answer.matches]] = [match.score for match in answer.matches]
        return (answers[0].prototypes if answers else "label"), names, scores

    def background(self) -> Background | None:
        """Return the scores that stored words have with topics they are not near; None with too few of either."""
        found = self._connection.ask(BackgroundShown, "GET", "/v1/topics/background")
        return Background(tuple(found.percentiles), found.rows) if found.rows else None

    def classify(self, topic: str | None = None) -> Iterator[str]:
        """Yield a line of JSON for every stored word, or for those of one topic, cut anywhere."""
        return self._connection.stream("/v1/topics/words", {"topic": topic})

    @property
    def thresholds(self) -> ThresholdSet:
        """Return the thresholds of the prototypes in use."""
        return self._connection.ask(ThresholdSet, "GET", "/v1/thresholds")

    def set_thresholds(self, thresholds: Thresholds) -> ThresholdSet:
        """Set the thresholds of the prototypes in use; raises InvalidRequest for a topic that is not set."""
        body = {"score": thresholds.score, "margin": thresholds.margin, "topics": dict(thresholds.topics)}
        return self._connection.ask(ThresholdSet, "PUT", "/v1/thresholds", body, writes=True)

    def deactivate(self) -> None:
        """Go back to plain labels; harmless where nothing is active."""
        self._connection.call("DELETE", "/v1/clusterings/active", writes=True)

    def _set(self, method: str, topics: Sequence[Topic]) -> TopicSet:
        self._check_model()
        body = {"topics": [asdict(topic) for topic in topics]}
        return self._connection.ask(TopicSet, method, "/v1/topics", body, writes=True)
