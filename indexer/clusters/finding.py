"""What a clustering finds, from arrays and texts alone: clusters, their prototypes, lineage, quality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.blocks import blas_threads
from indexer.clusters.k_selection import choose_k
from indexer.clusters.kmeans import kmeans, sampled
from indexer.clusters.lineage import match
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
from indexer.contract.topics import Thresholds
from indexer.progress import Progress, scaled
from indexer.prototypes import Prototypes
from indexer.topics.adaptation import REASONS, TopicVectors, adapt, label_prototypes
from indexer.vectors import Vectors
from indexer.words.memory import AllWords

_QUALITY_WORDS = 2_000  # in the sample of the silhouette
_EXAMPLES = 20  # of the words that move


@dataclass(frozen=True)
class ClusterSet:
    """The clusters of a finished clustering, and their prototypes in the same order."""

    clusters: Sequence[Cluster]
    prototypes: Prototypes


@blas_threads.one()
def find_clusters(
    clustering: Clustering,
    words: AllWords,
    start: ClusterSet | None,
    topics: Prototypes,
    thresholds: Thresholds,
    progress: Progress,
) -> tuple[Clustering, Prototypes]:
    """Partition all words by k-means; return the clustering done, and the prototypes of its clusters.

    Clusters that continue one of `start` keep its id and name. A new cluster has the name of a topic where each is the
    other's nearest and their cosine reaches the threshold of the topic, else one from its words; never a taken name.
    """
    settings, vectors = clustering.settings, words.vectors
    if isinstance(settings.k, int):
        choice, share, k = None, 0.0, settings.k
    else:
        k_min, steps = settings.k_min or 2, scaled(progress, 0.0, 0.6)
        choice = choose_k(vectors, k_min=k_min, k_max=settings.k_max, seed=settings.seed, progress=steps)
        share, k = 0.6, choice.k
    seeds = None if start is None or len(start.clusters) != k else start.prototypes.vectors
    found = kmeans(vectors, k, seed=settings.seed, start=seeds, progress=scaled(progress, share, 0.9))
    ids, names, lineage = _identities([f"{clustering.id}-{i}" for i in range(k)], start, vectors, found.labels)
    progress(0.92)
    names = _with_topics(names, found.centroids, topics, thresholds)
    clusters = _clusters(ids, names, words.texts, found.labels, found.scores, settings)
    progress(0.98)
    done = _done(
        clustering,
        clusters,
        _quality(vectors, found.labels, found.score, settings.seed),
        criterion=choice and choice.criterion,
        curve=choice and list(choice.curve),
        clear=choice and choice.clear,
        lineage=lineage,
    )
    return done, Prototypes(tuple(ids), found.centroids)


def grow_topics(
    clustering: Clustering,
    words: AllWords,
    names: Sequence[str],
    topics: Sequence[TopicVectors],
    progress: Progress,
) -> tuple[Clustering, Prototypes]:
    """Grow the prototypes of topics on all words; return the clustering done, and these prototypes."""
    settings, vectors = clustering.settings, words.vectors
    growth = adapt(vectors, topics, seed=settings.seed, progress=scaled(progress, 0.0, 0.9))
    prototypes = growth.prototypes.named([f"{clustering.id}-{i}" for i in range(len(names))])
    scores = prototypes.scores(vectors)
    now, before = scores.argmax(axis=1), (vectors @ label_prototypes(topics).T).argmax(axis=1)
    own = scores[np.arange(len(scores)), now]
    progress(0.95)
    clusters = _clusters(prototypes.names, names, words.texts, now, own, settings)
    moved = np.flatnonzero(now != before)
    examples = moved[:: max(1, len(moved) // _EXAMPLES)][:_EXAMPLES]
    adaptation = Adaptation(
        moved=len(moved),
        examples=[MovedWord(text=words.texts[i], old=names[before[i]], new=names[now[i]]) for i in examples],
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
    quality = _quality(vectors, now, float(own.mean()), settings.seed)
    return _done(clustering, clusters, quality, adaptation=adaptation), prototypes


def _done(clustering: Clustering, clusters: list[Cluster], quality: Quality, **more: object) -> Clustering:
    found = {"status": "done", "progress": 1.0, "k": len(clusters), "clusters": clusters, "quality": quality}
    return clustering.model_copy(update={**found, **more})


def _identities(
    ids: list[str], start: ClusterSet | None, vectors: Vectors, labels: npt.NDArray[np.integer]
) -> tuple[list[str], list[str | None], Lineage | None]:
    """Return the ids and names of the clusters, and the lineage: those that continue one of `start` have its own.

    `ids` are for new clusters, which have no name yet.
    """
    names: list[str | None] = [None] * len(ids)
    if start is None:
        return ids, names, None
    before = start.prototypes.scores(vectors).argmax(axis=1)
    matching = match(before, labels, old_k=len(start.clusters), new_k=len(ids))
    kept = {pair.new: start.clusters[pair.old] for pair in matching.continued}
    ids = [kept[i].id if i in kept else id for i, id in enumerate(ids)]
    names = [kept[i].name if i in kept else None for i in range(len(ids))]
    return ids, names, matching.lineage(start.prototypes.names, ids)


def _with_topics(
    names: list[str | None], centroids: Vectors, topics: Prototypes, thresholds: Thresholds
) -> list[str | None]:
    """Return the names, with that of a topic for clusters without one that are its nearest, and it theirs."""
    if not len(topics):
        return names
    scores = topics.scores(centroids)
    nearest_cluster = scores.argmax(axis=0)
    taken = {name.casefold() for name in names if name is not None}
    named = list(names)
    for i, j in enumerate(scores.argmax(axis=1).tolist()):
        topic, least = topics.names[j], thresholds.least(topics.names[j])
        is_near = nearest_cluster[j] == i and (least is None or float(scores[i, j]) >= least)
        if named[i] is None and is_near and topic.casefold() not in taken:
            named[i] = topic
            taken.add(topic.casefold())
    return named


def _clusters(
    ids: Sequence[str],
    names: Sequence[str | None],
    texts: Sequence[str],
    labels: npt.NDArray[np.integer],
    scores: npt.NDArray[np.floating],
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


def _quality(vectors: Vectors, labels: npt.NDArray[np.integer], score: float, seed: int) -> Quality:
    """Return the mean cosine to the own prototype, and the silhouette of a sample where it has two clusters."""
    rows = sampled(np.arange(len(vectors)), _QUALITY_WORDS, np.random.default_rng(seed))
    several = len(np.unique(labels[rows])) > 1
    return Quality(score=score, silhouette=silhouette(vectors[rows], labels[rows]) if several else None)
