"""Topics over HTTP: set, list, delete, nearest, thresholds."""

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from indexer.answers import ThresholdSet, TopicAnswer, TopicAnswers, TopicSet
from indexer.thresholds import Thresholds
from server.context import answer, engine
from server.schemas import (
    NamePath,
    NearestTopicQuery,
    NearestTopicsIn,
    NoQuery,
    PrototypesQuery,
    ThresholdsIn,
    TopicsIn,
)

topics = APIBlueprint("topics", __name__, url_prefix="/v1", abp_tags=[Tag(name="Topics")])


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
    results = engine().topics.nearest(body.texts, body.k, query.prototypes)
    return answer(TopicAnswers.model_construct(results=results))


@topics.delete("/topics/<anything:name>", responses={204: None})
def delete_topic(path: NamePath, query: NoQuery) -> Response:
    """Delete one topic."""
    engine().topics.delete(path.name)
    return Response(status=204)


@topics.get("/thresholds", responses={200: ThresholdSet})
def get_thresholds(query: NoQuery) -> Response:
    """Show the thresholds of the prototypes in use."""
    return answer(engine().topics.thresholds)


@topics.put("/thresholds", responses={200: ThresholdSet})
def set_thresholds(query: NoQuery, body: ThresholdsIn) -> Response:
    """Set the thresholds of the prototypes in use."""
    return answer(engine().topics.set_thresholds(Thresholds(body.score, body.margin, dict(body.topics))))
