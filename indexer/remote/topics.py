"""The topics of a server: set, listed, nearest to a text, and how right they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from itertools import chain
from typing import Any

from indexer.contract.evaluations import MOST_ROWS, Calibration, Evaluation
from indexer.contract.service import Topics
from indexer.contract.topics import (
    ClassifiedWord,
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
from indexer.errors import InvalidRequest, NotFound
from indexer.records import LabelledText, Topic, topic_of
from indexer.remote.connection import TEXT_S, Connection, batches, path_part


class RemoteTopics(Topics):
    """The protocol `Topics` over HTTP."""

    def __init__(self, connection: Connection, check_model: Callable[[], None]) -> None:
        self._connection = connection
        self._check_model = check_model

    def all(self) -> TopicSet:
        return self._connection.ask(TopicSet, "GET", "/v1/topics")

    def get(self, name: str) -> TopicRecord:
        for topic in self.all():  # GET /v1/topics/{name} is another call where the name is "nearest" or "words"
            if topic.name == name:
                return topic
        raise NotFound(f"there is no topic {name!r}")

    def replace(self, topics: Sequence[Topic | str]) -> TopicSet:
        return self._set("PUT", topics)

    def add(self, topics: Sequence[Topic | str]) -> TopicSet:
        return self._set("POST", topics)

    def change(self, name: str, change: TopicChange, version: str | None = None) -> TopicChanged:
        self._check_model()
        headers = {} if version is None else {"If-Match": f'"{path_part(version)}"'}
        body, path = change.model_dump(exclude_none=True), f"/v1/topics/{path_part(name)}"
        return self._connection.ask(TopicChanged, "PATCH", path, body, headers=headers, writes=True)

    def delete(self, name: str) -> TopicSet:
        adapted = self.thresholds().prototypes == "adapted"  # the answer to a DELETE is empty
        self._connection.call("DELETE", f"/v1/topics/{path_part(name)}", writes=True)
        return self.all().model_copy(update={"adaptation": "deactivated"} if adapted else {})

    def preview(self, topics: Sequence[Topic | str], texts: Sequence[str] = (), k: int = 2) -> TopicPreview:
        self._check_model()
        body = {"topics": [asdict(topic_of(topic)) for topic in topics], "k": k}
        calls = [{**body, "texts": batch} for batch in batches(texts)] or [body]
        parts = [self._connection.ask(TopicPreview, "POST", "/v1/topics/preview", call) for call in calls]
        return parts[0].model_copy(update={"results": [result for part in parts for result in part.results]})

    def similarity(self) -> Similarity:
        return self._connection.ask(Similarity, "GET", "/v1/topics/similarity")

    def sizes(self) -> TopicSizes:
        return self._connection.ask(TopicSizes, "GET", "/v1/topics/sizes")

    def deactivate(self) -> None:
        self._connection.call("DELETE", "/v1/clusterings/active", writes=True)

    def nearest(self, texts: Sequence[str], k: int = 2, prototypes: Kind | None = None) -> TopicAnswers:
        self._check_model()
        return self._connection.ask_all(TopicAnswers, "/v1/topics/nearest", texts, {"prototypes": prototypes}, k=k)

    def classify(self, topic: str | None = None) -> Iterator[str]:
        lines = self._connection.stream("/v1/topics/words", {"topic": topic})
        return chain([next(lines, "")], lines)

    def words(self, order: Order, topic: str | None = None, limit: int = 100) -> ClassifiedWords:
        query = {"order": order, "topic": topic, "limit": limit}
        lines = "".join(self._connection.stream("/v1/topics/words", query)).split("\n")
        return ClassifiedWords(words=[ClassifiedWord.model_validate_json(line) for line in lines if line])

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
