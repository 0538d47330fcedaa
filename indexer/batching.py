"""Calls that come at the same time and share one piece of work: a forward pass of a model, a scan of the words."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Call(Generic[Item, Result]):
    """One waiting call; `leads` is true where its thread is to do the work of all that wait."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.woken = threading.Event()
        self.leads = False
        self.result: Result
        self.error: BaseException | None = None


class SharedCalls(Generic[Item, Result]):
    """Runs the items of all waiting calls together, in the thread of one of the callers.

    A caller who is alone changes no thread and waits for nobody; those who come while a batch runs are the next batch.
    """

    def __init__(self, run: Callable[[Sequence[Item]], Sequence[Result]]) -> None:
        """Give each batch to `run`, which returns one result for each item, in order; one batch runs at a time."""
        self._run = run
        self._lock = threading.Lock()
        self._busy = False
        self._waiting: list[_Call[Item, Result]] = []

    def __call__(self, item: Item) -> Result:
        """Return the result of an item; raises what `run` raises for the batch that it was in."""
        call = _Call[Item, Result](item)
        with self._lock:
            self._waiting.append(call)
            call.leads, self._busy = not self._busy, True
        if not call.leads:
            call.woken.wait()
        if call.leads:
            self._lead()
        if call.error is not None:
            raise call.error
        return call.result

    def _lead(self) -> None:
        """Run all waiting calls, this thread's own among them; one that came meanwhile leads the next batch."""
        with self._lock:
            batch, self._waiting = self._waiting, []
        try:
            for call, result in zip(batch, self._run([call.item for call in batch]), strict=True):
                call.result = result
        except BaseException as error:
            for call in batch:
                call.error = error
        finally:
            with self._lock:
                self._busy = bool(self._waiting)
                if self._waiting:
                    self._waiting[0].leads = True
                    self._waiting[0].woken.set()
            for call in batch:
                call.woken.set()
