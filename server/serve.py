"""Run the application with waitress: listen, say so, and on SIGTERM finish what is being answered."""

import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from waitress.server import create_server

from indexer.engine import Engine
from indexer.errors import InvalidRequest
from indexer.settings import Settings
from server.app import create_app

THREADS = 16
DRAIN_S = 30.0  # to finish what is being answered
_UPLOAD_BYTES = 128 * 2**20  # larger bodies end at waitress; up to here the application answers with a problem


def serve(settings: Settings, *, on_listen: Callable[[str], None] = lambda url: None) -> None:
    """Serve the store until SIGTERM or Ctrl-C; `on_listen` is told the address.

    Raises InvalidRequest where the port is taken, and what opening the store raises.
    """
    listening = _listen(settings.host, settings.port)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"http://{host}:{listening.getsockname()[1]}"
    logging.basicConfig(stream=sys.stderr, format="topicdex: %(message)s", level=logging.WARNING)
    with listening, Engine(settings, url=url, serving=True) as engine:
        app = create_app(settings, engine=engine)
        counting = _Counting(app)
        server: Any = create_server(
            counting,
            sockets=[listening],
            threads=THREADS,
            max_request_body_size=_UPLOAD_BYTES,
            ident="topicdex",
            clear_untrusted_proxy_headers=True,
        )
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        draining = threading.Thread(target=_drain, args=(server, counting, stop), daemon=True)
        draining.start()
        on_listen(url)
        server.run()
        draining.join()
        server.task_dispatcher.shutdown()
        app.extensions["topicdex"].jobs.close()


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; raises InvalidRequest where it cannot."""
    listening: socket.socket | None = None
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
    except (OSError, OverflowError) as error:
        if listening is not None:
            listening.close()
        raise InvalidRequest(
            f"cannot listen on {host}:{port} ({getattr(error, 'strerror', None) or error}); "
            "give another --port, or --host"
        ) from None
    return listening


class _Counting:
    """The application, counting the calls that are being answered."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._lock = threading.Lock()
        self.active = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with self._lock:
            self.active += 1
        try:
            body: Iterable[bytes] = self._app(environ, start_response)
            return _Closing(body, self._end)
        except BaseException:
            self._end()
            raise

    def _end(self) -> None:
        with self._lock:
            self.active -= 1


class _Closing:
    """A response body that tells when it has been sent."""

    def __init__(self, body: Iterable[bytes], end: Callable[[], None]) -> None:
        self._body = body
        self._end = end

    def __iter__(self) -> Any:
        return iter(self._body)

    def close(self) -> None:
        try:
            getattr(self._body, "close", lambda: None)()
        finally:
            self._end()


def _drain(server: Any, counting: _Counting, stop: threading.Event) -> None:
    """When told to stop: take no new connection, let the calls under way end, then end the server's loop."""
    stop.wait()
    server.trigger.pull_trigger(lambda: server.asyncore.dispatcher.close(server))
    end = time.monotonic() + DRAIN_S
    while time.monotonic() < end and (counting.active or _unsent(server)):
        time.sleep(0.02)
    server.trigger.pull_trigger(lambda: end_loop(server))


def end_loop(server: Any) -> None:
    """Close every connection, upon which the loop ends, but not the trigger that wakes the loop.

    A thread that has just answered pulls it once more; the number of a closed one could by then be that of a file of
    the store, and a byte would be written into it.
    """
    server.trigger.del_channel()
    server.asyncore.close_all(server._map, ignore_all=True)


def _unsent(server: Any) -> bool:
    channels = list(server.active_channels.values())
    return any(channel.requests or channel.total_outbufs_len for channel in channels)
