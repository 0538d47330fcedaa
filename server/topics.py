"""Topics over HTTP: set, list, delete, nearest, thresholds."""

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
from indexer.errors import TooManyJobs
from indexer.records import LabelledText
from server.context import MOST_STREAMS, answer, context, engine
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


@topics.put("/topics", responses={200: TopicSet})
def replace_topics(query: NoQuery, body: TopicsIn) -> Response:
    """Make these the whole set of topics."""
    return answer(engine().topics.replace([topic.topic() for topic in body.topics]))


@topics.post("/topics", responses={200: TopicSet})
def add_topics(query: NoQuery, body: TopicsIn) -> Response:
    """Add topics, or replace those with the same name."""
    return answer(engine().topics.add([topic.topic() for topic in body.topics]))


@topics.get("/topics", responses={200: TopicSet})
def list_topics(query: NoQuery) -> Response:
    """List the topics."""
    return answer(engine().topics.all())


@topics.get("/topics/nearest", responses={200: TopicAnswer})
def nearest_topic(query: NearestTopicQuery) -> Response:
    """Find the topic of a text, which is not stored."""
    return answer(engine().topics.nearest([query.text], query.k, query.prototypes)[0])


@topics.post("/topics/nearest", responses={200: TopicAnswers})
def nearest_topics(query: PrototypesQuery, body: NearestTopicsIn) -> Response:
    """Find the topic of each text."""
    return answer(engine().topics.nearest(body.texts, body.k, query.prototypes))


@topics.get("/topics/words", responses={200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}})
def classify_words(query: TopicQuery) -> Response:
    """Give the topic of every stored word, one JSON object a line, as one stream."""
    lines = engine().topics.classify(query.topic)
    streams = context().streams
    if not streams.acquire(blocking=False):
        raise TooManyJobs(f"{MOST_STREAMS} streams are being read already; try again when one has ended")
    response = Response(lines, content_type="application/x-ndjson")
    response.call_on_close(streams.release)
    return response


@topics.post("/evaluations", responses={200: Evaluation})
def evaluate(query: NoQuery, body: EvaluationIn) -> Response:
    """Measure the answers on labelled texts (label null, none or oos: they belong to no topic)."""
    return answer(engine().topics.evaluate(_labelled(body)))


@topics.post("/calibrations", responses={200: Calibration})
def calibrate(query: NoQuery, body: CalibrationIn) -> Response:
    """Find the thresholds that answer most labelled texts at a precision; set them where `apply` is true."""
    return answer(engine().topics.calibrate(_labelled(body), body.precision, apply=body.apply))


@topics.delete("/topics/<anything:name>", responses={204: None})
def delete_topic(path: NamePath, query: NoQuery) -> Response:
    """Delete one topic."""
    engine().topics.delete(path.name)
    return Response(status=204)


@topics.get("/topics/background", responses={200: NullScores})
def topic_background(query: NoQuery) -> Response:
    """Show what scores stored words have with topics they are not near."""
    return answer(engine().topics.null_scores())


@topics.get("/thresholds", responses={200: ThresholdSet})
def get_thresholds(query: NoQuery) -> Response:
    """Show the thresholds of the prototypes in use."""
    return answer(engine().topics.thresholds())


@topics.put("/thresholds", responses={200: ThresholdSet})
def set_thresholds(query: NoQuery, body: ThresholdsIn) -> Response:
    """Set the thresholds of the prototypes in use."""
    return answer(engine().topics.set_thresholds(Thresholds(score=body.score, margin=body.margin, topics=body.topics)))


def _labelled(body: EvaluationIn) -> list[LabelledText]:
    return [LabelledText(row.text, row.label) for row in body.rows]
