"""Reclustering as a caller meets it: runs that are made, kept, compared, and asked for words and for new texts."""

import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from indexer.answers import (
    ClusterAnswer,
    ClusteringDiff,
    ClusteringList,
    ClusteringShown,
    ClusterMatch,
    ClusterWord,
    ClusterWordPage,
)
from indexer.cache import Assignment
from indexer.corpus import Corpus
from indexer.cursors import cursor_of, value_of
from indexer.embedders import Embedder
from indexer.errors import Cancelled, Conflict, InvalidRequest, NotFound, TopicdexError
from indexer.lineage import match
from indexer.prototypes import Prototypes, best_first
from indexer.run_log import RunLog, shown_record
from indexer.runs import Found, Named, Progress, RunSettings, find_clusters, grow_topics, show_lineage
from indexer.store import Centroids, RunRecord, Store
from indexer.topic_parts import evidence, in_sentences
from indexer.topics import TopicIndex


class Reclustering:
    """The runs of one corpus. A run is its prototypes and its settings; which word is where follows from both."""

    def __init__(
        self,
        store: Store,
        corpus: Corpus,
        topics: TopicIndex,
        embedder: Callable[[], Embedder],
        write_lock: threading.RLock,
    ) -> None:
        self._store = store
        self._corpus = corpus
        self._topics = topics
        self._embedder = embedder
        self._write_lock = write_lock
        self.log = RunLog(store, write_lock)
        self._progress: dict[str, float] = {}
        self._named_of: dict[str, Named] = {}
        self._assigned: tuple[tuple[str, int], Assignment] | None = None
        self._assigning = threading.Lock()

    def create(self, settings: RunSettings) -> str:
        """Keep a new run as queued and return its id.

        Raises InvalidRequest for what can never succeed: no words, more clusters than words, no topics to grow
        from, a start that is not there or has not finished.
        """
        words = self._store.words.count()
        if words == 0:
            raise InvalidRequest("there are no words to cluster; index some first")
        if isinstance(settings.k, int) and settings.k > words:
            raise InvalidRequest(f"k is {settings.k} and there are {words} words; ask for at most {words}")
        if settings.k_min is not None and settings.k_min > words:
            raise InvalidRequest(f"k_min is {settings.k_min} and there are {words} words; ask for at most {words}")
        if settings.around == "topics" and not len(self._topics):
            raise InvalidRequest("there are no topics to grow from; set some first")
        return self.log.add(replace(settings, start=self.log.start_of(settings)), words)

    def run(self, run: str, progress: Progress) -> ClusteringShown:
        """Do a queued run and return it ended: done, failed with a reason, or cancelled.

        `progress` is told the share done several times a second; it ends the run by raising Cancelled.
        """
        begin = time.monotonic()
        record = {**self.log.record(run), "status": "running"}
        record.pop("error", None)  # of another process that took this one for dead
        watch = self.log.watched(record, progress)
        centroids: Centroids | None = None

        def told(share: float) -> None:
            self._progress[run] = share
            watch(share)

        try:
            told(0.0)
            found, more = self._find(run, RunSettings.of(record["settings"]), told)
            centroids = Centroids(found.prototypes.vectors, _centre(found.prototypes))
            record |= {"status": "done", "progress": 1.0, "k": len(found.clusters), "clusters": found.clusters}
            record |= {**found.told, **more}
        except Cancelled:
            record |= {"status": "cancelled", "progress": self._progress.get(run, 0.0)}
        except TopicdexError as error:
            record |= {"status": "failed", "error": str(error)}
        finally:
            self._progress.pop(run, None)
        record["seconds"] = time.monotonic() - begin
        self.log.finish(record, centroids)
        return self._shown(record)

    def all(self) -> ClusteringList:
        """Return all runs, newest first."""
        return ClusteringList(clusterings=[self._shown(record) for record in self.log.records()])

    def get(self, run: str) -> ClusteringShown:
        """Return one run; raises NotFound."""
        return self._shown(self.log.record(run))

    def delete(self, run: str) -> None:
        """Call off a run that another process works on, remove one that has ended; raises NotFound, Conflict."""
        self.log.delete(run)

    def pin(self, run: str, pinned: bool) -> ClusteringShown:
        """Keep a run however many come later, or no longer; raises NotFound, Conflict where it has not finished."""
        return self._shown(self.log.pin(run, pinned))

    def activate(self, run: str) -> ClusteringShown:
        """Make topic lookups answer from a run that grew from the present topics.

        Raises NotFound, and Conflict where the run has not finished or did not grow from these topics.
        """
        with self._write_lock:  # the run stays until it is the active one, which nobody can delete
            record = self.log.finished(run)
            if record["settings"]["around"] != "topics":
                raise Conflict(f"the run {run} did not grow from the topics; make one around them")
            self._topics.activate(run, record["topics_version"])
        return self._shown(record)

    def words(self, run: str, limit: int, cursor: str | None, cluster: str | None) -> ClusterWordPage:
        """Return `limit` words with their clusters, in the order of their ids, from the cursor on.

        Raises NotFound for the run or the cluster, Conflict where the run has not finished.
        """
        clusters = [c["id"] for c in self.log.finished(run)["clusters"]]
        if cluster is not None and cluster not in clusters:
            raise NotFound(f"the clustering {run} has no cluster {cluster!r}")
        found = self._assign(run)
        position = 0 if cursor is None else bisect_right(found.ids, str(value_of(cursor)))
        words: list[ClusterWord] = []
        while position < len(found.ids) and len(words) <= limit:
            its = clusters[found.nearest[position]]
            if cluster is None or its == cluster:
                words.append(ClusterWord(id=found.ids[position], text=found.texts[position], cluster=its))
            position += 1
        more = len(words) > limit
        return ClusterWordPage(words=words[:limit], next=cursor_of(words[limit - 1].id) if more else None)

    def nearest(self, texts: Sequence[str], k: int, run: str | None) -> list[ClusterAnswer]:
        """Return the nearest clusters of each text in the newest finished run, or in `run`.

        Raises NoClustering where none has finished, NotFound, Conflict where `run` has not finished.
        """
        run = self.log.newest() if run is None else run
        named = self._named(run)
        names, prototypes = {c["id"]: c["name"] for c in named.clusters}, named.prototypes
        embedder = self._embedder()
        scores = prototypes.scores(embedder.embed(texts))
        return [
            ClusterAnswer(
                text=text,
                clustering=run,
                matches=[
                    ClusterMatch(cluster=prototypes.names[i], name=names[prototypes.names[i]], score=float(row[i]))
                    for i in order.tolist()
                ],
                truncated=cut,
            )
            for text, row, order, cut in zip(
                texts, scores, best_first(scores, k), embedder.truncated(texts), strict=True
            )
        ]

    def diff(self, old: str, new: str) -> ClusteringDiff:
        """Return what became of the clusters of one run in another, over the words that are there now."""
        before, after = self.log.finished(old), self.log.finished(new)
        first, second = self._assign(old), self._assign(new)
        if first.ids != second.ids:  # words came between the two looks
            raise Conflict("the words are changing; ask again")
        lineage = match(first.nearest, second.nearest, old_k=before["k"], new_k=after["k"])
        ids = [c["id"] for c in after["clusters"]]
        shown = show_lineage(lineage, before["clusters"], ids)
        shown["continued"] = [
            {"from": before["clusters"][p.old]["id"], "to": ids[p.new], "shared": p.shared} for p in lineage.continued
        ]
        return ClusteringDiff.model_validate({"from": old, "to": new, **shown})

    def _find(self, run: str, settings: RunSettings, progress: Progress) -> tuple[Found, dict[str, Any]]:
        """Return what the run finds, and what else its record must hold."""
        snapshot = self._corpus.load().snapshot()
        if not snapshot.ids:
            raise InvalidRequest("there are no words any more; index some first")
        more: dict[str, Any] = {"words": len(snapshot.ids), "model": self._store.model_name()}
        present = self._topics.present
        if settings.around == "topics":
            more["topics_version"] = present.version
            names = present.label.names
            topics = in_sentences(evidence(present.parts), names, self._embedder().embed)
            return grow_topics(run, snapshot, settings, names, topics, progress), more
        start = None if settings.start is None else self._named(settings.start)
        _, used, thresholds = present.used()

        def passes(topic: str, score: float) -> bool:
            least = thresholds.topics.get(topic, thresholds.score)
            return least is None or score >= least

        return find_clusters(run, snapshot, settings, start, used, passes, progress), more

    def _assign(self, run: str) -> Assignment:
        """Return the cluster of every word, computed again when the words or the run asked for have changed."""
        cache = self._corpus.load()
        with self._assigning:
            key = (run, self._corpus.changes())
            if self._assigned is None or self._assigned[0] != key:
                self._assigned = (key, cache.assign(self._named(run).prototypes))
            return self._assigned[1]

    def _named(self, run: str) -> Named:
        """Return the clusters of a finished run, which never change, and their prototypes, named by their ids."""
        done = self._store.clusterings.done()
        found = self._named_of.get(run) if run in done else None
        if found is None:
            clusters = self.log.finished(run)["clusters"]
            centroids = self._store.clusterings.centroids(run)
            found = Named(Prototypes(tuple(c["id"] for c in clusters), centroids.vectors, centroids.centre), clusters)
            # with it those go that were deleted or dropped, here or by another process
            self._named_of = {run: found, **{id: named for id, named in self._named_of.items() if id in done}}
        return found

    def _shown(self, record: RunRecord) -> ClusteringShown:
        shown = shown_record(record)
        if record["status"] == "queued" and record["id"] in self._progress:
            shown |= {"status": "running", "progress": self._progress[record["id"]]}
        if record["status"] == "done":
            shown["new_words"] = max(0, self._corpus.count() - record["words"])
        if record["settings"]["around"] is not None:
            shown["active"] = record["id"] == self._topics.present.active
        return ClusteringShown(**shown)


def _centre(prototypes: Prototypes) -> Any:
    return np.zeros_like(prototypes.vectors[0]) if prototypes.centre is None else prototypes.centre
