"""Serve a store: listen, say so, answer, and on SIGTERM finish what is being answered."""

from __future__ import annotations

import logging
import signal
import socket
import sys
from collections.abc import Callable

from indexer.engine import Engine
from indexer.errors import InvalidRequest
from indexer.settings import Settings
from server.app import create_app
from server.context import context
from server.draining import DrainingServer
from server.hosts import check_hosts
from server.uploads import MOST_BYTES

THREADS = 32  # those whose calls wait share a pass of the model and a scan of the words: more callers, larger batches
CONNECTIONS = 500  # open at once, most of them idle; more wait in the queue of the listening socket
# larger bodies end at waitress; up to here the application answers with a problem
_UPLOAD_BYTES = max(MOST_BYTES.values()) + 16 * 2**20


def serve(settings: Settings, *, on_listen: Callable[[str], None] = lambda url: None) -> None:
    """Serve the store until SIGTERM or Ctrl-C; `on_listen` is called with the address.

    Raises InvalidRequest where the port is taken or a network would have an open store, and what opening it raises.
    """
    check_hosts(settings)
    listening = _listen(settings.host, settings.port)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"http://{host}:{listening.getsockname()[1]}"
    logging.basicConfig(stream=sys.stderr, format="topicdex: %(message)s", level=logging.WARNING)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a line for every call that waits for a thread
    with listening, Engine(settings, url=url, serving=True) as engine:
        app = create_app(settings, engine=engine)
        server = DrainingServer(
            app,
            listening,
            on_stop=context(app).jobs.stop,  # calls that wait for a job end with it
            threads=THREADS,
            connection_limit=CONNECTIONS,
            asyncore_use_poll=True,  # select() fails from file descriptor 1,024 on
            max_request_body_size=_UPLOAD_BYTES,
            ident="topicdex",
            clear_untrusted_proxy_headers=True,
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.stop())
        on_listen(url)
        server.run()
        context(app).jobs.close()


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
