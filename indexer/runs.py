"""What a run of reclustering finds, from arrays and texts alone: prototypes, names, lineage, quality."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from indexer.adaptation import REASONS, TopicEvidence, adapt, label_prototypes
from indexer.cache import Snapshot
from indexer.clustering import choose_k, kmeans, silhouette
from indexer.embedders import Vectors
from indexer.errors import InvalidRequest
from indexer.lineage import Lineage, match
from indexer.naming import name_clusters
from indexer.prototypes import Prototypes

Progress = Callable[[float], None]
NEWEST = "newest"  # start from the newest finished run with the same settings
_QUALITY_WORDS = 2_000
_MOVED_SHOWN = 20


@dataclass(frozen=True)
class RunSettings:
    """What a run is asked to do; a run follows the newest one with the same settings."""

    k: int | Literal["auto"] | None = None
    around: Literal["topics"] | None = None
    seed: int = 42
    start: str | None = NEWEST
    k_min: int | None = None
    k_max: int | None = None
    stop_words: tuple[str, ...] | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "RunSettings":
        """Return the settings that were given; raises InvalidRequest where they contradict each other."""
        stop_words = given.get("stop_words")
        settings = cls(**{**given, "stop_words": None if stop_words is None else tuple(stop_words)})
        if (settings.k is None) == (settings.around is None):
            raise InvalidRequest("give exactly one of k and around")
        if settings.k != "auto" and (settings.k_min is not None or settings.k_max is not None):
            raise InvalidRequest('k_min and k_max go with "k": "auto"')
        if settings.k_min is not None and settings.k_max is not None and settings.k_min > settings.k_max:
            raise InvalidRequest(f"k_min is {settings.k_min} and k_max {settings.k_max}; swap them")
        return settings

    def follows(self, other: "RunSettings") -> bool:
        """Tell whether a run with these settings goes on from one with those, whatever each started from."""
        return {**asdict(self), "start": None} == {**asdict(other), "start": None}


@dataclass(frozen=True)
class Named:
    """Prototypes of an earlier run, with the ids and names of its clusters."""

    prototypes: Prototypes
    clusters: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Found:
    """What a run found: clusters as they are shown, their prototypes, and what else is to be told of the run."""

    clusters: list[dict[str, Any]]
    prototypes: Prototypes
    told: dict[str, Any] = field(default_factory=dict)


def find_clusters(
    run: str,
    snapshot: Snapshot,
    settings: RunSettings,
    start: Named | None,
    topics: Prototypes | None,
    passes: Callable[[str, float], bool],
    progress: Progress,
) -> Found:
    """Partition the words of a snapshot by k-means.

    With `start` the run goes on from there: clusters that continue keep their ids and names. A cluster and a topic
    that are each other's nearest share the topic's name, where `passes(topic, score)` finds them near enough.
    """
    told: dict[str, Any] = {}
    k, share = settings.k, 0.0
    if k == "auto":
        choice = choose_k(
            snapshot.vectors,
            k_min=settings.k_min or 2,
            k_max=settings.k_max,
            seed=settings.seed,
            progress=lambda done: progress(0.6 * done),
        )
        k, share = choice.k, 0.6
        told |= {"criterion": choice.criterion, "curve": [list(point) for point in choice.curve], "clear": choice.clear}
    if not isinstance(k, int):
        raise InvalidRequest("give a whole number for k, or auto")
    goes_on = start is not None and len(start.clusters) == k
    clusters = kmeans(
        snapshot.vectors,
        k,
        seed=settings.seed,
        start=start.prototypes.vectors if start is not None and goes_on else None,
        progress=lambda done: progress(share + (0.9 - share) * done),
    )
    lineage = None
    if start is not None:
        before = start.prototypes.scores(snapshot.vectors).argmax(axis=1)
        lineage = match(before, clusters.labels, old_k=len(start.clusters), new_k=k)
        told["lineage"] = show_lineage(lineage, start.clusters, [f"{run}-{i}" for i in range(k)])
    progress(0.92)
    names = name_clusters(
        snapshot.texts,
        clusters.labels,
        clusters.scores,
        topics=_topic_names(clusters.centroids, topics, passes),
        stop_words="english" if settings.stop_words is None else settings.stop_words,
    )
    progress(0.98)
    told["quality"] = _quality(snapshot.vectors, clusters.labels, clusters.score, settings.seed)
    shown = _shown(run, names, np.bincount(clusters.labels, minlength=k))
    if start is not None and lineage is not None:
        _keep_identity(shown, lineage, start.clusters)
    return Found(shown, Prototypes(tuple(c["id"] for c in shown), clusters.centroids), told)


def grow_topics(
    run: str,
    snapshot: Snapshot,
    settings: RunSettings,
    names: Sequence[str],
    topics: Sequence[TopicEvidence],
    progress: Progress,
) -> Found:
    """Grow the prototypes of topics on the words of a snapshot, and tell what moves by it."""
    grown = adapt(snapshot.vectors, topics, seed=settings.seed, progress=lambda done: progress(0.9 * done))
    ids = tuple(f"{run}-{i}" for i in range(len(names)))
    prototypes = Prototypes(ids, grown.prototypes, grown.centre)
    scores = prototypes.scores(snapshot.vectors)
    now, before = scores.argmax(axis=1), (snapshot.vectors @ label_prototypes(topics).T).argmax(axis=1)
    own = scores[np.arange(len(scores)), now]
    progress(0.95)
    stop_words: Collection[str] | str = "english" if settings.stop_words is None else settings.stop_words
    described = name_clusters(snapshot.texts, now, own, topics=list(names), stop_words=stop_words)
    sizes = np.bincount(now, minlength=len(names))
    shown = _shown(run, described, sizes)
    for cluster, name in zip(shown, names, strict=True):
        cluster["name"] = name
    moved = np.flatnonzero(now != before)
    spread = moved[:: max(1, len(moved) // _MOVED_SHOWN)][:_MOVED_SHOWN]
    told = {
        "adaptation": {
            "moved": len(moved),
            "examples": [{"text": snapshot.texts[i], "from": names[before[i]], "to": names[now[i]]} for i in spread],
            "topics": [
                {
                    "name": name,
                    "grown": is_grown,
                    "reason": reason,
                    "explanation": REASONS[reason],
                    "support": round(float(support), 1),
                    "words": int(size),
                }
                for name, is_grown, reason, support, size in zip(
                    names, grown.grown, grown.reasons, grown.support, sizes, strict=True
                )
            ],
        },
        "quality": _quality(snapshot.vectors, now, float(own.mean()), settings.seed),
    }
    return Found(shown, prototypes, told)


def show_lineage(lineage: Lineage, old: Sequence[Mapping[str, Any]], new: Sequence[str]) -> dict[str, Any]:
    """Return a lineage with the ids of the clusters in the place of their numbers; a continued one keeps the old id."""
    kept = {pair.new: str(old[pair.old]["id"]) for pair in lineage.continued}
    ids = [kept.get(i, id) for i, id in enumerate(new)]
    return {
        "continued": [{"from": old[p.old]["id"], "to": ids[p.new], "shared": p.shared} for p in lineage.continued],
        "born": [ids[i] for i in lineage.born],
        "gone": [old[i]["id"] for i in lineage.gone],
        "split": [{"from": old[s.old]["id"], "to": [ids[i] for i in s.new]} for s in lineage.split],
        "merged": [{"from": [old[i]["id"] for i in m.old], "to": ids[m.new]} for m in lineage.merged],
        "moved": lineage.moved,
        "common": lineage.common,
    }


def _shown(run: str, names: Sequence[Any], sizes: npt.NDArray[np.integer]) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{run}-{i}",
            "name": name.name,
            "size": int(size),
            "keywords": list(name.keywords),
            "examples": list(name.examples),
        }
        for i, (name, size) in enumerate(zip(names, sizes, strict=True))
    ]


def _keep_identity(shown: list[dict[str, Any]], lineage: Lineage, old: Sequence[Mapping[str, Any]]) -> None:
    """Give the clusters that continue their old ids and names; a new one that has such a name gets another."""
    for pair in lineage.continued:
        shown[pair.new] |= {"id": old[pair.old]["id"], "name": old[pair.old]["name"]}
    taken = {shown[pair.new]["name"].casefold() for pair in lineage.continued}
    for i in lineage.born:
        name, candidates = shown[i]["name"], iter([*shown[i]["keywords"], *shown[i]["examples"], shown[i]["id"]])
        while name.casefold() in taken:
            name = next(candidates)
        shown[i]["name"] = name
        taken.add(name.casefold())


def _topic_names(
    centroids: Vectors, topics: Prototypes | None, passes: Callable[[str, float], bool]
) -> list[str | None] | None:
    if topics is None or not topics.names:
        return None
    scores = topics.scores(centroids)
    nearest, mutual = scores.argmax(axis=1), scores.argmax(axis=0)
    return [
        topics.names[j] if mutual[j] == i and passes(topics.names[j], float(scores[i, j])) else None
        for i, j in enumerate(nearest.tolist())
    ]


def _quality(vectors: Vectors, labels: npt.NDArray[np.integer], score: float, seed: int) -> dict[str, float | None]:
    """Return the mean cosine to the own prototype, and the silhouette of a sample where there are two clusters."""
    rows = np.arange(len(vectors))
    if len(rows) > _QUALITY_WORDS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, _QUALITY_WORDS, replace=False))
    several = len(np.unique(labels[rows])) > 1
    return {"score": score, "silhouette": silhouette(vectors[rows], labels[rows]) if several else None}
