"""The topics of a server: set, listed, nearest to a text, and how right they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from itertools import chain
from typing import Any

from indexer.contract.evaluations import MOST_ROWS, Calibration, Evaluation
from indexer.contract.service import Topics
from indexer.contract.topics import Kind, NullScores, Thresholds, ThresholdSet, TopicAnswers, TopicSet
from indexer.errors import InvalidRequest
from indexer.records import LabelledText, Topic, topic_of
from indexer.remote.connection import TEXT_S, Connection, path_part


class RemoteTopics(Topics):
    """The protocol `Topics` over HTTP."""

    def __init__(self, connection: Connection, check_model: Callable[[], None]) -> None:
        self._connection = connection
        self._check_model = check_model

    def all(self) -> TopicSet:
        return self._connection.ask(TopicSet, "GET", "/v1/topics")

    def replace(self, topics: Sequence[Topic | str]) -> TopicSet:
        return self._set("PUT", topics)

    def add(self, topics: Sequence[Topic | str]) -> TopicSet:
        return self._set("POST", topics)

    def delete(self, name: str) -> TopicSet:
        adapted = self.thresholds().prototypes == "adapted"  # the answer to a DELETE is empty
        self._connection.call("DELETE", f"/v1/topics/{path_part(name)}", writes=True)
        return self.all().model_copy(update={"adaptation": "deactivated"} if adapted else {})

    def deactivate(self) -> None:
        self._connection.call("DELETE", "/v1/clusterings/active", writes=True)

    def nearest(self, texts: Sequence[str], k: int = 2, prototypes: Kind | None = None) -> TopicAnswers:
        self._check_model()
        return self._connection.ask_all(TopicAnswers, "/v1/topics/nearest", texts, {"prototypes": prototypes}, k=k)

    def classify(self, topic: str | None = None) -> Iterator[str]:
        lines = self._connection.stream("/v1/topics/words", {"topic": topic})
        return chain([next(lines, "")], lines)

    def thresholds(self) -> ThresholdSet:
        return self._connection.ask(ThresholdSet, "GET", "/v1/thresholds")

    def set_thresholds(self, thresholds: Thresholds) -> ThresholdSet:
        body = thresholds.model_dump(include={"score", "margin", "topics"})
        return self._connection.ask(ThresholdSet, "PUT", "/v1/thresholds", body, writes=True)

    def null_scores(self) -> NullScores:
        return self._connection.ask(NullScores, "GET", "/v1/topics/background")

    def evaluate(self, rows: Sequence[LabelledText]) -> Evaluation:
        return self._connection.ask(Evaluation, "POST", "/v1/evaluations", **self._labelled(rows))

    def calibrate(self, rows: Sequence[LabelledText], precision: float = 0.9, *, apply: bool = True) -> Calibration:
        call = self._labelled(rows, precision=precision, apply=apply)
        return self._connection.ask(Calibration, "POST", "/v1/calibrations", **call)

    def _set(self, method: str, topics: Sequence[Topic | str]) -> TopicSet:
        self._check_model()
        body = {"topics": [asdict(topic_of(topic)) for topic in topics]}
        return self._connection.ask(TopicSet, method, "/v1/topics", body, writes=True)

    def _labelled(self, rows: Sequence[LabelledText], **more: object) -> dict[str, Any]:
        """Return the body of a call with labelled texts, and the time that it may take."""
        self._check_model()
        if len(rows) > MOST_ROWS:
            raise InvalidRequest(
                f"{len(rows)} labelled texts; a server takes {MOST_ROWS} at once, give a sample of them"
            )
        body = {"rows": [asdict(row) for row in rows], **more}
        return {"body": body, "patience": MOST_ROWS * TEXT_S}
