"""Clusterings over HTTP: start a run, follow it, page through its words, nearest cluster."""

from flask import Response, url_for
from flask_openapi3 import APIBlueprint, Tag

from indexer.contract import (
    ClusterAnswer,
    ClusterAnswers,
    Clustering,
    ClusteringDiff,
    ClusteringList,
    ClusteringSettings,
    ClusterWordPage,
)
from server.context import answer, context, engine
from server.schemas import (
    ClusteringIn,
    ClusterQuery,
    ClusterWordsQuery,
    DiffPath,
    NearestClusterQuery,
    NearestClustersIn,
    NoQuery,
    RunPath,
    WaitQuery,
)

clusterings = APIBlueprint(
    "clusterings", __name__, url_prefix="/v1", abp_security=[{"key": []}], abp_tags=[Tag(name="Clusterings")]
)


@clusterings.post("/clusterings", responses={202: Clustering, 200: Clustering})
def start_clustering(query: WaitQuery, body: ClusteringIn) -> Response:
    """Recluster the stored words: 202 at once, 200 where it has ended within `wait` seconds."""
    asked = ClusteringSettings.of(body.model_dump(exclude_unset=True))
    run = context().jobs.submit(asked)
    ended = query.wait > 0 and context().jobs.wait(run, query.wait)
    response = answer(engine().clusterings.get(run), 200 if ended else 202)
    response.headers["Location"] = url_for("clusterings.get_clustering", run=run)
    return response


@clusterings.get("/clusterings", responses={200: ClusteringList})
def list_clusterings(query: NoQuery) -> Response:
    """List the runs, newest first."""
    return answer(engine().clusterings.all())


@clusterings.get("/clusterings/<run>", responses={200: Clustering})
def get_clustering(path: RunPath, query: NoQuery) -> Response:
    """Show one run: how far it is, or what it found."""
    return answer(engine().clusterings.get(path.run))


@clusterings.delete("/clusterings/<run>", responses={204: None})
def delete_clustering(path: RunPath, query: NoQuery) -> Response:
    """Cancel a run that goes on, remove one that has ended."""
    if not context().jobs.cancel(path.run):
        engine().clusterings.delete(path.run)
    return Response(status=204)


@clusterings.post("/clusterings/<run>/activate", responses={200: Clustering})
def activate_clustering(path: RunPath, query: NoQuery) -> Response:
    """Make topic lookups answer from a run that grew from the present topics."""
    return answer(engine().clusterings.activate(path.run))


@clusterings.delete("/clusterings/active", responses={204: None})
def deactivate_clustering(query: NoQuery) -> Response:
    """Go back to plain labels."""
    engine().topics.deactivate()
    return Response(status=204)


@clusterings.post("/clusterings/<run>/pin", responses={200: Clustering})
def pin_clustering(path: RunPath, query: NoQuery) -> Response:
    """Keep a run however many come later."""
    return answer(engine().clusterings.pin(path.run, True))


@clusterings.delete("/clusterings/<run>/pin", responses={200: Clustering})
def unpin_clustering(path: RunPath, query: NoQuery) -> Response:
    """Let a run go when enough later ones have come."""
    return answer(engine().clusterings.pin(path.run, False))


@clusterings.get("/clusterings/<old>/diff/<new>", responses={200: ClusteringDiff})
def diff_clusterings(path: DiffPath, query: NoQuery) -> Response:
    """Say what became of the clusters of one run in another."""
    return answer(engine().clusterings.diff(path.old, path.new))


@clusterings.get("/clusterings/<run>/words", responses={200: ClusterWordPage})
def list_cluster_words(path: RunPath, query: ClusterWordsQuery) -> Response:
    """List the words with their clusters; words that came later are at the cluster nearest to them."""
    return answer(engine().clusterings.words(path.run, query.limit, query.cursor, query.cluster))


@clusterings.get("/clusters/nearest", responses={200: ClusterAnswer})
def nearest_cluster(query: NearestClusterQuery) -> Response:
    """Find the cluster of a text, without storing it and without reclustering."""
    return answer(engine().clusterings.nearest([query.text], query.k, query.clustering)[0])


@clusterings.post("/clusters/nearest", responses={200: ClusterAnswers})
def nearest_clusters(query: ClusterQuery, body: NearestClustersIn) -> Response:
    """Find the cluster of each text."""
    return answer(engine().clusterings.nearest(body.texts, body.k, query.clustering))
