"""Long work with a record, a clustering or a map, in one process: made, run until it has ended, cancelled, kept."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any, Generic, TypeVar

from indexer.clusters.history import RecordHistory
from indexer.errors import Cancelled, TopicdexError
from indexer.progress import Progress
from indexer.store.store import Store

Settings = TypeVar("Settings")
Made = TypeVar("Made")  # the record
Kept = TypeVar("Kept", bound=Any)  # the record as it is stored
Found = TypeVar("Found")


class Work(ABC, Generic[Settings, Made, Kept, Found]):
    """The work of one kind: queued with `create`, done with `run`. How far it is, this process has in memory."""

    def __init__(self, store: Store, history: RecordHistory[Kept, Found]) -> None:
        self.history = history
        self.generations = store.generations
        self._store = store
        self._progress: dict[str, float] = {}

    @abstractmethod
    def create(self, settings: Settings) -> str:
        """Keep a new record as queued and return its id; raises InvalidRequest for what can never succeed."""

    @abstractmethod
    def _find(self, stored: Kept, progress: Progress) -> tuple[Kept, Found]:
        """Return the record as done, over the words that are there now, and what was found."""

    @abstractmethod
    def _current(self, record: Made) -> Made:
        """Return a record with what is not stored with it."""

    def make(self, settings: Settings, progress: Progress | None = None) -> Made:
        """Work on a new record and return it once it has ended, also where it has failed; Ctrl-C cancels."""
        id = self.create(settings)
        try:
            return self.run(id, progress or (lambda _share: None))
        except KeyboardInterrupt:
            with suppress(TopicdexError):
                self.cancel(id)
            raise

    def run(self, id: str, progress: Progress) -> Made:
        """Work on a queued record and return it ended: done, failed with a reason, or cancelled.

        `progress` is called with the share done several times a second; it ends the work by raising Cancelled.
        """
        begin = time.monotonic()
        # it has an error where another process took this one for dead
        stored = self.history.get(id).updated(status="running", error=None)
        report = self.history.published(stored, progress)

        def on_progress(share: float) -> None:
            self._progress[id] = share
            report(share)

        while True:
            try:
                generation, ended, found = self._ended(stored, on_progress)
            finally:
                self._progress.pop(id, None)
            ended = ended.updated(seconds=time.monotonic() - begin)
            with self._store.write_lock:
                if found is None or generation == self.generations.number:  # else it is of the model before
                    self.history.finish(ended, found)
                    return self._current(ended.record)

    def _ended(self, stored: Kept, progress: Progress) -> tuple[int, Kept, Found | None]:
        """Return the generation, and a record as it ended in it, with what was found where it is done."""
        try:
            progress(0.0)
            found = self.generations.read(lambda: (self.generations.number, *self._find(stored, progress)))
            progress(1.0)
            return found
        except Cancelled:
            share = self._progress.get(stored.id, 0.0)
            return self.generations.number, stored.updated(status="cancelled", progress=share), None
        except TopicdexError as error:
            return self.generations.number, stored.updated(status="failed", error=str(error)), None

    def cancel(self, id: str) -> None:
        """Mark a record that nobody works on as cancelled; one that has ended, or is gone, stays as it is."""
        self.history.end(id, "cancelled")

    def fail(self, id: str, error: str) -> None:
        """Mark a record that nobody works on as failed; one that has ended, or is gone, stays as it is."""
        self.history.end(id, "failed", error)

    def fail_abandoned(self) -> None:
        """Mark the records as failed whose process has died."""
        self.history.fail_abandoned()

    def heartbeat(self) -> None:
        """Write that the work of this process goes on, and fail the abandoned records; call it often."""
        self.history.heartbeat()

    def get(self, id: str) -> Made:
        """Return one record; raises NotFound."""
        return self._current(self.history.get(id).record)

    def delete(self, id: str) -> None:
        """Remove a record that has ended, cancel the work of another process on one that has not."""
        self.history.delete(id)

    def pin(self, id: str, pinned: bool = True) -> Made:
        """Keep a record however many come later, or no longer; raises NotFound, Conflict before it has finished."""
        return self._current(self.history.pin(id, pinned).record)

    def _share(self, id: str, status: str) -> dict[str, Any]:
        """Return the fields of a record that say how far the work of this process on it is."""
        if status == "queued" and id in self._progress:
            return {"status": "running", "progress": self._progress[id]}
        return {}
