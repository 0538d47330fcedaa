"""Jobs whose records are in the memory of this process: they end with it."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from indexer.contract.clusterings import Status
from indexer.contract.jobs import Job
from indexer.errors import Cancelled, InputError, NotFound, TopicdexError
from indexer.progress import Progress
from server.problems import without_paths

KEPT = 50  # jobs of a kind that have ended

Record = TypeVar("Record", bound=Job)


class MemoryJobs(ABC, Generic[Record]):
    """The jobs of one kind, by their ids; the last 50 that have ended are kept. A record is replaced, never changed."""

    def __init__(self, name: str) -> None:
        """Begin with no job; `name` is what messages call one."""
        self._name = name
        self._records: dict[str, Record] = {}
        self._lock = threading.Lock()

    @abstractmethod
    def _work(self, id: str, progress: Progress) -> None:
        """Do the work of a job, and keep its record up to date; raises Cancelled where `progress` does."""

    def _release(self, id: str) -> None:
        """Give back what a job holds that has ended."""

    def run(self, id: str, progress: Progress) -> None:
        """Work on a queued job until it has ended; `progress` ends the work by raising Cancelled."""
        begin = time.monotonic()
        self._change(id, status="running")
        status: Status = "done"
        error: str | None = None
        try:
            self._work(id, progress)
        except Cancelled:
            status = "cancelled"
        except TopicdexError as raised:
            # a message about a file has the name that the caller gave; others may have paths of this machine
            status, error = "failed", str(raised) if isinstance(raised, InputError) else without_paths(str(raised))
        self._end(id, status, error, time.monotonic() - begin)

    def cancel(self, id: str) -> None:
        """Mark a job that nobody works on as cancelled."""
        self._end(id, "cancelled")

    def fail(self, id: str, error: str) -> None:
        """Mark a job that nobody works on as failed."""
        self._end(id, "failed", error)

    def get(self, id: str) -> Record:
        """Return the record of a job; raises NotFound."""
        try:
            return self._records[id]
        except KeyError:
            raise NotFound(
                f"this process knows no {self._name} {id!r}: another worker of the server may, and a restart or "
                f"{KEPT} later ones end its record; what was written stays"
            ) from None

    def all(self) -> list[Record]:
        """Return all records, newest first."""
        with self._lock:
            return list(self._records.values())[::-1]

    def delete(self, id: str) -> None:
        """Remove the record of a job that has ended; raises NotFound."""
        with self._lock:
            self.get(id)
            del self._records[id]

    def _add(self, record: Record) -> str:
        with self._lock:
            self._records[record.id] = record
        return record.id

    def _change(self, id: str, **changes: object) -> None:
        with self._lock:
            self._records[id] = self._records[id].model_copy(update=changes)

    def _end(self, id: str, status: Status, error: str | None = None, seconds: float = 0.0) -> None:
        self._change(id, status=status, error=error, seconds=seconds)
        self._release(id)
        with self._lock:
            ended = [id for id, record in self._records.items() if record.ended]
            for old in ended[:-KEPT]:
                del self._records[old]


def new_job() -> dict[str, Any]:
    """Return the id, the status and the time of a job that begins to wait."""
    return {
        "id": f"{time.time_ns() // 1000:x}",
        "status": "queued",
        "created": datetime.now(UTC).isoformat(timespec="microseconds"),
    }
