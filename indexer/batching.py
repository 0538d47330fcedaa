"""Calls that come at the same time and share one piece of work: a forward pass of a model, a scan of the words."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Call(Generic[Item, Result]):
    """One call that waits for a batch."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.running = threading.Lock()  # until it has ended; an Event does the same in ten times as many steps
        self.running.acquire()
        self.result: Result
        self.error: BaseException | None = None


class SharedCalls(Generic[Item, Result]):
    """Runs the items of calls that come at the same time together.

    A caller who is alone runs its own item and changes no thread. Those who come meanwhile are a batch of one thread,
    and so are those who come while that runs: a thread of their own changes hands less often than they would. After a
    batch of several, the next one goes there too: who got their answers together mostly come back together.
    """

    def __init__(self, run: Callable[[Sequence[Item]], Sequence[Result]], most: int) -> None:
        """Give batches of `most` items at most to `run`, which returns a result for each, in order.

        One batch runs at a time.
        """
        self._most = most
        self._run = run
        self._lock = threading.Lock()
        self._busy = False
        self._crowded = False  # the last batch had several items
        self._waiting: list[_Call[Item, Result]] = []
        self._thread = ThreadPoolExecutor(1, "topicdex-batches")

    def __call__(self, item: Item) -> Result:
        """Return the result of an item; raises what `run` raises for the batch that it was in."""
        with self._lock:
            begins, self._busy = not self._busy, True
            alone = begins and not self._crowded
            if not alone:
                call = _Call[Item, Result](item)
                self._waiting.append(call)
        if alone:
            try:
                return self._run([item])[0]
            finally:
                if self._goes_on():
                    self._thread.submit(self._run_batches)
        if begins:
            self._thread.submit(self._run_batches)
        call.running.acquire()
        if call.error is not None:
            raise call.error
        return call.result

    def _run_batches(self) -> None:
        """Run all waiting calls, and those that came meanwhile, until none waits."""
        while True:
            with self._lock:
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                self._crowded = len(batch) > 1
            try:
                for call, result in zip(batch, self._run([call.item for call in batch]), strict=True):
                    call.result = result
            except BaseException as error:
                for call in batch:
                    call.error = error
            for call in batch:
                call.running.release()
            if not self._goes_on():
                return

    def _goes_on(self) -> bool:
        """Tell whether calls wait; where none does, the next one is alone."""
        with self._lock:
            self._busy = bool(self._waiting)
            return self._busy
