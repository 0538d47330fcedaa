"""Queued clusterings, made one at a time beside the lookups."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress

from indexer.contract.clusterings import ClusteringSettings
from indexer.engine import Engine
from indexer.errors import Cancelled, TooManyJobs, TopicdexError

MOST_WAITING = 16  # clusterings in the queue
MOST_WAITERS = 4  # calls that wait for an end at once: the other threads answer calls

_log = logging.getLogger("topicdex")


class Jobs:
    """A thread that makes the queued clusterings of one engine, oldest first."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._changed = threading.Condition()
        self._queue: list[str] = []
        self._cancelled: set[str] = set()
        self._running: str | None = None
        engine.clusterings.fail_abandoned()
        self._waiters = threading.BoundedSemaphore(MOST_WAITERS)
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="topicdex-jobs", daemon=True)
        self._thread.start()

    def submit(self, settings: ClusteringSettings) -> str:
        """Queue a clustering and return its id; raises TooManyJobs, and InvalidRequest for what can never succeed."""
        with self._changed:
            if len(self._queue) >= MOST_WAITING:
                raise TooManyJobs(f"{MOST_WAITING} clusterings are queued already; try again when one has ended")
            id = self._engine.clusterings.create(settings)
            self._queue.append(id)
            self._changed.notify_all()
        return id

    def wait(self, id: str, seconds: float) -> bool:
        """Wait until the clustering has ended, `seconds` at most, and return whether it has.

        Where as many calls wait as threads can be spared, it does not wait.
        """
        if not self._waiters.acquire(blocking=False):
            return not self._pending(id)
        try:
            with self._changed:
                return self._changed.wait_for(lambda: not self._pending(id), seconds)
        finally:
            self._waiters.release()

    def cancel(self, id: str) -> bool:
        """Cancel a clustering that is queued or running; False where it is neither."""
        with self._changed:
            if id in self._queue:
                self._queue.remove(id)
                self._engine.clusterings.cancel(id)
            elif id == self._running:
                self._cancelled.add(id)
            else:
                return False
            self._changed.notify_all()
        return True

    def close(self) -> None:
        """Cancel everything and wait for the thread to end."""
        with self._changed:
            self._closing = True
            for id in self._queue:
                self._engine.clusterings.cancel(id)
            self._queue.clear()
            self._changed.notify_all()
        self._thread.join()

    def _pending(self, id: str) -> bool:
        return id in self._queue or id == self._running

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or bool(self._queue))
                if self._closing:
                    return
                self._running = id = self._queue.pop(0)
            try:
                self._engine.clusterings.run(id, lambda _share, id=id: self._check(id))  # type: ignore[misc]
            except Exception as error:
                _log.error("the clustering %s failed", id, exc_info=error)
                with suppress(TopicdexError):
                    self._engine.clusterings.fail(id, "a bug; the log of the server has more")
            finally:
                with self._changed:
                    self._running = None
                    if id in self._cancelled:
                        self._cancelled.remove(id)
                        self._drop_done(id)
                    self._changed.notify_all()

    def _drop_done(self, id: str) -> None:
        """Delete a clustering that was to be cancelled after it had looked for the last time."""
        with suppress(TopicdexError):
            if self._engine.clusterings.get(id).status == "done":
                self._engine.clusterings.delete(id)

    def _check(self, id: str) -> None:
        if id in self._cancelled or self._closing:
            raise Cancelled("the clustering was cancelled")
