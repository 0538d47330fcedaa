"""The clusterings of a corpus: made, kept, compared, and asked for words and for new texts."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice

from indexer.clusters.finding import ClusterSet, find_clusters, grow_topics
from indexer.clusters.history import History
from indexer.clusters.lineage import match
from indexer.clusters.work import Work
from indexer.contract import runs
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
from indexer.errors import Conflict, InvalidRequest, NoClustering, NotFound
from indexer.progress import Progress
from indexer.prototypes import Prototypes
from indexer.store.clusterings import StoredClustering
from indexer.store.generations import of_one_model
from indexer.store.store import Store
from indexer.topics.texts import in_sentences
from indexer.topics.topics import TopicIndex
from indexer.vectors import best_first
from indexer.words.corpus import Corpus
from indexer.words.memory import Assignment
from indexer.words.paging import cursor_of, value_of


class Clusterings(Work[ClusteringSettings, Clustering, StoredClustering, Prototypes], runs.Clusterings):
    """The clusterings of one corpus; which word is in which cluster follows from the prototypes and the vectors."""

    history: History

    def __init__(self, store: Store, corpus: Corpus, topics: TopicIndex, embedder: Callable[[], Embedder]) -> None:
        super().__init__(store, History(store))
        self._corpus = corpus
        self._topics = topics
        self._embedder = embedder
        # of finished clusterings, which never change while the store has one model, by generation and id
        self._cluster_sets: dict[tuple[int, str], ClusterSet] = {}
        self._assigned: tuple[tuple[int, str, int], Assignment] | None = None
        self._assigning = threading.Lock()

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

    def all(self) -> ClusteringList:
        return ClusteringList(clusterings=[self._current(stored.record) for stored in self.history.all()])

    def activate(self, id: str) -> Clustering:
        with self._store.write_lock:  # it stays until it is the active one, which nobody can delete
            stored = self.history.finished(id)
            if stored.record.settings.around != "topics" or stored.topics_version is None:
                raise Conflict(f"the clustering {id} did not grow from the topics; make one around them")
            self._topics.activate(id, stored.topics_version)
        return self._current(stored.record)

    @of_one_model
    def words(self, id: str, limit: int, cursor: str | None = None, cluster: str | None = None) -> ClusterWordPage:
        clusters = [c.id for c in self.history.finished(id).record.clusters]
        if cluster is not None and cluster not in clusters:
            raise NotFound(f"the clustering {id} has no cluster {cluster!r}")
        all_words = self._assign(id)
        first = 0 if cursor is None else bisect_right(all_words.ids, str(value_of(cursor)))
        words = (
            ClusterWord(id=all_words.ids[i], text=all_words.texts[i], cluster=clusters[all_words.nearest[i]])
            for i in range(first, len(all_words.ids))
            if cluster is None or clusters[all_words.nearest[i]] == cluster
        )
        page = list(islice(words, limit + 1))
        return ClusterWordPage(words=page[:limit], next=cursor_of(page[limit - 1].id) if len(page) > limit else None)

    @of_one_model
    def nearest(self, texts: Sequence[str], k: int = 1, id: str | None = None) -> ClusterAnswers:
        id = self.history.newest() if id is None else id
        cluster_set = self.cluster_set(id)
        clusters, embedder = cluster_set.clusters, self._embedder()
        scores = cluster_set.prototypes.scores(embedder.embed(texts, "query"))
        results = [
            ClusterAnswer(
                text=text,
                clustering=id,
                matches=[
                    ClusterMatch(cluster=clusters[i].id, name=clusters[i].name, score=float(row[i]))
                    for i in order.tolist()
                ],
                truncated=truncated,
            )
            for text, row, order, truncated in zip(
                texts, scores, best_first(scores, k), embedder.truncated(texts, "query"), strict=True
            )
        ]
        return ClusterAnswers(results=results)

    def newest(self) -> ClusterSet | None:
        """Return the clusters of the newest finished clustering and their prototypes; None where none has finished."""
        try:
            return self.cluster_set(self.history.newest())
        except (NoClustering, NotFound):  # it may be deleted at this moment
            return None

    @of_one_model
    def diff(self, old: str, new: str) -> ClusteringDiff:
        before, after = (self.history.finished(id).record.clusters for id in (old, new))
        first, second = self._assign(old), self._assign(new)
        if first.ids != second.ids:
            raise Conflict("the words are changing; ask again")
        matching = match(first.nearest, second.nearest, old_k=len(before), new_k=len(after))
        lineage = matching.lineage([cluster.id for cluster in before], [cluster.id for cluster in after])
        return ClusteringDiff(old=old, new=new, **dict(lineage))

    def _find(self, stored: StoredClustering, progress: Progress) -> tuple[StoredClustering, Prototypes]:
        """Return a clustering done, over the words that are there now, and the prototypes of its clusters."""
        settings = stored.record.settings
        words = self._corpus.load().all_words()
        if not words.ids:
            raise InvalidRequest("there are no words any more; index some first")
        clustering = stored.updated(words=len(words.ids), model=self._store.model_name()).record
        current = self._topics.current
        if settings.around == "topics":
            names = current.label.names
            topics = in_sentences(current.vectors, names, self._embedder().embed)
            clustering, prototypes = grow_topics(clustering, words, names, topics, progress)
            return replace(stored, record=clustering, topics_version=current.version), prototypes
        start = None if settings.start is None else self.cluster_set(settings.start)
        used = current.used()
        clustering, prototypes = find_clusters(clustering, words, start, used.prototypes, used.thresholds, progress)
        return replace(stored, record=clustering), prototypes

    def _assign(self, id: str) -> Assignment:
        """Return the cluster of every word; computed again where the words or the clustering differ from last time."""
        generation, memory = self.generations.number, self._corpus.load()
        with self._assigning:
            key = (generation, id, self._corpus.changes())
            if self._assigned is None or self._assigned[0] != key:
                self._assigned = (key, memory.assign(self.cluster_set(id).prototypes))
            return self._assigned[1]

    def cluster_set(self, id: str) -> ClusterSet:
        """Return the clusters of a finished clustering and their prototypes, from memory where they are there.

        Raises NotFound, and Conflict where it has not finished.
        """
        generation, done = self.generations.number, self._store.clusterings.done()
        found = self._cluster_sets.get((generation, id)) if id in done else None
        if found is None:
            clusters = self.history.finished(id).record.clusters
            found = ClusterSet(clusters, self._store.clusterings.prototypes(id))
            # this also forgets those that were deleted or dropped, here or by another process
            kept = {key: its for key, its in self._cluster_sets.items() if key[0] == generation and key[1] in done}
            self._cluster_sets = {(generation, id): found, **kept}
        return found

    def _current(self, clustering: Clustering) -> Clustering:
        """Return a clustering with what is not stored with it: how far it is, later words, whether it is active."""
        update = self._share(clustering.id, clustering.status)
        if clustering.status == "done":
            update["new_words"] = max(0, self._corpus.count() - clustering.words)
        if clustering.settings.around is not None:
            update["active"] = clustering.id == self._topics.current.active
        return clustering.model_copy(update=update)
