"""What a process has in memory follows what others write to a shared store, a second behind."""

import logging
import threading

from indexer.clusters.clusterings import Clusterings
from indexer.errors import TopicdexError
from indexer.store.store import Store
from indexer.topics.topics import TopicIndex
from indexer.words.corpus import Corpus

EVERY_S = 0.5  # between two looks; what others wrote is seen within two seconds
_CHECK_EVERY = 60  # looks between two counts of all words, which also find what a process that died left unsaid
_log = logging.getLogger("topicdex")


class Sync:
    """A thread that keeps one engine's memory fresh, for as long as the engine is open."""

    def __init__(self, store: Store, corpus: Corpus, topics: TopicIndex, clusterings: Clusterings) -> None:
        self._store = store
        self._corpus = corpus
        self._topics = topics
        self._clusterings = clusterings
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="topicdex-freshness", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join()

    def _follow(self) -> None:
        looks = 0
        while not self._stop.wait(EVERY_S):
            looks += 1
            try:
                self._clusterings.heartbeat()
                self._topics.reload_if_changed()
                self._store.changes.read_new(self._corpus.refresh, self._corpus.reload)
                if looks % _CHECK_EVERY == 0:
                    self._store.changes.delete_old()
                    if self._corpus.memory is not None and len(self._corpus.memory) != self._store.words.count():
                        self._corpus.reconcile()
            except TopicdexError as error:  # the store is away: what was missed is read when it is back
                _log.warning("%s: %s", error.code, error)
            except Exception as error:  # a bug in one look must not keep the memory stale for ever
                _log.error("what others have written could not be read", exc_info=error)
