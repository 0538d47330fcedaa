"""What a process has in memory follows what others write to a shared store, less than two seconds behind."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Any

from indexer.clusters.work import Work
from indexer.errors import TopicdexError
from indexer.store.store import Store
from indexer.topics.topics import TopicIndex
from indexer.words.replica import Replica

EVERY_S = 0.5  # between two looks; what others wrote is seen within two seconds
_RECONCILE_EVERY = 60  # looks; finds what a process wrote that died before it could announce it
_log = logging.getLogger("topicdex")


class Sync:
    """A thread that keeps one engine's memory in line with the store, for as long as the engine is open."""

    def __init__(
        self, store: Store, replica: Replica, topics: TopicIndex, works: Sequence[Work[Any, Any, Any, Any]]
    ) -> None:
        self._store = store
        self._replica = replica
        self._topics = topics
        self._works = works
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="topicdex-sync", daemon=True)
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
                for work in self._works:
                    work.heartbeat()
                self._topics.reload_if_changed()
                self._store.changes.read_new(self._replica.refresh, self._replica.reload)
                if looks % _RECONCILE_EVERY == 0:
                    self._store.changes.delete_old()
                    self._replica.reconcile()
                    self._replica.follow_snapshot()
            except TopicdexError as error:  # the store does not answer; what was missed is read once it does
                _log.warning("%s: %s", error.code, error)
            except Exception as error:  # a bug in one look must not keep the memory out of date for ever
                _log.error("what others have written could not be read", exc_info=error)
