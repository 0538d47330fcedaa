"""A waitress server that finishes the calls under way before it ends, and says where its disk is full.

Only this file knows waitress's insides.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any
from wsgiref.types import WSGIApplication

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import create_server
from waitress.utilities import Error

# Insides that are used below: `channel_class`, `trigger`, `asyncore`, `active_channels`, `task_dispatcher`, `_map` of a
# server; `parser_class`, `requests` and `total_outbufs_len` of a channel; `error` and `completed` of a parser;
# `queue`, `active_count` and `threads` of a dispatcher.
WRITTEN_FOR = "3.0.2"
MAKE_ROOM = "make room in the server's folder for temporary files, or start it with another TMPDIR, and send it again"
DRAIN_S = 30.0  # to finish what is being answered


class _DiskFull(Error):  # type: ignore[misc]  # waitress has no types
    """The answer where a large body cannot be kept: a problem document, as the application writes them."""

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        document = {"type": "about:blank", "title": "Service Unavailable", "status": 503, "code": "store_unavailable"}
        body = json.dumps({**document, "detail": f"the body cannot be kept ({self.body}); {MAKE_ROOM}"}).encode()
        return "503 Service Unavailable", [("Content-Type", "application/problem+json")], body


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    def received(self, data: bytes) -> int:
        """Take a part of a call; waitress itself would hang up where it cannot be written to the disk."""
        try:
            return int(super().received(data))
        except OSError as error:
            self.error = _DiskFull(error.strerror)
            self.completed = True
            return len(data)


class _Channel(HTTPChannel):  # type: ignore[misc]
    parser_class = _Parser


class DrainingServer:
    """A waitress server on one listening socket; `options` are those of waitress."""

    def __init__(
        self,
        app: WSGIApplication,
        listening: socket.socket,
        *,
        on_stop: Callable[[], None] = lambda: None,
        **options: Any,
    ) -> None:
        """Listen; `on_stop` is called as soon as the server is stopped, by a thread of its own."""
        self._on_stop = on_stop
        self._server = create_server(app, sockets=[listening], **options)
        self._server.channel_class = _Channel
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
        self._on_stop()
        server = self._server
        server.trigger.pull_trigger(lambda: server.asyncore.dispatcher.close(server))
        end = time.monotonic() + DRAIN_S
        while time.monotonic() < end and self._busy():
            time.sleep(0.02)
        server.trigger.pull_trigger(lambda: end_loop(server))

    def _busy(self) -> bool:
        """Tell whether a call is being answered or sent; the caller of one that is answered may have gone."""
        dispatcher = self._server.task_dispatcher
        channels = list(self._server.active_channels.values())
        return bool(dispatcher.queue or dispatcher.active_count) or any(
            channel.requests or channel.total_outbufs_len for channel in channels
        )


def end_loop(server: Any) -> None:
    """Close every connection, which ends the loop, but not the trigger that wakes the loop.

    A thread that has just answered pulls the trigger once more. Were it closed, its number could by then be that of
    a file of the store, and a byte would be written into that file.
    """
    server.trigger.del_channel()
    server.asyncore.close_all(server._map, ignore_all=True)
