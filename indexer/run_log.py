"""The runs of reclustering as they are kept: made, followed while somebody works on them, ended, dropped."""

import threading
import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from indexer.errors import Cancelled, Conflict, InvalidRequest, NoClustering, NotFound
from indexer.runs import NEWEST, Progress, RunSettings
from indexer.store import Centroids, RunRecord, Store

KEPT = 20  # finished runs that are kept beside the pinned ones and the active one
ENDED = ("done", "failed", "cancelled")
_TOLD_S = 1.0  # between two words to other processes on how far a run is
_BEAT_S = 10.0  # between two signs of life of a run that has nothing else to tell: it waits, or reads the words
_DEAD_S = 60.0  # without a sign of life, after which a run counts as abandoned; clocks may differ by half of it
_LOCAL = ("topics_version", "worker", "beat")  # of a record, not for callers; older ones name their worker


class RunLog:
    """All runs of one store.

    Whoever makes a run the active one holds `write_lock` too: it is neither deleted nor dropped meanwhile.
    """

    def __init__(self, store: Store, write_lock: threading.RLock) -> None:
        self._store = store
        self._write_lock = write_lock
        self._open: dict[str, RunRecord] = {}  # runs of this process that have not ended, as they were last written
        self._writing = threading.Lock()  # or a sign of life could come after the end, and undo it

    def add(self, settings: RunSettings, words: int) -> str:
        """Keep a new run as queued and return its id."""
        run = f"{time.time_ns() // 1000:x}"
        self._write(
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
            if time.monotonic() - told > _TOLD_S:
                told = time.monotonic()
                self._write({**record, "progress": share})
                if self._store.clusterings.called_off(str(record["id"])):
                    raise Cancelled("the run was called off")

        return watch

    def end(self, run: str, status: str, reason: str | None = None) -> None:
        """Keep a run that nobody works on as failed or cancelled."""
        record = {**(self._open.get(run) or self.record(run)), "status": status, "seconds": 0.0}
        self._write(record | ({} if reason is None else {"error": reason}))

    def finish(self, record: RunRecord, centroids: Centroids | None) -> None:
        """Keep what a run found, and drop the oldest runs, but for pinned ones and the active one."""
        self._write(record, centroids)
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

    def attend(self) -> None:
        """Give signs of life of the runs of this process, fail those whose process has died; to be called often."""
        with self._writing:
            for record in list(self._open.values()):
                if time.time() - record["beat"] > _BEAT_S:
                    self._tell(record)
        self.fail_abandoned()

    def fail_abandoned(self) -> None:
        """Keep runs as failed whose process has died."""
        for record in self._store.clusterings.look():
            if record["status"] not in ENDED and not self._alive(record):
                self.end(str(record["id"]), "failed", "the server that worked on it has ended; start it again")

    def _active(self) -> str | None:
        """Return the run that topic lookups answer from, also where another process has just said so."""
        active: str | None = self._store.state.get("active")
        return active

    def _write(self, record: RunRecord, centroids: Centroids | None = None) -> None:
        """Write a run; until it has ended, `attend` gives signs of its life."""
        with self._writing:
            if record["status"] in ENDED:
                self._open.pop(str(record["id"]), None)
                self._store.clusterings.write(record, centroids)
            else:
                self._tell(record)

    def _tell(self, record: RunRecord) -> None:
        """Write a run that goes on, with a sign of life."""
        told = {**record, "beat": time.time()}
        self._store.clusterings.write(told)
        self._open[str(record["id"])] = told

    def _alive(self, record: RunRecord) -> bool:
        """Tell whether somebody works on a run: on an embedded store that can only be this process."""
        if record["id"] in self._open:
            return True
        return self._store.mode == "server" and time.time() - float(record.get("beat", 0)) < _DEAD_S


def shown_record(record: RunRecord) -> dict[str, Any]:
    """Return what of a record callers see."""
    return {key: value for key, value in record.items() if key not in _LOCAL}
