"""The queues of long work beside the lookups: a thread for each kind of job, so that no kind waits for another."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from indexer.clusters.clusterings import Clusterings
from indexer.contract.clusterings import Clustering
from indexer.contract.jobs import Job
from indexer.contract.maps import Map
from indexer.engine import Engine
from indexer.errors import Cancelled, TooManyJobs, TopicdexError
from indexer.maps.maps import Maps
from indexer.progress import Progress
from server.checkups import Checkups
from server.comparing import Comparisons
from server.importing import Imports
from server.reembedding import ReembeddingJobs

MOST_WAITING = 16  # jobs in a queue
MOST_WAITERS = 4  # calls that wait for an end at once: the other threads answer calls

_log = logging.getLogger("topicdex")


class Kind(Protocol):
    """One kind of job: the records of its jobs by their ids, and the work. The clusterings of an engine are one."""

    def run(self, id: str, progress: Progress) -> object:
        """Work on a queued job until it has ended; `progress` ends the work by raising Cancelled."""

    def cancel(self, id: str) -> None:
        """Mark a job that nobody works on as cancelled."""

    def fail(self, id: str, error: str) -> None:
        """Mark a job that nobody works on as failed."""

    def get(self, id: str) -> Clustering | Map | Job:
        """Return the record of a job; raises NotFound."""

    def delete(self, id: str) -> None:
        """Remove the record of a job that has ended; raises NotFound."""


K = TypeVar("K", bound=Kind)


class Queue(Generic[K]):
    """A thread that works on the queued jobs of one kind, oldest first; `kind` has their records."""

    def __init__(self, name: str, kind: K, waiters: threading.BoundedSemaphore) -> None:
        """Start the thread; `name` is what messages call a job, `waiters` counts the calls that wait in all queues."""
        self.kind = kind
        self._name = name
        self._waiters = waiters
        self._changed = threading.Condition()
        self._queue: list[str] = []
        self._cancelled: set[str] = set()
        self._running: str | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._work, name=f"topicdex-{name}", daemon=True)
        self._thread.start()

    def submit(self, create: Callable[[], str]) -> str:
        """Queue the job whose record `create` makes, and return its id; raises TooManyJobs, and what it raises."""
        with self._changed:
            if len(self._queue) >= MOST_WAITING:
                raise TooManyJobs(f"{MOST_WAITING} {self._name}s are queued already; try again when one has ended")
            id = create()
            self._queue.append(id)
            self._changed.notify_all()
        return id

    def wait(self, id: str, seconds: float) -> bool:
        """Wait until the job has ended, `seconds` at most, and return whether it has.

        Where as many calls wait as threads can be spared, it does not wait.
        """
        if not self._waiters.acquire(blocking=False):
            return not self._pending(id)
        try:
            with self._changed:
                return self._changed.wait_for(lambda: not self._pending(id), seconds)
        finally:
            self._waiters.release()

    def remove(self, id: str) -> None:
        """Cancel a job that is queued or running, remove the record of one that has ended; raises NotFound."""
        with self._changed:
            if id in self._queue:
                self._queue.remove(id)
                self.kind.cancel(id)
            elif id == self._running:
                self._cancelled.add(id)
            else:
                self.kind.delete(id)
            self._changed.notify_all()

    def stop(self) -> None:
        """Cancel everything that is queued or running."""
        with self._changed:
            self._closing = True
            for id in self._queue:
                self.kind.cancel(id)
            self._queue.clear()
            self._changed.notify_all()

    def join(self) -> None:
        """Wait, once stopped, for the thread to end."""
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
                self.kind.run(id, lambda _share, id=id: self._check(id))  # type: ignore[misc]
            except Exception as error:
                _log.error("the %s %s failed", self._name, id, exc_info=error)
                with suppress(TopicdexError):
                    self.kind.fail(id, "a bug; the log of the server has more")
            finally:
                with self._changed:
                    self._running = None
                    if id in self._cancelled:
                        self._cancelled.remove(id)
                        self._drop_done(id)
                    self._changed.notify_all()

    def _drop_done(self, id: str) -> None:
        """Remove a job that was to be cancelled after it had looked for the last time."""
        with suppress(TopicdexError):
            if self.kind.get(id).status == "done":
                self.kind.delete(id)

    def _check(self, id: str) -> None:
        if id in self._cancelled or self._closing:
            raise Cancelled(f"the {self._name} was cancelled")


class Jobs:
    """The queues of one application."""

    def __init__(self, engine: Engine) -> None:
        engine.clusterings.fail_abandoned()
        engine.maps.fail_abandoned()
        waiters = threading.BoundedSemaphore(MOST_WAITERS)
        self.clusterings: Queue[Clusterings] = Queue("clustering", engine.clusterings, waiters)
        self.maps: Queue[Maps] = Queue("map", engine.maps, waiters)
        self.imports = Queue("import", Imports(engine), waiters)
        self.checkups = Queue("checkup", Checkups(engine), waiters)
        self.comparisons = Queue("comparison", Comparisons(engine), waiters)
        self.reembeddings = Queue("reembedding", ReembeddingJobs(engine), waiters)

        self._queues = (
            *(self.clusterings, self.maps, self.imports, self.checkups),
            *(self.comparisons, self.reembeddings),
        )

    def stop(self) -> None:
        """Cancel everything; an import ends when what it writes is on disk."""
        for queue in self._queues:
            queue.stop()

    def close(self) -> None:
        """Cancel everything and wait for the threads to end."""
        self.stop()
        for queue in self._queues:
            queue.join()
