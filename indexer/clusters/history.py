"""The history of records of long work, clusterings or maps: each is added, followed while a process works on it, ended,
and dropped at last."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from typing import Any, Generic

from indexer.contract.clusterings import NEWEST, Clustering, ClusteringSettings, Status
from indexer.errors import Cancelled, Conflict, InvalidRequest, NoClustering, NotFound, TopicdexError
from indexer.progress import Progress
from indexer.prototypes import Prototypes
from indexer.store.clusterings import ClusteringTable, StoredClustering
from indexer.store.records import Found, RecordTable, S
from indexer.store.store import Store

KEPT = 20  # finished records that are kept beside the pinned ones and the one in use
_PUBLISH_S = 1.0  # between two writes of how far a record is, for other processes
_HEARTBEAT_S = 10.0  # heartbeat interval where no progress is written: the work waits, or reads the words
_DEAD_S = 60.0  # a record without a heartbeat for so long is abandoned; clocks may differ by half of it


class RecordHistory(ABC, Generic[S, Found]):
    """All records of one kind in one store; `noun` is what messages call one.

    None is deleted or dropped while somebody holds the store's write lock, as the activation of a clustering does.
    """

    def __init__(self, store: Store, noun: str) -> None:
        self._store = store
        self._noun = noun
        self._open: dict[str, S] = {}  # of this process, not ended, as they were last written
        self._writing = threading.Lock()  # without it a heartbeat could overwrite the end

    @property
    @abstractmethod
    def _table(self) -> RecordTable[S, Found]:
        """The table of the store, which has another one once it is bound to another model."""

    def _in_use(self) -> str | None:
        """Return the id of the record that is neither dropped nor deleted, as the store has it at this moment."""
        return None

    def _none_yet(self) -> TopicdexError:
        return NotFound(f"no {self._noun} has finished yet; make one with POST /v1/{self._noun}s")

    def _add(self, stored: S) -> str:
        """Store a new record as queued and return its id."""
        self._write(stored)
        return str(stored.id)

    def all(self) -> list[S]:
        """Return all records, newest first."""
        return self._table.all()

    def get(self, id: str) -> S:
        """Return one record; raises NotFound."""
        stored = self._table.get(id)
        if stored is None:
            raise NotFound(f"there is no {self._noun} {id!r}")
        return stored

    def finished(self, id: str) -> S:
        """Return a record that is done; raises NotFound, Conflict."""
        stored = self.get(id)
        if stored.record.status != "done":
            raise Conflict(f"the {self._noun} {id} is {stored.record.status}; ask for one that is done")
        return stored

    def done(self) -> list[str]:
        """Return the ids of the records that are done, newest first, as this process last saw them."""
        return self._table.done()

    def newest(self) -> str:
        """Return the id of the newest record that is done; raises NotFound, for clusterings NoClustering."""
        for id in self.done():
            return id
        raise self._none_yet()

    def _check_start(self, start: str) -> None:
        """Raise InvalidRequest where the record to start from has not finished."""
        stored = self._table.get(start)
        if stored is None or stored.record.status != "done":
            raise InvalidRequest(f"start: there is no finished {self._noun} {start!r}")

    def published(self, stored: S, progress: Progress) -> Progress:
        """Return `progress` of running work; on a shared store it also writes the share for other processes.

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
                if self._table.cancel_requested(stored.id):
                    raise Cancelled(f"the {self._noun} was cancelled")

        return report

    def end(self, id: str, status: Status, error: str | None = None) -> None:
        """Mark a record that nobody works on as failed or cancelled; one that has ended, or is gone, stays so."""
        stored = self._open.get(id) or self._table.get(id)
        if stored is not None and not stored.record.ended:
            self._write(stored.updated(status=status, seconds=0.0, error=error))

    def finish(self, stored: S, found: Found | None) -> None:
        """Store a record that has ended, and drop the oldest ones, but for pinned ones and the one in use.

        One that is done though it was to be cancelled, which it did not see in time, is dropped as well.
        """
        self._write(stored, found)
        with self._store.write_lock:
            used = self._in_use()
            records = [one.record for one in self.all()]
            old = [record.id for record in records if record.ended and not record.pinned and record.id != used]
            dropped = old[KEPT:]
            if stored.record.status == "done" and self._table.cancel_requested(stored.id):
                dropped.append(stored.id)
            self._table.delete(dropped)

    def pin(self, id: str, pinned: bool) -> S:
        """Keep a record however many come later, or no longer; raises NotFound, Conflict before it has finished."""
        with self._store.write_lock:  # without it, one that is dropped at this moment would come back
            stored = self.finished(id).updated(pinned=pinned)
            self._table.rewrite(stored)
        return stored

    def delete(self, id: str) -> None:
        """Cancel the work of another process on a record, remove one that has ended; raises NotFound, Conflict."""
        with self._store.write_lock:
            stored = self.get(id)
            self._check_free(id)
            if not stored.record.ended and self._alive(stored):
                self._table.request_cancel(id)
                last = self._table.get(id)
                if last is None or last.record.status == "done":  # it ended meanwhile, and may not have seen that
                    self._table.delete([id])
            else:
                self._table.delete([id])

    def _check_free(self, id: str) -> None:
        """Raise Conflict where a record may not be deleted."""

    def heartbeat(self) -> None:
        """Write that the work of this process goes on, and fail the abandoned records; call it often."""
        with self._writing:
            for stored in list(self._open.values()):
                if time.time() - stored.heartbeat > _HEARTBEAT_S:
                    self._write_open(stored)
        self.fail_abandoned()

    def fail_abandoned(self) -> None:
        """Mark the records as failed whose process has died."""
        for stored in self._table.refresh():
            if not stored.record.ended and not self._alive(stored):
                self.end(stored.id, "failed", "the server that worked on it has ended; start it again")

    def _write(self, stored: S, found: Found | None = None) -> None:
        """Write a record; until it has ended, `heartbeat` writes it again and again.

        Under the write lock, for the model of the store must not change meanwhile, and with it the table.
        """
        with self._store.write_lock, self._writing:
            if stored.record.ended:
                self._open.pop(stored.id, None)
                self._table.write(stored, found)
            else:
                self._write_open(stored)

    def _write_open(self, stored: S) -> None:
        beating = stored.beating(time.time())
        self._table.write(beating)
        self._open[stored.id] = beating

    def _alive(self, stored: S) -> bool:
        """Tell whether a process works on a record; on an embedded store that can only be this one."""
        if stored.id in self._open:
            return True
        return self._store.mode == "server" and time.time() - stored.heartbeat < _DEAD_S


def new_record() -> dict[str, Any]:
    """Return the fields with which every record begins: its id, that it is queued, and when it was made."""
    return {
        "id": f"{time.time_ns() // 1000:x}",
        "status": "queued",
        "progress": 0.0,
        "created": datetime.now(UTC).isoformat(timespec="microseconds"),
    }


class History(RecordHistory[StoredClustering, Prototypes]):
    """All clusterings of one store; the one in use is the one that topic lookups answer from."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, "clustering")

    @property
    def _table(self) -> ClusteringTable:
        return self._store.clusterings

    def add(self, settings: ClusteringSettings, words: int) -> str:
        """Store a new clustering as queued and return its id."""
        return self._add(
            StoredClustering(Clustering(**new_record(), k=None, settings=settings, clusters=[], words=words))
        )

    def start_of(self, settings: ClusteringSettings) -> str | None:
        """Return the id of the clustering to start from; raises InvalidRequest where the one named has not finished."""
        if settings.start is None or settings.around is not None:
            return None
        if settings.start != NEWEST:
            self._check_start(settings.start)
            return settings.start
        records = (stored.record for stored in self.all())
        return next((c.id for c in records if c.status == "done" and settings.follows(c.settings)), None)

    def _in_use(self) -> str | None:
        active: str | None = self._store.state().get("active")
        return active

    def _check_free(self, id: str) -> None:
        if id == self._in_use():
            raise Conflict(f"topic lookups answer from the clustering {id}; deactivate it first")

    def _none_yet(self) -> TopicdexError:
        return NoClustering("no clustering has finished yet; make one with POST /v1/clusterings")
