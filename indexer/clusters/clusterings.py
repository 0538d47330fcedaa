"""The clusterings of a corpus: made, kept, compared, and asked for words and for new texts."""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace

from indexer.clusters.finding import Found, Start, find_clusters, finished, grow_topics
from indexer.clusters.history import History
from indexer.clusters.lineage import match
from indexer.contract.clusterings import (
    ClusterAnswer,
    ClusterAnswers,
    Clustering,
    ClusteringDiff,
    ClusteringList,
    ClusteringSettings,
    ClusterMatch,
    ClusterWord,
    ClusterWordPage,
)
from indexer.embedders import Embedder
from indexer.errors import Cancelled, Conflict, InvalidRequest, NotFound, TopicdexError
from indexer.progress import Progress
from indexer.prototypes import Prototypes
from indexer.store.clusterings import StoredClustering
from indexer.store.store import Store
from indexer.topics.texts import in_sentences
from indexer.topics.topics import TopicIndex
from indexer.vectors import best_first
from indexer.words.corpus import Corpus
from indexer.words.memory import Assignment
from indexer.words.paging import cursor_of, value_of


class Clusterings:
    """The clusterings of one corpus; which word is in which cluster follows from the prototypes and the vectors."""

    def __init__(self, store: Store, corpus: Corpus, topics: TopicIndex, embedder: Callable[[], Embedder]) -> None:
        self._store = store
        self._corpus = corpus
        self._topics = topics
        self._embedder = embedder
        self.history = History(store)
        self._progress: dict[str, float] = {}
        self._starts: dict[str, Start] = {}  # of finished clusterings, which never change, by id
        self._assigned: tuple[tuple[str, int], Assignment] | None = None
        self._assigning = threading.Lock()

    def make(self, settings: ClusteringSettings, progress: Progress | None = None) -> Clustering:
        """Recluster the stored words and return the clustering ended; `progress` is called with the share done.

        Ctrl-C ends it as cancelled. Raises InvalidRequest for what can never succeed.
        """
        id = self.create(settings)
        try:
            return self.run(id, progress or (lambda _share: None))
        except KeyboardInterrupt:
            self.cancel(id)
            raise

    def create(self, settings: ClusteringSettings) -> str:
        """Keep a new clustering as queued and return its id.

        Raises InvalidRequest for what can never succeed: no words, more clusters than words, no topics to grow
        from, a start that is not there or has not finished.
        """
        words = self._store.words.count()
        if words == 0:
            raise InvalidRequest("there are no words to cluster; index some first")
        for name, k in (("k", settings.k), ("k_min", settings.k_min)):
            if isinstance(k, int) and k > words:
                raise InvalidRequest(f"{name} is {k} and there are {words} words; ask for at most {words}")
        if settings.around == "topics" and not len(self._topics):
            raise InvalidRequest("there are no topics to grow from; set some first")
        start = self.history.start_of(settings)
        return self.history.add(settings.model_copy(update={"start": start}), words)

    def run(self, id: str, progress: Progress) -> Clustering:
        """Do a queued clustering and return it ended: done, failed with a reason, or cancelled.

        `progress` is called with the share done several times a second; it ends the work by raising Cancelled.
        """
        begin = time.monotonic()
        # an error is there where another process took this one for dead
        stored = self.history.get(id).updated(status="running", error=None)
        report = self.history.reporting(stored, progress)
        prototypes: Prototypes | None = None

        def on_progress(share: float) -> None:
            self._progress[id] = share
            report(share)

        try:
            on_progress(0.0)
            stored, found = self._find(stored, on_progress)
            prototypes = found.prototypes
            stored = replace(stored, clustering=finished(stored.clustering, found))
        except Cancelled:
            stored = stored.updated(status="cancelled", progress=self._progress.get(id, 0.0))
        except TopicdexError as error:
            stored = stored.updated(status="failed", error=str(error))
        finally:
            self._progress.pop(id, None)
        stored = stored.updated(seconds=time.monotonic() - begin)
        self.history.finish(stored, prototypes)
        return self._present(stored.clustering)

    def cancel(self, id: str) -> None:
        """Keep a clustering that nobody works on as cancelled."""
        self.history.end(id, "cancelled")

    def fail(self, id: str, error: str) -> None:
        """Keep a clustering that nobody works on as failed."""
        self.history.end(id, "failed", error)

    def fail_abandoned(self) -> None:
        """Keep clusterings as failed whose process has died."""
        self.history.fail_abandoned()

    def heartbeat(self) -> None:
        """Write that the clusterings of this process go on, fail those whose process has died; call it often."""
        self.history.heartbeat()

    def all(self) -> ClusteringList:
        """Return all clusterings, newest first."""
        return ClusteringList(clusterings=[self._present(clustering) for clustering in self.history.all()])

    def get(self, id: str) -> Clustering:
        """Return one clustering; raises NotFound."""
        return self._present(self.history.get(id).clustering)

    def delete(self, id: str) -> None:
        """Cancel a clustering that another process works on, remove one that has ended; raises NotFound, Conflict."""
        self.history.delete(id)

    def pin(self, id: str, pinned: bool = True) -> Clustering:
        """Keep a clustering however many come later, or no longer; raises NotFound, Conflict before it has finished."""
        return self._present(self.history.pin(id, pinned))

    def activate(self, id: str) -> Clustering:
        """Make topic lookups answer from a clustering that grew from the present topics.

        Raises NotFound, and Conflict where it has not finished or did not grow from these topics.
        """
        with self._store.write_lock:  # it stays until it is the active one, which nobody can delete
            stored = self.history.finished(id)
            if stored.clustering.settings.around != "topics" or stored.topics_version is None:
                raise Conflict(f"the clustering {id} did not grow from the topics; make one around them")
            self._topics.activate(id, stored.topics_version)
        return self._present(stored.clustering)

    def words(self, id: str, limit: int, cursor: str | None = None, cluster: str | None = None) -> ClusterWordPage:
        """Return `limit` words with their clusters, in the order of their ids, from the cursor on.

        Raises NotFound for the clustering or the cluster, Conflict where the clustering has not finished.
        """
        clusters = [c.id for c in self.history.finished(id).clustering.clusters]
        if cluster is not None and cluster not in clusters:
            raise NotFound(f"the clustering {id} has no cluster {cluster!r}")
        found = self._assign(id)
        position = 0 if cursor is None else bisect_right(found.ids, str(value_of(cursor)))
        words: list[ClusterWord] = []
        while position < len(found.ids) and len(words) <= limit:
            its = clusters[found.nearest[position]]
            if cluster is None or its == cluster:
                words.append(ClusterWord(id=found.ids[position], text=found.texts[position], cluster=its))
            position += 1
        more = len(words) > limit
        return ClusterWordPage(words=words[:limit], next=cursor_of(words[limit - 1].id) if more else None)

    def nearest(self, texts: Sequence[str], k: int = 1, id: str | None = None) -> ClusterAnswers:
        """Return the k nearest clusters of each text in the newest finished clustering, or in the one with this id.

        Raises NoClustering where none has finished, NotFound, Conflict where the one asked for has not.
        """
        id = self.history.newest() if id is None else id
        start = self._start(id)
        names = [cluster.name for cluster in start.clusters]
        embedder = self._embedder()
        scores = start.prototypes.scores(embedder.embed(texts))
        results = [
            ClusterAnswer(
                text=text,
                clustering=id,
                matches=[
                    ClusterMatch(cluster=start.prototypes.names[i], name=names[i], score=float(row[i]))
                    for i in order.tolist()
                ],
                truncated=cut,
            )
            for text, row, order, cut in zip(
                texts, scores, best_first(scores, k), embedder.truncated(texts), strict=True
            )
        ]
        return ClusterAnswers(results=results)

    def diff(self, old: str, new: str) -> ClusteringDiff:
        """Return what became of the clusters of one clustering in another, over the words that are there now."""
        before, after = (self.history.finished(id).clustering.clusters for id in (old, new))
        first, second = self._assign(old), self._assign(new)
        if first.ids != second.ids:  # words came between the two looks
            raise Conflict("the words are changing; ask again")
        matching = match(first.nearest, second.nearest, old_k=len(before), new_k=len(after))
        lineage = matching.lineage([cluster.id for cluster in before], [cluster.id for cluster in after])
        return ClusteringDiff(old=old, new=new, **dict(lineage))

    def _find(self, stored: StoredClustering, progress: Progress) -> tuple[StoredClustering, Found]:
        """Return what a clustering finds, and the clustering as it begins with the words that are there now."""
        id, settings = stored.id, stored.clustering.settings
        snapshot = self._corpus.load().snapshot()
        if not snapshot.ids:
            raise InvalidRequest("there are no words any more; index some first")
        stored = stored.updated(words=len(snapshot.ids), model=self._store.model_name())
        current = self._topics.current
        if settings.around == "topics":
            stored = replace(stored, topics_version=current.version)
            names = current.label.names
            topics = in_sentences(current.vectors, names, self._embedder().embed)
            return stored, grow_topics(id, snapshot, settings, names, topics, progress)
        start = None if settings.start is None else self._start(settings.start)
        used = current.used()

        def near(topic: str, score: float) -> bool:
            least = used.thresholds.least(topic)
            return least is None or score >= least

        return stored, find_clusters(id, snapshot, settings, start, used.prototypes, near, progress)

    def _assign(self, id: str) -> Assignment:
        """Return the cluster of every word, computed again when the words or the clustering asked for have changed."""
        memory = self._corpus.load()
        with self._assigning:
            key = (id, self._corpus.changes())
            if self._assigned is None or self._assigned[0] != key:
                self._assigned = (key, memory.assign(self._start(id).prototypes))
            return self._assigned[1]

    def _start(self, id: str) -> Start:
        """Return the clusters of a finished clustering and their prototypes, from memory where they are there."""
        done = self._store.clusterings.done()
        start = self._starts.get(id) if id in done else None
        if start is None:
            clusters = self.history.finished(id).clustering.clusters
            start = Start(clusters, self._store.clusterings.prototypes(id))
            # with it those go that were deleted or dropped, here or by another process
            self._starts = {id: start, **{other: kept for other, kept in self._starts.items() if other in done}}
        return start

    def _present(self, clustering: Clustering) -> Clustering:
        """Return a clustering with what changes without it: how far it is, later words, whether it is active."""
        update: dict[str, object] = {}
        if clustering.status == "queued" and clustering.id in self._progress:
            update |= {"status": "running", "progress": self._progress[clustering.id]}
        if clustering.status == "done":
            update["new_words"] = max(0, self._corpus.count() - clustering.words)
        if clustering.settings.around is not None:
            update["active"] = clustering.id == self._topics.current.active
        return clustering.model_copy(update=update)
