"""The context of a view: the engine and the jobs of its application, and the way to answer."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from flask import Flask, Response, current_app, url_for
from pydantic import BaseModel

from indexer.engine import Engine
from server.jobs import Jobs, K, Queue
from server.warmup import Warmup

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


def started(queue: Queue[K], id: str, wait: float, endpoint: str) -> Response:
    """Return a job that was just queued and, in `Location`, where it is shown: 202, or 200 once it has ended.

    That is waited for, `wait` seconds at most.
    """
    ended = wait > 0 and queue.wait(id, wait)
    response = answer(queue.kind.get(id), 200 if ended else 202)
    response.headers["Location"] = url_for(endpoint, id=id)
    return response
