"""The topics of a server: set, list, nearest to a text, thresholds."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

from indexer.contract import (
    Calibration,
    Evaluation,
    Kind,
    NullScores,
    Thresholds,
    ThresholdSet,
    TopicAnswers,
    TopicSet,
)
from indexer.records import LabelledText, Topic, topic_of
from indexer.remote.connection import Connection, batches, path_part


class RemoteTopics:
    """The topics of a server, as `TopicIndex` offers them."""

    def __init__(self, connection: Connection, check_model: Callable[[], None]) -> None:
        self._connection = connection
        self._check_model = check_model

    def all(self) -> TopicSet:
        """Return all topics in their order."""
        return self._connection.ask(TopicSet, "GET", "/v1/topics")

    def replace(self, topics: Sequence[Topic | str]) -> TopicSet:
        """Make `topics`, whose names differ, the whole set."""
        return self._set("PUT", topics)

    def add(self, topics: Sequence[Topic | str]) -> TopicSet:
        """Add topics, or replace those with the same name in their place."""
        return self._set("POST", topics)

    def delete(self, name: str) -> TopicSet:
        """Delete one topic; raises NotFound."""
        self._connection.call("DELETE", f"/v1/topics/{path_part(name)}", writes=True)
        return self.all()

    def nearest(self, texts: Sequence[str], k: int = 2, prototypes: Kind | None = None) -> TopicAnswers:
        """Return the nearest topics of each text; `prototypes="label"` passes over an adaptation."""
        self._check_model()
        query = {"prototypes": prototypes}
        results = [
            answer
            for batch in batches(texts)
            for answer in self._connection.ask(
                TopicAnswers, "POST", "/v1/topics/nearest", {"texts": batch, "k": k}, query=query
            ).results
        ]
        return TopicAnswers.model_construct(results=results)

    def null_scores(self) -> NullScores:
        """Return the scores of stored words with topics they are not near; empty with too few of either."""
        return self._connection.ask(NullScores, "GET", "/v1/topics/background")

    def evaluate(self, rows: Sequence[LabelledText]) -> Evaluation:
        """Measure the answers to labelled texts at the thresholds in use, 20,000 at most."""
        self._check_model()
        return self._connection.ask(Evaluation, "POST", "/v1/evaluations", _labelled(rows), writes=True)

    def calibrate(self, rows: Sequence[LabelledText], precision: float = 0.9, *, apply: bool = True) -> Calibration:
        """Find the thresholds that answer most labelled texts at this precision, and set them where `apply` is true."""
        self._check_model()
        body = {**_labelled(rows), "precision": precision, "apply": apply}
        return self._connection.ask(Calibration, "POST", "/v1/calibrations", body, writes=True)

    def classify(self, topic: str | None = None) -> Iterator[str]:
        """Yield a line of JSON for every stored word, or for those of one topic, cut anywhere."""
        return self._connection.stream("/v1/topics/words", {"topic": topic})

    def thresholds(self) -> ThresholdSet:
        """Return the thresholds of the prototypes in use."""
        return self._connection.ask(ThresholdSet, "GET", "/v1/thresholds")

    def set_thresholds(self, thresholds: Thresholds) -> ThresholdSet:
        """Set the thresholds of the prototypes in use; raises InvalidRequest for a topic that is not set."""
        body = thresholds.model_dump(include={"score", "margin", "topics"})
        return self._connection.ask(ThresholdSet, "PUT", "/v1/thresholds", body, writes=True)

    def deactivate(self) -> None:
        """Go back to plain labels; harmless where nothing is active."""
        self._connection.call("DELETE", "/v1/clusterings/active", writes=True)

    def _set(self, method: str, topics: Sequence[Topic | str]) -> TopicSet:
        self._check_model()
        body = {"topics": [asdict(topic_of(topic)) for topic in topics]}
        return self._connection.ask(TopicSet, method, "/v1/topics", body, writes=True)


def _labelled(rows: Sequence[LabelledText]) -> dict[str, object]:
    return {"rows": [asdict(row) for row in rows]}
