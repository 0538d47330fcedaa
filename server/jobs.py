"""Runs of reclustering, one at a time beside the lookups, in a bounded queue."""

import logging
import threading
from collections import OrderedDict
from contextlib import suppress

from indexer.contract import ClusteringSettings
from indexer.engine import Engine
from indexer.errors import Cancelled, TooManyJobs, TopicdexError

MOST_WAITING = 16  # runs in the queue
MOST_WAITERS = 4  # calls that wait for an end at once: the other threads go on answering

_log = logging.getLogger("topicdex")


class Jobs:
    """A thread that does the queued runs of one engine, oldest first."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._changed = threading.Condition()
        self._queue: OrderedDict[str, None] = OrderedDict()
        self._cancelled: set[str] = set()
        self._running: str | None = None
        engine.clusterings.fail_abandoned()
        self._waiters = threading.BoundedSemaphore(MOST_WAITERS)
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="topicdex-jobs", daemon=True)
        self._thread.start()

    def submit(self, settings: ClusteringSettings) -> str:
        """Queue a run and return its id; raises TooManyJobs, and InvalidRequest for what can never succeed."""
        with self._changed:
            if len(self._queue) >= MOST_WAITING:
                raise TooManyJobs(f"{MOST_WAITING} runs wait already; try again when one has ended")
            run = self._engine.clusterings.create(settings)
            self._queue[run] = None
            self._changed.notify_all()
        return run

    def wait(self, run: str, seconds: float) -> bool:
        """Wait until the run has ended, `seconds` at most, and say whether it has.

        Where as many calls wait as threads can be spared, it does not wait.
        """
        if not self._waiters.acquire(blocking=False):
            return not self._pending(run)
        try:
            with self._changed:
                return self._changed.wait_for(lambda: not self._pending(run), seconds)
        finally:
            self._waiters.release()

    def cancel(self, run: str) -> bool:
        """Call off a run that waits or goes on; False where it is neither."""
        with self._changed:
            if run in self._queue:
                del self._queue[run]
                self._engine.clusterings.cancel(run)
            elif run == self._running:
                self._cancelled.add(run)
            else:
                return False
            self._changed.notify_all()
        return True

    def close(self) -> None:
        """Call off everything and wait for the thread to end."""
        with self._changed:
            self._closing = True
            for run in self._queue:
                self._engine.clusterings.cancel(run)
            self._queue.clear()
            self._changed.notify_all()
        self._thread.join()

    def _pending(self, run: str) -> bool:
        return run in self._queue or run == self._running

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or bool(self._queue))
                if self._closing:
                    return
                run, _ = self._queue.popitem(last=False)
                self._running = run
            try:
                self._engine.clusterings.run(run, lambda _share, run=run: self._check(run))  # type: ignore[misc]
            except Exception as error:
                _log.error("the run %s failed", run, exc_info=error)
                with suppress(TopicdexError):
                    self._engine.clusterings.fail(run, "a bug; the log of the server has more")
            finally:
                with self._changed:
                    self._running = None
                    self._cancelled.discard(run)
                    self._changed.notify_all()

    def _check(self, run: str) -> None:
        if run in self._cancelled or self._closing:
            raise Cancelled("the run was called off")
