"""Topics edited over HTTP: one is read with its version, changed or deleted; a change of all is seen beforehand."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Annotated, Any

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema

from indexer.contract.topics import TopicChange, TopicChanged, TopicPreview, TopicRecord
from indexer.errors import PreconditionFailed
from indexer.records import MOST_ITEMS
from server.context import answer, engine
from server.problems import BODY, MODEL, V1, answers
from server.schemas import Body, Count, NoQuery, Text, Unicode
from server.topics import TopicsIn


class NamePath(BaseModel):
    """The name of a topic."""

    name: str


def _left_away(**how: Any) -> Any:
    """Return a field that may be left away, and that is not null where it is there."""

    def without_default(schema: dict[str, Any]) -> None:
        del schema["default"]

    return Field(default=None, json_schema_extra=without_default, **how)


class TopicPatch(Body):
    """The fields of a topic to change; those that are left away stay as they are."""

    name: Text = _left_away()
    description: Unicode = _left_away()
    examples: Annotated[list[Text], Field(max_length=MOST_ITEMS)] = _left_away()

    def change(self) -> TopicChange:
        """Return it as the engine knows it."""
        return TopicChange(**self.model_dump(exclude_unset=True))


_TAG = r'(W/)?"[!#-~]*"'
_TAGS = rf"^(\*|({_TAG})?[ \t]*(,[ \t]*({_TAG}[ \t]*)?)*)$"  # a list may have empty elements (RFC 9110, 5.6.1.2)


def _is_list_of_tags(value: str) -> str:
    if not re.fullmatch(_TAGS, value):
        raise ValueError("it is no list of ETags; send the ETag of the topic as it came, in its quotes, or *")
    return value


class IfMatch(BaseModel):
    """The versions of a topic, its ETags, of which it must have one; `*` stands for any."""

    tags: Annotated[
        str,
        AfterValidator(_is_list_of_tags),
        WithJsonSchema({"type": "string", "pattern": _TAGS, "example": '"0123456789abcdef"'}),
    ] = _left_away(alias="If-Match")

    def versions(self) -> list[str | None]:
        """Return the versions of which it must have one; None is any.

        A weak tag is never the same as the strong one that a topic has (RFC 9110, 13.1.1), and "" is no version.
        """
        if not self.model_fields_set or self.tags == "*":
            return [None]
        return [tag for weak, tag in re.findall(r'(W/)?"(.*?)"', self.tags) if not weak] or [""]


class PreviewIn(TopicsIn):
    """Topics as the whole set might be, texts to answer with them, and how many topics to show for each."""

    texts: Annotated[list[Text], Field(max_length=MOST_ITEMS)] = []
    k: Count = 2


editing = APIBlueprint("editing", __name__, url_prefix="/v1", abp_security=[{"key": []}], abp_tags=[Tag(name="Topics")])
UNCHANGED = {"description": "It is as `If-None-Match` says"}


@editing.post("/topics/preview", responses=answers(TopicPreview, *BODY, *MODEL))
def preview_topics(query: NoQuery, body: PreviewIn) -> Response:
    """Show what would change if these were the whole set of topics; nothing is stored."""
    return answer(engine().topics.preview([topic.topic() for topic in body.topics], body.texts, body.k))


@editing.get("/topics/<anything:name>", responses={**answers(TopicRecord, *V1, "not_found"), 304: UNCHANGED})
def get_topic(path: NamePath, query: NoQuery) -> Response:
    """Get one topic; its `ETag` is its version.

    A topic whose name is another call, such as `nearest` or `words`, is read from the list of all topics.
    """
    topic = engine().topics.get(path.name)
    if request.if_none_match.contains_weak(topic.version):
        return _tagged(Response(status=304), topic)
    return _tagged(answer(topic), topic)


@editing.patch(
    "/topics/<anything:name>",
    responses=answers(TopicChanged, *BODY, *MODEL, "not_found", "conflict", "precondition_failed"),
)
def change_topic(path: NamePath, query: NoQuery, header: IfMatch, body: TopicPatch) -> Response:
    """Change fields of one topic, where it still has a version that `If-Match` names; the `ETag` is that of the new."""
    *others, last = header.versions()
    for version in others:
        with suppress(PreconditionFailed):
            return _changed(path.name, body, version)
    return _changed(path.name, body, last)


@editing.delete("/topics/<anything:name>", responses=answers(None, *V1, "not_found", status=204))
def delete_topic(path: NamePath, query: NoQuery) -> Response:
    """Delete one topic."""
    engine().topics.delete(path.name)
    return Response(status=204)


def _changed(name: str, body: TopicPatch, version: str | None) -> Response:
    topic = engine().topics.change(name, body.change(), version)
    return _tagged(answer(topic), topic)


def _tagged(response: Response, topic: TopicRecord) -> Response:
    response.set_etag(topic.version)
    return response
