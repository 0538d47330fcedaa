"""Work on blocks of rows, on threads of their own with one thread of BLAS each.

A server has one thread of BLAS for the whole process: callers that all want every core wait for each other.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

from threadpoolctl import threadpool_limits

Result = TypeVar("Result")

BLOCK = 2048  # rows in one product: they and their scores stay in the processor's cache
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1  # for this process
_NICE = 10  # lookups go before a clustering and before the embedding of many texts


def in_blocks(work: Callable[[slice], Result], n: int) -> Iterator[Result]:
    """Yield what `work` returns for each block of n rows, in their order, so that sums do not depend on the cores.

    Several blocks are worked on at once, but few ahead of the one that is yielded.
    """
    blocks = [slice(first, min(first + BLOCK, n)) for first in range(0, n, BLOCK)]
    if len(blocks) == 1:
        yield work(blocks[0])
        return
    ahead: deque[Future[Result]] = deque()
    try:
        for block in blocks:
            ahead.append(_pool().submit(work, block))
            if len(ahead) > 2 * CORES:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        for future in ahead:  # nobody wants them any more
            future.cancel()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(CORES, "topicdex-clusters", initializer=lower_priority)


def lower_priority() -> None:
    """Let all other threads go before this one; only Linux has a priority for each thread."""
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


class _BlasThreads:
    """How many threads BLAS uses in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._before: threadpool_limits

    @contextmanager
    def one(self) -> Iterator[None]:
        """Let BLAS use one thread until all who asked for that have ended."""
        with self._lock:
            if not self._users:
                self._before = threadpool_limits(1, user_api="blas")
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self._before.restore_original_limits()


blas_threads = _BlasThreads()
