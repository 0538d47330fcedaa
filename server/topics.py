"""Topics over HTTP: set, listed, nearest, their words and sizes, thresholds, and what labelled texts say of them."""

from __future__ import annotations

import json
from typing import Annotated, Literal, Self

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import AfterValidator, Field, model_validator

from indexer.contract.evaluations import MOST_ROWS, Calibration, Evaluation
from indexer.contract.topics import (
    ClassifiedWord,
    NullScores,
    Order,
    Thresholds,
    ThresholdSet,
    TopicAnswer,
    TopicAnswers,
    TopicSet,
    TopicSizes,
)
from indexer.contract.words import Similarity
from indexer.records import MOST_ITEMS, LabelledText, Topic
from server.context import answer, engine, streamed
from server.problems import BODY, MODEL, V1, answers
from server.schemas import Body, Cosine, Count, NoQuery, Query, Text, Texts, Unicode


class TopicIn(Body):
    """A topic: its name, and what describes it."""

    name: Text
    description: Unicode = ""
    examples: Annotated[list[Text], Field(max_length=MOST_ITEMS)] = []

    def topic(self) -> Topic:
        """Return it as the engine knows it."""
        return Topic(self.name, self.description, tuple(self.examples))


def _distinct(topics: list[TopicIn]) -> list[TopicIn]:
    seen: set[str] = set()
    for topic in topics:
        if topic.name in seen:
            raise ValueError(f"the topic {topic.name!r} comes twice")
        seen.add(topic.name)
    return topics


class TopicsIn(Body):
    """Topics, their names all different."""

    topics: Annotated[list[TopicIn], Field(min_length=1, max_length=MOST_ITEMS), AfterValidator(_distinct)]


class PrototypesQuery(Query):
    """Which prototypes answer: `label` passes over an adaptation."""

    prototypes: Literal["label"] | None = None


class NearestTopicQuery(PrototypesQuery):
    """A text and how many topics to show."""

    text: Text
    k: Count = 2


class NearestTopicsIn(Body):
    """Texts and how many topics to show for each."""

    texts: Texts
    k: Count = 2


class TopicWordsQuery(Query):
    """Only the words of this topic; in this order, and so many, where one is asked for."""

    topic: str | None = None
    order: Order | None = None
    limit: Count = 100

    @model_validator(mode="after")
    def limit_goes_with_order(self) -> Self:
        """Refuse a limit of words in no order."""
        if "limit" in self.model_fields_set and self.order is None:
            raise ValueError("limit goes with order; give order=surest or order=unsure, or no limit for every word")
        return self


class LabelledIn(Body):
    """A text and its topic; null where it belongs to none."""

    text: Text
    label: str | None


class EvaluationIn(Body):
    """Labelled texts."""

    rows: Annotated[list[LabelledIn], Field(min_length=1, max_length=MOST_ROWS)]

    def labelled(self) -> list[LabelledText]:
        """Return the rows as the engine knows them."""
        return [LabelledText(row.text, row.label) for row in self.rows]


class CalibrationIn(EvaluationIn):
    """Labelled texts, the share of the answers that must be right, and whether to set what is found."""

    precision: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.9
    apply: bool = False


class ThresholdsIn(Body):
    """Least score, least margin, and least scores of single topics; null takes one away."""

    score: Cosine | None = None
    margin: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    topics: dict[str, Cosine] = {}


topics = APIBlueprint("topics", __name__, url_prefix="/v1", abp_security=[{"key": []}], abp_tags=[Tag(name="Topics")])
LINES = {
    "description": "One such object a line",
    "content": {"application/x-ndjson": {"schema": ClassifiedWord.model_json_schema()}},
}


@topics.put("/topics", responses=answers(TopicSet, *BODY, *MODEL))
def replace_topics(query: NoQuery, body: TopicsIn) -> Response:
    """Make these the whole set of topics."""
    return answer(engine().topics.replace([topic.topic() for topic in body.topics]))


@topics.post("/topics", responses=answers(TopicSet, *BODY, *MODEL))
def add_topics(query: NoQuery, body: TopicsIn) -> Response:
    """Add topics, or replace those with the same name."""
    return answer(engine().topics.add([topic.topic() for topic in body.topics]))


@topics.get("/topics", responses=answers(TopicSet, *V1))
def list_topics(query: NoQuery) -> Response:
    """List the topics."""
    return answer(engine().topics.all())


@topics.get("/topics/similarity", responses=answers(Similarity, *V1))
def compare_topics(query: NoQuery) -> Response:
    """Compare every topic with every other, by the prototypes in use."""
    return answer(engine().topics.similarity())


@topics.get("/topics/sizes", responses=answers(TopicSizes, *V1))
def topic_sizes(query: NoQuery) -> Response:
    """Count the stored words that are answered with each topic."""
    return answer(engine().topics.sizes())


@topics.get("/topics/nearest", responses=answers(TopicAnswer, *V1, *MODEL))
def nearest_topic(query: NearestTopicQuery) -> Response:
    """Find the topic of a text, which is not stored."""
    return answer(engine().topics.nearest([query.text], query.k, query.prototypes)[0])


@topics.post("/topics/nearest", responses=answers(TopicAnswers, *BODY, *MODEL))
def nearest_topics(query: PrototypesQuery, body: NearestTopicsIn) -> Response:
    """Find the topic of each text."""
    return answer(engine().topics.nearest(body.texts, body.k, query.prototypes))


@topics.get("/topics/words", responses={**answers(None, *V1, "not_found", "too_many_jobs"), 200: LINES})
def classify_words(query: TopicWordsQuery) -> Response:
    """Give the topic of every stored word, one JSON object a line, as one stream; with `order` the first `limit`."""
    if query.order is not None:
        words = engine().topics.words(query.order, query.topic, query.limit)
        text = "".join(f"{json.dumps(word.model_dump())}\n" for word in words)
        return Response(text, content_type="application/x-ndjson")
    lines = engine().topics.classify(query.topic)
    return streamed(lambda: lines, "application/x-ndjson")


@topics.post("/evaluations", responses=answers(Evaluation, *BODY, *MODEL))
def evaluate(query: NoQuery, body: EvaluationIn) -> Response:
    """Measure the answers to labelled texts."""
    return answer(engine().topics.evaluate(body.labelled()))


@topics.post("/calibrations", responses=answers(Calibration, *BODY, *MODEL))
def calibrate(query: NoQuery, body: CalibrationIn) -> Response:
    """Find the thresholds that answer most labelled texts at a precision; set them where `apply` is true."""
    return answer(engine().topics.calibrate(body.labelled(), body.precision, apply=body.apply))


@topics.get("/topics/background", responses=answers(NullScores, *V1))
def topic_background(query: NoQuery) -> Response:
    """Show the scores of stored words with topics they are not near."""
    return answer(engine().topics.null_scores())


@topics.get("/thresholds", responses=answers(ThresholdSet, *V1))
def get_thresholds(query: NoQuery) -> Response:
    """Show the thresholds of the prototypes in use."""
    return answer(engine().topics.thresholds())


@topics.put("/thresholds", responses=answers(ThresholdSet, *BODY))
def set_thresholds(query: NoQuery, body: ThresholdsIn) -> Response:
    """Set the thresholds of the prototypes in use."""
    return answer(engine().topics.set_thresholds(Thresholds(score=body.score, margin=body.margin, topics=body.topics)))
