"""Waitress, run until it is told to stop, and then drained. Only this file knows its insides."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from waitress.server import create_server

# The insides used below are waitress's own: `trigger`, `asyncore`, `active_channels`, `_map`, `task_dispatcher` of a
# server; `requests`, `total_outbufs_len` of a channel. Read them again in another version.
WRITTEN_FOR = "3.0.2"
DRAIN_S = 30.0  # to finish what is being answered


class DrainingServer:
    """A waitress server on one listening socket; `options` are those of waitress."""

    def __init__(self, app: WSGIApplication, listening: socket.socket, **options: Any) -> None:
        self._counting = _Counting(app)
        self._server = create_server(self._counting, sockets=[listening], **options)
        self._stop = threading.Event()

    def run(self) -> None:
        """Answer until `stop` is called, finish the calls that are being answered, and return."""
        draining = threading.Thread(target=self._drain, daemon=True)
        draining.start()
        self._server.run()
        draining.join()
        self._server.task_dispatcher.shutdown()
        if not self._server.task_dispatcher.threads:  # else one of them may still pull it
            self._server.trigger.close()

    def stop(self) -> None:
        """End `run`; a signal handler or another thread may call this, before `run` as well."""
        self._stop.set()

    def _drain(self) -> None:
        """Once stopped: take no new connection, let the calls under way end, then end the server's loop."""
        self._stop.wait()
        server = self._server
        server.trigger.pull_trigger(lambda: server.asyncore.dispatcher.close(server))
        end = time.monotonic() + DRAIN_S
        while time.monotonic() < end and (self._counting.active or self._unsent()):
            time.sleep(0.02)
        server.trigger.pull_trigger(lambda: end_loop(server))

    def _unsent(self) -> bool:
        channels = list(self._server.active_channels.values())
        return any(channel.requests or channel.total_outbufs_len for channel in channels)


def end_loop(server: Any) -> None:
    """Close every connection, which ends the loop, but not the trigger that wakes the loop.

    A thread that has just answered pulls the trigger once more. Were it closed, its number could by then be that of
    a file of the store, and a byte would be written into that file.
    """
    server.trigger.del_channel()
    server.asyncore.close_all(server._map, ignore_all=True)


class _Counting:
    """The application, with the number of calls that are being answered."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._lock = threading.Lock()
        self.active = 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with self._lock:
            self.active += 1
        try:
            return _Closing(self._app(environ, start_response), self._end)
        except BaseException:
            self._end()
            raise

    def _end(self) -> None:
        with self._lock:
            self.active -= 1


class _Closing:
    """A response body that calls `end` once it has been sent."""

    def __init__(self, body: Iterable[bytes], end: Callable[[], None]) -> None:
        self._body = body
        self._end = end

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        try:
            getattr(self._body, "close", lambda: None)()
        finally:
            self._end()
