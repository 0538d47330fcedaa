"""What a clustering finds, from arrays and texts alone: clusters, their prototypes, lineage, quality."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.clusters.k_selection import KChoice, choose_k
from indexer.clusters.kmeans import kmeans
from indexer.clusters.lineage import Matching, match
from indexer.clusters.naming import name_clusters
from indexer.clusters.silhouette import silhouette
from indexer.contract.clusterings import (
    Adaptation,
    Cluster,
    Clustering,
    ClusteringSettings,
    GrownTopic,
    Lineage,
    MovedWord,
    Quality,
)
from indexer.errors import InvalidRequest
from indexer.progress import Progress, part
from indexer.prototypes import Prototypes
from indexer.topics.adaptation import REASONS, TopicVectors, adapt, label_prototypes
from indexer.vectors import Vectors
from indexer.words.memory import Snapshot

Near = Callable[[str, float], bool]  # whether a score is near enough to a topic
_QUALITY_WORDS = 2_000
_EXAMPLES = 20  # of the words that move


@dataclass(frozen=True)
class Found:
    """What a clustering found; `choice` where it looked for k, `lineage` where it had a start."""

    clusters: list[Cluster]
    prototypes: Prototypes
    quality: Quality
    choice: KChoice | None = None
    lineage: Lineage | None = None
    adaptation: Adaptation | None = None


@dataclass(frozen=True)
class Start:
    """The clustering that another one starts from, with its prototypes."""

    clusters: Sequence[Cluster]
    prototypes: Prototypes


def find_clusters(
    id: str,
    snapshot: Snapshot,
    settings: ClusteringSettings,
    start: Start | None,
    topics: Prototypes,
    near: Near,
    progress: Progress,
) -> Found:
    """Partition the words of a snapshot by k-means.

    With `start` it goes on from there: clusters that continue keep their ids and names. A cluster and a topic that are
    each other's nearest share the topic's name, where `near(topic, score)` says that they are near enough.
    """
    vectors, choice, share = snapshot.vectors, None, 0.0
    if settings.k == "auto":
        choice = choose_k(
            vectors,
            k_min=settings.k_min or 2,
            k_max=settings.k_max,
            seed=settings.seed,
            progress=part(progress, 0.0, 0.6),
        )
        share = 0.6
    k = choice.k if choice else settings.k
    if not isinstance(k, int):
        raise InvalidRequest("give a whole number for k, or auto")
    goes_on = start is not None and len(start.clusters) == k
    found = kmeans(
        vectors,
        k,
        seed=settings.seed,
        start=start.prototypes.vectors if start is not None and goes_on else None,
        progress=part(progress, share, 0.9),
    )
    matching = None if start is None else _matching(start, vectors, found.labels, k)
    kept = {} if start is None or matching is None else {p.new: start.clusters[p.old] for p in matching.continued}
    progress(0.92)
    names = [kept[i].name if i in kept else None for i in range(k)]
    clusters = _clusters(
        [kept[i].id if i in kept else f"{id}-{i}" for i in range(k)],
        snapshot.texts,
        found.labels,
        found.scores,
        _with_topics(names, found.centroids, topics, near),
        settings,
    )
    progress(0.98)
    ids = tuple(cluster.id for cluster in clusters)
    return Found(
        clusters,
        Prototypes(ids, found.centroids),
        _quality(vectors, found.labels, found.score, settings.seed),
        choice,
        matching.lineage(start.prototypes.names, ids) if start is not None and matching is not None else None,
    )


def grow_topics(
    id: str,
    snapshot: Snapshot,
    settings: ClusteringSettings,
    names: Sequence[str],
    topics: Sequence[TopicVectors],
    progress: Progress,
) -> Found:
    """Grow the prototypes of topics on the words of a snapshot, and say what moves by it."""
    growth = adapt(snapshot.vectors, topics, seed=settings.seed, progress=part(progress, 0.0, 0.9))
    prototypes = growth.prototypes.named([f"{id}-{i}" for i in range(len(names))])
    scores = prototypes.scores(snapshot.vectors)
    now, before = scores.argmax(axis=1), (snapshot.vectors @ label_prototypes(topics).T).argmax(axis=1)
    own = scores[np.arange(len(scores)), now]
    progress(0.95)
    clusters = _clusters(prototypes.names, snapshot.texts, now, own, names, settings)
    moved = np.flatnonzero(now != before)
    spread = moved[:: max(1, len(moved) // _EXAMPLES)][:_EXAMPLES]
    adaptation = Adaptation(
        moved=len(moved),
        examples=[MovedWord(text=snapshot.texts[i], old=names[before[i]], new=names[now[i]]) for i in spread],
        topics=[
            GrownTopic(
                name=cluster.name,
                grown=reason == "grown",
                reason=reason,
                explanation=REASONS[reason],
                support=round(float(support), 1),
                words=cluster.size,
            )
            for cluster, reason, support in zip(clusters, growth.reasons, growth.support, strict=True)
        ],
    )
    quality = _quality(snapshot.vectors, now, float(own.mean()), settings.seed)
    return Found(clusters, prototypes, quality, adaptation=adaptation)


def finished(clustering: Clustering, found: Found) -> Clustering:
    """Return a clustering as it is when it has found what it looked for."""
    choice = found.choice
    return clustering.model_copy(
        update={
            "status": "done",
            "progress": 1.0,
            "k": len(found.clusters),
            "clusters": found.clusters,
            "quality": found.quality,
            "criterion": choice and choice.criterion,
            "curve": choice and list(choice.curve),
            "clear": choice and choice.clear,
            "lineage": found.lineage,
            "adaptation": found.adaptation,
        }
    )


def _matching(start: Start, vectors: Vectors, labels: npt.NDArray[np.integer], k: int) -> Matching:
    """Return which cluster goes on from which cluster of the start, over the words that are there now."""
    before = start.prototypes.scores(vectors).argmax(axis=1)
    return match(before, labels, old_k=len(start.clusters), new_k=k)


def _clusters(
    ids: Sequence[str],
    texts: Sequence[str],
    labels: npt.NDArray[np.integer],
    scores: npt.NDArray[np.floating],
    names: Sequence[str | None],
    settings: ClusteringSettings,
) -> list[Cluster]:
    """Return the clusters with their sizes; those without a name are named after their texts."""
    stop_words = "english" if settings.stop_words is None else settings.stop_words
    named = name_clusters(texts, labels, scores, names=names, stop_words=stop_words)
    sizes = np.bincount(labels, minlength=len(ids)).tolist()
    return [
        Cluster(id=id, name=name.name, size=size, keywords=list(name.keywords), examples=list(name.examples))
        for id, name, size in zip(ids, named, sizes, strict=True)
    ]


def _with_topics(names: Sequence[str | None], centroids: Vectors, topics: Prototypes, near: Near) -> list[str | None]:
    """Return the names, and for clusters without one the topic that is the nearest to each other with it, if free."""
    if not len(topics):
        return list(names)
    scores = topics.scores(centroids)
    nearest, mutual = scores.argmax(axis=1), scores.argmax(axis=0)
    taken = {name.casefold() for name in names if name is not None}

    def named(i: int, topic: str) -> str | None:
        fits = mutual[nearest[i]] == i and near(topic, float(scores[i, nearest[i]]))
        return topic if fits and topic.casefold() not in taken else None

    return [name if name is not None else named(i, topics.names[nearest[i]]) for i, name in enumerate(names)]


def _quality(vectors: Vectors, labels: npt.NDArray[np.integer], score: float, seed: int) -> Quality:
    """Return the mean cosine to the own prototype, and the silhouette of a sample where there are two clusters."""
    rows = np.arange(len(vectors))
    if len(rows) > _QUALITY_WORDS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, _QUALITY_WORDS, replace=False))
    several = len(np.unique(labels[rows])) > 1
    return Quality(score=score, silhouette=silhouette(vectors[rows], labels[rows]) if several else None)
