"""Topics over HTTP: set, list, delete, nearest, thresholds, and what labelled texts say about them."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from indexer.contract import (
    Calibration,
    Evaluation,
    NullScores,
    Thresholds,
    ThresholdSet,
    TopicAnswer,
    TopicAnswers,
    TopicSet,
)
from indexer.contract.topics import ClassifiedWord
from indexer.errors import TooManyJobs
from server.context import MOST_STREAMS, answer, context, engine
from server.problems import BODY, MODEL, V1, answers
from server.schemas import (
    CalibrationIn,
    EvaluationIn,
    NamePath,
    NearestTopicQuery,
    NearestTopicsIn,
    NoQuery,
    PrototypesQuery,
    ThresholdsIn,
    TopicQuery,
    TopicsIn,
)

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


@topics.get("/topics/nearest", responses=answers(TopicAnswer, *V1, *MODEL))
def nearest_topic(query: NearestTopicQuery) -> Response:
    """Find the topic of a text, which is not stored."""
    return answer(engine().topics.nearest([query.text], query.k, query.prototypes)[0])


@topics.post("/topics/nearest", responses=answers(TopicAnswers, *BODY, *MODEL))
def nearest_topics(query: PrototypesQuery, body: NearestTopicsIn) -> Response:
    """Find the topic of each text."""
    return answer(engine().topics.nearest(body.texts, body.k, query.prototypes))


@topics.get("/topics/words", responses={**answers(None, *V1, "not_found", "too_many_jobs"), 200: LINES})
def classify_words(query: TopicQuery) -> Response:
    """Give the topic of every stored word, one JSON object a line, as one stream."""
    lines = engine().topics.classify(query.topic)
    streams = context().streams
    if not streams.acquire(blocking=False):
        raise TooManyJobs(f"{MOST_STREAMS} streams are being read already; try again when one has ended")
    response = Response(lines, content_type="application/x-ndjson")
    response.call_on_close(streams.release)
    return response


@topics.post("/evaluations", responses=answers(Evaluation, *BODY, *MODEL))
def evaluate(query: NoQuery, body: EvaluationIn) -> Response:
    """Measure the answers to labelled texts."""
    return answer(engine().topics.evaluate(body.labelled()))


@topics.post("/calibrations", responses=answers(Calibration, *BODY, *MODEL))
def calibrate(query: NoQuery, body: CalibrationIn) -> Response:
    """Find the thresholds that answer most labelled texts at a precision; set them where `apply` is true."""
    return answer(engine().topics.calibrate(body.labelled(), body.precision, apply=body.apply))


@topics.delete("/topics/<anything:name>", responses=answers(None, *V1, "not_found", status=204))
def delete_topic(path: NamePath, query: NoQuery) -> Response:
    """Delete one topic."""
    engine().topics.delete(path.name)
    return Response(status=204)


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
