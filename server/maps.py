"""Maps over HTTP: draw one, follow it, and look at it: points, colours, words, selections, places of texts."""

from __future__ import annotations

from typing import Annotated, Self

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, model_validator

from indexer.contract.maps import (
    LEAST_LANDMARKS,
    MOST_LANDMARKS,
    WIDTH,
    Map,
    MapColours,
    MapList,
    MapPlaces,
    MapSelection,
    MapSettings,
    MapWords,
)
from indexer.records import MOST_ITEMS
from server.context import answer, context, engine, started
from server.problems import BODY, MODEL, V1, answers
from server.schemas import WHOLE, Body, IdPath, NoQuery, Query, Text, Texts, Unicode, WaitQuery

MOST_ROWS = 100_000  # in one selection
_BY = r"^(topic|score|cluster(:[\s\S]+)?|metadata:[\s\S]+)$"
_ROWS = r"^[0-9]{1,9}(,[0-9]{1,9}){0,999}$"
Axes = Annotated[list[Text], Field(min_length=2, max_length=2)]
OnMap = Annotated[float, Field(ge=0, le=WIDTH, allow_inf_nan=False)]
Corner = Annotated[list[OnMap], Field(min_length=2, max_length=2)]
Row = Annotated[int, Field(ge=0, lt=2**31), WHOLE]


class MapIn(Body):
    """How to draw: by how many landmarks; `start`: the map to start from, null for a fresh one, else the newest."""

    landmarks: Annotated[int, Field(ge=LEAST_LANDMARKS, le=MOST_LANDMARKS), WHOLE] = 10_000
    seed: Annotated[int, Field(ge=0, lt=2**32), WHOLE] = 42
    start: Unicode | None = None


class PointsQuery(Query):
    """The names of two topics, whose scores are x and y in the place of the map."""

    axes: Axes | None = None


class ColoursQuery(Query):
    """What colours the words: topic, score, cluster, cluster:ID or metadata:NAME."""

    by: Annotated[str, Field(pattern=_BY)]


class MapWordsQuery(Query):
    """Which words: numbers of rows with commas between them, or ids; at most 1,000."""

    rows: Annotated[str, Field(pattern=_ROWS)] | None = None
    ids: Annotated[list[str], Field(min_length=1, max_length=MOST_ITEMS)] | None = None

    @model_validator(mode="after")
    def one_of_both(self) -> Self:
        """Refuse both, and none."""
        if (self.rows is None) == (self.ids is None):
            raise ValueError("give exactly one of rows and ids")
        return self


class SelectionIn(Body):
    """Which words: in a polygon, on the map or by two topics, of these rows, or with a text in theirs."""

    polygon: Annotated[list[Corner], Field(min_length=3, max_length=1_000)] | None = None
    rows: Annotated[list[Row], Field(max_length=MOST_ROWS)] | None = None
    contains: Text | None = None
    axes: Axes | None = None


class PlacesIn(Body):
    """Texts."""

    texts: Texts


maps = APIBlueprint("maps", __name__, url_prefix="/v1", abp_security=[{"key": []}], abp_tags=[Tag(name="Maps")])
ONE = ("not_found", "conflict")  # the error codes of calls that look at a map
POINTS = {
    "description": "x and y of each row, little-endian numbers of 16 bits; the `ETag` names the order of the rows",
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}
UNCHANGED = {"description": "The rows are those of `If-None-Match`, and have not moved"}


@maps.post("/maps", responses={**answers(Map, *BODY, "too_many_jobs"), 202: Map})
def start_map(query: WaitQuery, body: MapIn) -> Response:
    """Draw the stored words: 202 at once, 200 where it has ended within `wait` seconds."""
    settings = MapSettings(**body.model_dump(exclude_unset=True))
    queue = context().jobs.maps
    id = queue.submit(lambda: queue.kind.create(settings))
    return started(queue, id, query.wait, "maps.get_map")


@maps.get("/maps", responses=answers(MapList, *V1))
def list_maps(query: NoQuery) -> Response:
    """List the maps, newest first."""
    return answer(engine().maps.all())


@maps.get("/maps/<id>", responses=answers(Map, *V1, "not_found"))
def get_map(path: IdPath, query: NoQuery) -> Response:
    """Show one map: how far it is, or what it keeps of the full space."""
    return answer(engine().maps.get(path.id))


@maps.delete("/maps/<id>", responses=answers(None, *V1, "not_found", status=204))
def delete_map(path: IdPath, query: NoQuery) -> Response:
    """Cancel a map that is queued or running, remove one that has ended."""
    context().jobs.maps.remove(path.id)
    return Response(status=204)


@maps.post("/maps/<id>/pin", responses=answers(Map, *V1, *ONE))
def pin_map(path: IdPath, query: NoQuery) -> Response:
    """Keep a map however many come later."""
    return answer(engine().maps.pin(path.id, True))


@maps.delete("/maps/<id>/pin", responses=answers(Map, *V1, *ONE))
def unpin_map(path: IdPath, query: NoQuery) -> Response:
    """Let a map go when enough later ones have come."""
    return answer(engine().maps.pin(path.id, False))


@maps.get("/maps/<id>/points", responses={**answers(None, *V1, *ONE), 200: POINTS, 304: UNCHANGED})
def get_points(path: IdPath, query: PointsQuery) -> Response:
    """Show where all words are, on the map or by their scores with two topics.

    With `axes`, the headers `Topicdex-Low` and `Topicdex-High` say which scores the lowest and the highest number are;
    topics change without the order of the rows, so these points are sent each time.
    """
    points = engine().maps.points(path.id, _axes(query.axes))
    unchanged = query.axes is None and request.if_none_match.contains_weak(points.order)
    response = Response(status=304) if unchanged else Response(points.positions, mimetype="application/octet-stream")
    response.set_etag(points.order)
    if points.low is not None and points.high is not None:
        response.headers["Topicdex-Low"], response.headers["Topicdex-High"] = repr(points.low), repr(points.high)
    return response


@maps.get("/maps/<id>/colours", responses=answers(MapColours, *V1, *ONE, "no_clustering"))
def get_colours(path: IdPath, query: ColoursQuery) -> Response:
    """Show a colour for each word, in the order of the points, and what the colours mean."""
    return answer(engine().maps.colours(path.id, query.by))


@maps.get("/maps/<id>/words", responses=answers(MapWords, *V1, *ONE))
def list_map_words(path: IdPath, query: MapWordsQuery) -> Response:
    """Show the words of some rows, or the rows of some words; what is not there is left out."""
    rows = [int(row) for row in (query.rows or "").split(",") if row]
    return answer(engine().maps.words(path.id, rows, query.ids or ()))


@maps.post("/maps/<id>/select", responses=answers(MapSelection, *BODY, *ONE))
def select_words(path: IdPath, query: NoQuery, body: SelectionIn) -> Response:
    """Show which words are in a polygon, or in these rows, or have a text in theirs, and what they have in common."""
    polygon = None if body.polygon is None else [(x, y) for x, y in body.polygon]
    return answer(
        engine().maps.select(path.id, polygon=polygon, rows=body.rows, contains=body.contains, axes=_axes(body.axes))
    )


@maps.post("/maps/<id>/locate", responses=answers(MapPlaces, *BODY, *ONE, *MODEL))
def locate_texts(path: IdPath, query: NoQuery, body: PlacesIn) -> Response:
    """Show where texts would lie, without storing them."""
    return answer(engine().maps.locate(path.id, body.texts))


def _axes(names: list[str] | None) -> tuple[str, str] | None:
    return None if names is None else (names[0], names[1])
