"""Clusterings over HTTP: make one, follow it, page through its words, nearest cluster."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from indexer.contract.clusterings import (
    ClusterAnswer,
    ClusterAnswers,
    Clustering,
    ClusteringDiff,
    ClusteringList,
    ClusteringSettings,
    ClusterWordPage,
)
from indexer.records import MOST_ITEMS
from server.context import answer, context, engine, started
from server.problems import BODY, MODEL, V1, answers
from server.schemas import WHOLE, Body, Count, IdPath, NoQuery, PageQuery, Query, Text, Texts, Unicode, WaitQuery


def _way(name: str, value: dict[str, JsonValue], *without: str) -> JsonValue:
    nulls: dict[str, JsonValue] = {other: {"type": "null"} for other in without}
    return {"properties": {name: value, **nulls}, "required": [name]}


class ClusteringIn(Body):
    """How to cluster: exactly one of `k` and `around`; `k_min` and `k_max` go with `"k": "auto"`.

    `start`: the clustering to start from, null for a fresh start, else the newest finished one with the same settings.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"k": 3, "seed": 42},
            "oneOf": [
                _way("k", {"type": "integer"}, "around", "k_min", "k_max"),
                _way("k", {"const": "auto"}, "around"),
                _way("around", {"const": "topics"}, "k", "k_min", "k_max"),
            ],
        }
    )

    k: Count | Literal["auto"] | None = None
    around: Literal["topics"] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32), WHOLE] = 42
    start: Unicode | None = None
    k_min: Annotated[int, Field(ge=2, le=MOST_ITEMS), WHOLE] | None = None
    k_max: Annotated[int, Field(ge=2, le=MOST_ITEMS), WHOLE] | None = None
    stop_words: Annotated[list[Unicode], Field(max_length=MOST_ITEMS)] | None = None


class DiffPath(BaseModel):
    """The ids of two clusterings."""

    old: str
    new: str


class ClusterWordsQuery(PageQuery):
    """Which cluster's words, and how many."""

    cluster: str | None = None


class ClusterQuery(Query):
    """Which clustering answers; the newest finished one where none is named."""

    clustering: str | None = None


class NearestClusterQuery(ClusterQuery):
    """A text and how many clusters to show."""

    text: Text
    k: Count = 1


class NearestClustersIn(Body):
    """Texts and how many clusters to show for each."""

    texts: Texts
    k: Count = 1


clusterings = APIBlueprint(
    "clusterings", __name__, url_prefix="/v1", abp_security=[{"key": []}], abp_tags=[Tag(name="Clusterings")]
)
ONE = (*V1, "not_found", "conflict")  # the error codes of calls that name a clustering
NEAREST = ("no_clustering", "not_found", "conflict", *MODEL)


@clusterings.post("/clusterings", responses={**answers(Clustering, *BODY, "too_many_jobs"), 202: Clustering})
def start_clustering(query: WaitQuery, body: ClusteringIn) -> Response:
    """Cluster the stored words: 202 at once, 200 where it has ended within `wait` seconds."""
    settings = ClusteringSettings(**body.model_dump(exclude_unset=True))
    queue = context().jobs.clusterings
    id = queue.submit(lambda: queue.kind.create(settings))
    return started(queue, id, query.wait, "clusterings.get_clustering")


@clusterings.get("/clusterings", responses=answers(ClusteringList, *V1))
def list_clusterings(query: NoQuery) -> Response:
    """List the clusterings, newest first."""
    return answer(engine().clusterings.all())


@clusterings.get("/clusterings/<id>", responses=answers(Clustering, *V1, "not_found"))
def get_clustering(path: IdPath, query: NoQuery) -> Response:
    """Show one clustering: how far it is, or what it found."""
    return answer(engine().clusterings.get(path.id))


@clusterings.delete("/clusterings/<id>", responses=answers(None, *ONE, status=204))
def delete_clustering(path: IdPath, query: NoQuery) -> Response:
    """Cancel a clustering that is queued or running, remove one that has ended."""
    context().jobs.clusterings.remove(path.id)
    return Response(status=204)


@clusterings.post("/clusterings/<id>/activate", responses=answers(Clustering, *ONE))
def activate_clustering(path: IdPath, query: NoQuery) -> Response:
    """Make topic lookups answer from a clustering that grew from the present topics."""
    return answer(engine().clusterings.activate(path.id))


@clusterings.delete("/clusterings/active", responses=answers(None, *V1, status=204))
def deactivate_clustering(query: NoQuery) -> Response:
    """Go back to plain labels."""
    engine().topics.deactivate()
    return Response(status=204)


@clusterings.post("/clusterings/<id>/pin", responses=answers(Clustering, *ONE))
def pin_clustering(path: IdPath, query: NoQuery) -> Response:
    """Keep a clustering however many come later."""
    return answer(engine().clusterings.pin(path.id, True))


@clusterings.delete("/clusterings/<id>/pin", responses=answers(Clustering, *ONE))
def unpin_clustering(path: IdPath, query: NoQuery) -> Response:
    """Let a clustering go when enough later ones have come."""
    return answer(engine().clusterings.pin(path.id, False))


@clusterings.get("/clusterings/<old>/diff/<new>", responses=answers(ClusteringDiff, *ONE))
def diff_clusterings(path: DiffPath, query: NoQuery) -> Response:
    """Show what became of the clusters of one clustering in another."""
    return answer(engine().clusterings.diff(path.old, path.new))


@clusterings.get("/clusterings/<id>/words", responses=answers(ClusterWordPage, *ONE))
def list_cluster_words(path: IdPath, query: ClusterWordsQuery) -> Response:
    """List the words with their clusters; a word that came later is in the cluster nearest to it."""
    return answer(engine().clusterings.words(path.id, query.limit, query.cursor, query.cluster))


@clusterings.get("/clusters/nearest", responses=answers(ClusterAnswer, *V1, *NEAREST))
def nearest_cluster(query: NearestClusterQuery) -> Response:
    """Find the cluster of a text, without storing it and without clustering again."""
    return answer(engine().clusterings.nearest([query.text], query.k, query.clustering)[0])


@clusterings.post("/clusters/nearest", responses=answers(ClusterAnswers, *BODY, *NEAREST))
def nearest_clusters(query: ClusterQuery, body: NearestClustersIn) -> Response:
    """Find the cluster of each text."""
    return answer(engine().clusterings.nearest(body.texts, body.k, query.clustering))
