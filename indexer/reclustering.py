"""Reclustering as a caller meets it: runs that are made, kept, compared, and asked for words and for new texts."""

import base64
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np

from indexer.answers import (
    ClusterAnswer,
    ClusteringList,
    ClusteringShown,
    ClusterMatch,
    ClusterWord,
    ClusterWordPage,
)
from indexer.cache import Assignment
from indexer.clustering import kmeans
from indexer.corpus import Corpus
from indexer.embedders import Embedder
from indexer.errors import Cancelled, Conflict, InvalidRequest, NoClustering, NotFound, TopicdexError
from indexer.naming import name_clusters
from indexer.prototypes import Prototypes, rank
from indexer.store import Centroids, RunRecord, Store
from indexer.store.store import new_id
from indexer.topics import TopicIndex

Progress = Callable[[float], None]
NEWEST = "newest"  # start from the newest finished run with the same settings


@dataclass(frozen=True)
class RunSettings:
    """What a run is asked to do; two runs with the same ones follow each other."""

    k: int | Literal["auto"] | None = None
    around: Literal["topics"] | None = None
    seed: int = 42
    start: str | None = NEWEST
    k_min: int | None = None
    k_max: int | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "RunSettings":
        """Return the settings that were given; raises InvalidRequest where they contradict each other."""
        settings = cls(**given)
        if (settings.k is None) == (settings.around is None):
            raise InvalidRequest("give exactly one of k and around")
        return settings


class Reclustering:
    """The runs of one corpus. A run is its prototypes and its settings; which word is where follows from both."""

    def __init__(self, store: Store, corpus: Corpus, topics: TopicIndex, embedder: Callable[[], Embedder]) -> None:
        self._store = store
        self._corpus = corpus
        self._topics = topics
        self._embedder = embedder
        self._progress: dict[str, float] = {}
        self._assigned: tuple[tuple[str, int], Assignment] | None = None
        self._assigning = threading.Lock()

    def create(self, settings: RunSettings) -> str:
        """Keep a new run as queued and return its id.

        Raises InvalidRequest for what can never succeed: no words, more clusters than words.
        """
        words = self._store.words.count()
        if words == 0:
            raise InvalidRequest("there are no words to cluster; index some first")
        if isinstance(settings.k, int) and settings.k > words:
            raise InvalidRequest(f"k is {settings.k} and there are {words} words; ask for at most {words}")
        run = new_id()
        self._store.clusterings.write(
            {
                "id": run,
                "status": "queued",
                "progress": 0.0,
                "k": None,
                "settings": asdict(settings),
                "clusters": [],
                "words": words,
                "created": datetime.now(UTC).isoformat(timespec="microseconds"),
                "seconds": None,
            }
        )
        return run

    def run(self, run: str, progress: Progress) -> ClusteringShown:
        """Do a queued run and return it ended: done, failed with a reason, or cancelled.

        `progress` is told the share done several times a second; it ends the run by raising Cancelled.
        """
        begin = time.monotonic()
        record = dict(self._record(run))
        centroids: Centroids | None = None

        def told(share: float) -> None:
            self._progress[run] = share
            progress(share)

        try:
            told(0.0)
            record, centroids = self._find(record, told)
            record |= {"status": "done", "progress": 1.0}
        except Cancelled:
            record |= {"status": "cancelled", "progress": self._progress.get(run, 0.0)}
        except TopicdexError as error:
            record |= {"status": "failed", "error": str(error)}
        record["seconds"] = time.monotonic() - begin
        self._store.clusterings.write(record, centroids)
        self._progress.pop(run, None)
        return ClusteringShown(**record)

    def all(self) -> ClusteringList:
        """Return all runs, newest first."""
        return ClusteringList(clusterings=[self._shown(record) for record in self._store.clusterings.records()])

    def get(self, run: str) -> ClusteringShown:
        """Return one run; raises NotFound."""
        return self._shown(self._record(run))

    def delete(self, run: str) -> None:
        """Remove a run that has ended; raises NotFound."""
        self._record(run)
        self._store.clusterings.delete([run])

    def fail(self, run: str, reason: str) -> None:
        """Keep a run as failed, with the reason."""
        self._store.clusterings.write({**self._record(run), "status": "failed", "error": reason})

    def words(self, run: str, limit: int, cursor: str | None, cluster: str | None) -> ClusterWordPage:
        """Return `limit` words with their clusters, in the order of their ids, from the cursor on.

        Raises NotFound for the run or the cluster, Conflict where the run has not finished.
        """
        record = self._finished(run)
        clusters = [c["id"] for c in record["clusters"]]
        if cluster is not None and cluster not in clusters:
            raise NotFound(f"the clustering {run} has no cluster {cluster!r}")
        found = self._assign(run)
        position = 0 if cursor is None else bisect_right(found.ids, _last(cursor))
        words: list[ClusterWord] = []
        while position < len(found.ids) and len(words) <= limit:
            its = clusters[found.nearest[position]]
            if cluster is None or its == cluster:
                words.append(ClusterWord(id=found.ids[position], text=found.texts[position], cluster=its))
            position += 1
        more = len(words) > limit
        return ClusterWordPage(words=words[:limit], next=_cursor(words[limit - 1].id) if more else None)

    def nearest(self, texts: Sequence[str], k: int, run: str | None) -> list[ClusterAnswer]:
        """Return the nearest clusters of each text in the newest finished run, or in `run`.

        Raises NoClustering where none has finished, NotFound, Conflict where `run` has not finished.
        """
        run = self._newest() if run is None else run
        record = self._finished(run)
        names = {c["id"]: c["name"] for c in record["clusters"]}
        prototypes = self._prototypes(run)
        embedder = self._embedder()
        rankings = rank(prototypes.scores(embedder.embed(texts)), k)
        return [
            ClusterAnswer(
                text=text,
                clustering=run,
                matches=[
                    ClusterMatch(cluster=prototypes.names[i], name=names[prototypes.names[i]], score=score)
                    for i, score in zip(ranking.order, ranking.scores, strict=True)
                ],
                truncated=cut,
            )
            for text, ranking, cut in zip(texts, rankings, embedder.truncated(texts), strict=True)
        ]

    def _find(self, record: dict[str, Any], progress: Progress) -> tuple[dict[str, Any], Centroids]:
        """Return the record with what the run found, and its prototypes."""
        settings = RunSettings(**record["settings"])
        snapshot = self._corpus.load().snapshot()
        if not isinstance(settings.k, int):
            raise InvalidRequest("only a whole number is taken for k")
        found = kmeans(snapshot.vectors, settings.k, seed=settings.seed, progress=lambda s: progress(0.9 * s))
        names = name_clusters(snapshot.texts, found.labels, found.scores)
        sizes = np.bincount(found.labels, minlength=settings.k)
        clusters = [
            {
                "id": f"{record['id']}-{i}",
                "name": name.name,
                "size": int(size),
                "keywords": list(name.keywords),
                "examples": list(name.examples),
            }
            for i, (name, size) in enumerate(zip(names, sizes, strict=True))
        ]
        record |= {"k": len(clusters), "clusters": clusters, "words": len(snapshot.ids)}
        return record, Centroids(found.centroids, np.zeros_like(found.centroids[0]))

    def _assign(self, run: str) -> Assignment:
        """Return the cluster of every word, computed again when the words or the run asked for have changed."""
        cache = self._corpus.load()
        with self._assigning:
            key = (run, cache.version)
            if self._assigned is None or self._assigned[0] != key:
                self._assigned = (key, cache.assign(self._prototypes(run)))
            return self._assigned[1]

    def _prototypes(self, run: str) -> Prototypes:
        record = self._record(run)
        centroids = self._store.clusterings.centroids(run)
        return Prototypes(tuple(c["id"] for c in record["clusters"]), centroids.vectors, centroids.centre)

    def _record(self, run: str) -> RunRecord:
        record = self._store.clusterings.record(run)
        if record is None:
            raise NotFound(f"there is no clustering {run!r}")
        return record

    def _finished(self, run: str) -> RunRecord:
        record = self._record(run)
        if record["status"] != "done":
            raise Conflict(f"the clustering {run} is {record['status']}; ask for one that is done")
        return record

    def _newest(self) -> str:
        for record in self._store.clusterings.records():
            if record["status"] == "done":
                return str(record["id"])
        raise NoClustering("no clustering has finished yet; make one with POST /v1/clusterings")

    def _shown(self, record: RunRecord) -> ClusteringShown:
        progress = self._progress.get(record["id"])
        if progress is not None and record["status"] == "queued":
            record = {**record, "status": "running", "progress": progress}
        return ClusteringShown(**record)


def _cursor(last: str) -> str:
    return base64.urlsafe_b64encode(last.encode()).decode()


def _last(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor.encode()).decode()
    except ValueError:
        raise InvalidRequest("the cursor is none that a page gave; begin without one") from None
