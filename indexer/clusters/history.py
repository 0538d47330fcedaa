"""The history of clusterings: each is added, followed while a process works on it, ended, and dropped at last."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

from indexer.contract.clusterings import NEWEST, Clustering, ClusteringSettings, Status
from indexer.errors import Cancelled, Conflict, InvalidRequest, NoClustering, NotFound
from indexer.progress import Progress
from indexer.prototypes import Prototypes
from indexer.store.clusterings import StoredClustering
from indexer.store.store import Store

KEPT = 20  # finished clusterings that are kept beside the pinned ones and the active one
_PUBLISH_S = 1.0  # between two writes of how far a clustering is, for other processes
_HEARTBEAT_S = 10.0  # heartbeat interval where no progress is written: the clustering waits, or reads the words
_DEAD_S = 60.0  # a clustering without a heartbeat for so long is abandoned; clocks may differ by half of it


class History:
    """All clusterings of one store.

    None is deleted or dropped while somebody holds the store's write lock, as its activation does.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: dict[str, StoredClustering] = {}  # of this process, not ended, as they were last written
        self._writing = threading.Lock()  # without it a heartbeat could overwrite the end

    def add(self, settings: ClusteringSettings, words: int) -> str:
        """Store a new clustering as queued and return its id."""
        clustering = Clustering(
            id=f"{time.time_ns() // 1000:x}",
            status="queued",
            progress=0.0,
            k=None,
            settings=settings,
            clusters=[],
            words=words,
            created=datetime.now(UTC).isoformat(timespec="microseconds"),
        )
        self._write(StoredClustering(clustering))
        return clustering.id

    def all(self) -> list[Clustering]:
        """Return all clusterings, newest first."""
        return [stored.clustering for stored in self._store.clusterings.all()]

    def get(self, id: str) -> StoredClustering:
        """Return one clustering; raises NotFound."""
        stored = self._store.clusterings.get(id)
        if stored is None:
            raise NotFound(f"there is no clustering {id!r}")
        return stored

    def finished(self, id: str) -> StoredClustering:
        """Return a clustering that is done; raises NotFound, Conflict."""
        stored = self.get(id)
        if stored.clustering.status != "done":
            raise Conflict(f"the clustering {id} is {stored.clustering.status}; ask for one that is done")
        return stored

    def newest(self) -> str:
        """Return the id of the newest clustering that is done; raises NoClustering."""
        for id in self._store.clusterings.done():
            return id
        raise NoClustering("no clustering has finished yet; make one with POST /v1/clusterings")

    def start_of(self, settings: ClusteringSettings) -> str | None:
        """Return the id of the clustering to start from; raises InvalidRequest where the one named has not finished."""
        if settings.start is None or settings.around is not None:
            return None
        if settings.start != NEWEST:
            stored = self._store.clusterings.get(settings.start)
            if stored is None or stored.clustering.status != "done":
                raise InvalidRequest(f"start: there is no finished clustering {settings.start!r}")
            return settings.start
        same = (c.id for c in self.all() if c.status == "done" and settings.follows(c.settings))
        return next(same, None)

    def published(self, stored: StoredClustering, progress: Progress) -> Progress:
        """Return `progress` of a running clustering; on a shared store it also writes the share for other processes.

        It raises Cancelled where another process asked for that.
        """
        if self._store.mode == "embedded":
            return progress
        written = time.monotonic()

        def report(share: float) -> None:
            nonlocal written
            progress(share)
            if time.monotonic() - written > _PUBLISH_S:
                written = time.monotonic()
                self._write(stored.updated(progress=share))
                if self._store.clusterings.cancel_requested(stored.id):
                    raise Cancelled("the clustering was cancelled")

        return report

    def end(self, id: str, status: Status, error: str | None = None) -> None:
        """Mark a clustering that nobody works on as failed or cancelled; one that has ended, or is gone, stays so."""
        stored = self._open.get(id) or self._store.clusterings.get(id)
        if stored is not None and not stored.clustering.ended:
            self._write(stored.updated(status=status, seconds=0.0, error=error))

    def finish(self, stored: StoredClustering, prototypes: Prototypes | None) -> None:
        """Store a clustering that has ended, and drop the oldest ones, but for pinned ones and the active one.

        One that is done though it was to be cancelled, which it did not see in time, is dropped as well.
        """
        self._write(stored, prototypes)
        with self._store.write_lock:
            active = self._active()
            old = [c.id for c in self.all() if c.ended and not c.pinned and c.id != active]
            dropped = old[KEPT:]
            if stored.clustering.status == "done" and self._store.clusterings.cancel_requested(stored.id):
                dropped.append(stored.id)
            self._store.clusterings.delete(dropped)

    def pin(self, id: str, pinned: bool) -> Clustering:
        """Keep a clustering however many come later, or no longer; raises NotFound, Conflict before it has finished."""
        with self._store.write_lock:  # without it, one that is dropped at this moment would come back
            stored = self.finished(id).updated(pinned=pinned)
            self._store.clusterings.write(stored, self._store.clusterings.prototypes(id))
        return stored.clustering

    def delete(self, id: str) -> None:
        """Cancel a clustering that another process works on, remove one that has ended.

        Raises NotFound, and Conflict where topic lookups answer from it.
        """
        with self._store.write_lock:
            stored = self.get(id)
            if id == self._active():
                raise Conflict(f"topic lookups answer from the clustering {id}; deactivate it first")
            if not stored.clustering.ended and self._alive(stored):
                self._store.clusterings.request_cancel(id)
                last = self._store.clusterings.get(id)
                if last is None or last.clustering.status == "done":  # it ended meanwhile, and may not have seen that
                    self._store.clusterings.delete([id])
            else:
                self._store.clusterings.delete([id])

    def heartbeat(self) -> None:
        """Write that the clusterings of this process go on, and fail the abandoned ones; call it often."""
        with self._writing:
            for stored in list(self._open.values()):
                if time.time() - stored.heartbeat > _HEARTBEAT_S:
                    self._write_open(stored)
        self.fail_abandoned()

    def fail_abandoned(self) -> None:
        """Mark the clusterings as failed whose process has died."""
        for stored in self._store.clusterings.refresh():
            if not stored.clustering.ended and not self._alive(stored):
                self.end(stored.id, "failed", "the server that worked on it has ended; start it again")

    def _active(self) -> str | None:
        """Return the id of the clustering that topic lookups answer from, as the store has it at this moment."""
        active: str | None = self._store.state().get("active")
        return active

    def _write(self, stored: StoredClustering, prototypes: Prototypes | None = None) -> None:
        """Write a clustering; until it has ended, `heartbeat` writes it again and again.

        Under the write lock, for the model of the store must not change meanwhile, and with it the table.
        """
        with self._store.write_lock, self._writing:
            if stored.clustering.ended:
                self._open.pop(stored.id, None)
                self._store.clusterings.write(stored, prototypes)
            else:
                self._write_open(stored)

    def _write_open(self, stored: StoredClustering) -> None:
        beating = replace(stored, heartbeat=time.time())
        self._store.clusterings.write(beating)
        self._open[stored.id] = beating

    def _alive(self, stored: StoredClustering) -> bool:
        """Tell whether a process works on a clustering; on an embedded store that can only be this one."""
        if stored.id in self._open:
            return True
        return self._store.mode == "server" and time.time() - stored.heartbeat < _DEAD_S
