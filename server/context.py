"""The context of a view: the engine and the jobs of its application, and the way to answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TypeVar

from flask import Flask, Response, current_app, url_for
from pydantic import BaseModel

from indexer.engine import Engine
from indexer.errors import TooManyJobs
from server.jobs import Jobs, K, Queue
from server.warmup import Warmup

Part = TypeVar("Part", str, bytes)

MOST_STREAMS = 4  # answers that are read as they are made: a reader who stops reading holds a thread


@dataclass(frozen=True)
class Context:
    """What one application holds for as long as it runs."""

    engine: Engine
    jobs: Jobs
    warmup: Warmup
    streams: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(MOST_STREAMS))


def context(app: Flask | None = None) -> Context:
    """Return the context of an application (default: the one that answers)."""
    held: Context = (app or current_app).extensions["topicdex"]
    return held


def engine() -> Engine:
    """Return the engine of the application that answers."""
    return context().engine


def answer(model: BaseModel, status: int = 200) -> Response:
    """Return a model as JSON."""
    return Response(model.model_dump_json(), status, content_type="application/json")


def streamed(parts: Callable[[], Iterator[Part]], content_type: str) -> Response:
    """Return an answer that is read as `parts` makes it; what fails before its first part is answered as an error.

    Raises TooManyJobs where as many are read as threads can be spared.
    """
    streams = context().streams
    if not streams.acquire(blocking=False):
        raise TooManyJobs(f"{MOST_STREAMS} streams are being read already; try again when one has ended")
    try:
        making = parts()
        begun = list(islice(making, 1))
    except BaseException:
        streams.release()
        raise
    response = Response(chain(begun, making), content_type=content_type)
    response.call_on_close(streams.release)
    return response


def started(queue: Queue[K], id: str, wait: float, endpoint: str) -> Response:
    """Return a job that was just queued and, in `Location`, where it is shown: 202, or 200 once it has ended.

    That is waited for, `wait` seconds at most.
    """
    ended = wait > 0 and queue.wait(id, wait)
    response = answer(queue.kind.get(id), 200 if ended else 202)
    response.headers["Location"] = url_for(endpoint, id=id)
    return response
