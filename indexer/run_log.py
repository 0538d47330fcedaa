"""The runs of reclustering as they are kept: made, followed while somebody works on them, ended, dropped."""

import os
import socket
import threading
import time
import uuid
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from indexer.errors import Cancelled, Conflict, InvalidRequest, NoClustering, NotFound
from indexer.runs import NEWEST, Progress, RunSettings
from indexer.store import Centroids, RunRecord, Store

KEPT = 20  # finished runs that are kept beside the pinned ones and the active one
ENDED = ("done", "failed", "cancelled")
_BEAT_S = 1.0  # between two signs of life that other processes can read
_DEAD_S = 20.0  # without a sign of life, after which a run counts as abandoned
_LOCAL = ("topics_version", "worker", "beat")  # of a record, not for callers


class RunLog:
    """All runs of one store.

    Whoever makes a run the active one holds `write_lock` too: it is neither deleted nor dropped meanwhile.
    """

    def __init__(self, store: Store, write_lock: threading.RLock) -> None:
        self._store = store
        self._write_lock = write_lock
        self._worker = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"

    def add(self, settings: RunSettings, words: int) -> str:
        """Keep a new run as queued and return its id."""
        run = f"{time.time_ns() // 1000:x}"
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
                "pinned": False,
                "worker": self._worker,
                "beat": time.time(),
            }
        )
        return run

    def records(self) -> list[RunRecord]:
        """Return all runs, newest first."""
        return self._store.clusterings.records()

    def record(self, run: str) -> RunRecord:
        """Return one run; raises NotFound."""
        record = self._store.clusterings.record(run)
        if record is None:
            raise NotFound(f"there is no clustering {run!r}")
        return record

    def finished(self, run: str) -> RunRecord:
        """Return a run that is done; raises NotFound, Conflict."""
        record = self.record(run)
        if record["status"] != "done":
            raise Conflict(f"the clustering {run} is {record['status']}; ask for one that is done")
        return record

    def newest(self) -> str:
        """Return the id of the newest run that is done; raises NoClustering."""
        for run in self._store.clusterings.done():
            return run
        raise NoClustering("no clustering has finished yet; make one with POST /v1/clusterings")

    def start_of(self, settings: RunSettings) -> str | None:
        """Return the id of the run to start from; raises InvalidRequest where the one named has not finished."""
        if settings.start is None or settings.around is not None:
            return None
        if settings.start != NEWEST:
            record = self._store.clusterings.record(settings.start)
            if record is None or record["status"] != "done":
                raise InvalidRequest(f"start: there is no finished clustering {settings.start!r}")
            return settings.start
        for record in self.records():
            if record["status"] == "done" and settings.follows(RunSettings.of(record["settings"])):
                return str(record["id"])
        return None

    def watched(self, record: dict[str, Any], progress: Progress) -> Progress:
        """Return `progress` for a run that is worked on; on a shared store others see it and may call the run off."""
        if self._store.mode == "embedded":
            return progress
        told = time.monotonic()

        def watch(share: float) -> None:
            nonlocal told
            progress(share)
            if time.monotonic() - told > _BEAT_S:
                told = time.monotonic()
                self._store.clusterings.write({**record, "progress": share, "beat": time.time()})
                if self._store.clusterings.called_off(str(record["id"])):
                    raise Cancelled("the run was called off")

        return watch

    def end(self, run: str, status: str, reason: str | None = None) -> None:
        """Keep a run that nobody works on as failed or cancelled."""
        record = {**self.record(run), "status": status, "seconds": 0.0}
        self._store.clusterings.write(record | ({} if reason is None else {"error": reason}))

    def finish(self, record: RunRecord, centroids: Centroids | None) -> None:
        """Keep what a run found, and drop the oldest runs, but for pinned ones and the active one."""
        self._store.clusterings.write(record, centroids)
        with self._write_lock:
            active = self._active()
            old = [r for r in self.records() if r["status"] in ENDED and not r.get("pinned") and r["id"] != active]
            self._store.clusterings.delete([str(r["id"]) for r in old[KEPT:]])

    def pin(self, run: str, pinned: bool) -> RunRecord:
        """Keep a run however many come later, or no longer; raises NotFound, Conflict where it has not finished."""
        with self._write_lock:  # or it would come back where it is dropped meanwhile
            record = {**self.finished(run), "pinned": pinned}
            self._store.clusterings.write(record, self._store.clusterings.centroids(run))
        return record

    def delete(self, run: str) -> None:
        """Call off a run that another process works on, remove one that has ended.

        Raises NotFound, and Conflict where topic lookups answer from it.
        """
        with self._write_lock:
            record = self.record(run)
            if run == self._active():
                raise Conflict(f"topic lookups answer from the run {run}; deactivate it first")
            if record["status"] not in ENDED and self._alive(record):
                self._store.clusterings.call_off(run)
            else:
                self._store.clusterings.delete([run])

    def fail_abandoned(self) -> None:
        """Keep runs as failed whose process has died."""
        for record in self.records():
            if record["status"] not in ENDED and not self._alive(record):
                self.end(str(record["id"]), "failed", "the server that worked on it has ended; start it again")

    def _active(self) -> str | None:
        """Return the run that topic lookups answer from, also where another process has just said so."""
        active: str | None = self._store.state.get("active")
        return active

    def _alive(self, record: RunRecord) -> bool:
        """Tell whether somebody works on a run: on an embedded store that can only be this process."""
        if record.get("worker") == self._worker:
            return True
        return self._store.mode == "server" and time.time() - float(record.get("beat", 0)) < _DEAD_S


def shown_record(record: RunRecord) -> dict[str, Any]:
    """Return what of a record callers see."""
    return {key: value for key, value in record.items() if key not in _LOCAL}
