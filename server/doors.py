"""The doors: what is checked before any view, by which name the server was called, from which site, with which key."""

from __future__ import annotations

import hmac
import re

from flask import Flask, request

from indexer.errors import Forbidden, Unauthorized
from indexer.settings import Settings
from server.hosts import DEFAULT_PORTS, Authority, OwnHosts, authority

_EVERY_HOST = ("/healthz", "/readyz")  # a probe calls by whatever name or address it has
_READS = ("GET", "HEAD")
_ORIGIN = re.compile(r"(https?)://([^/]+)")


def register_doors(app: Flask, settings: Settings) -> None:
    """Refuse calls under a foreign name, of foreign sites and without the key.

    Raises InvalidRequest where an allowed host cannot be read.
    """
    ours = OwnHosts(settings)
    key = settings.api_key.encode() if settings.api_key else None

    @app.before_request
    def check() -> None:
        called = authority(request.headers.get("Host"))
        # With a key any name will do: a page that reaches this machine by DNS rebinding does not have the key, and
        # what is outside of /v1 is the same on every server.
        if key is None and called not in ours and request.path not in _EVERY_HOST:
            raise Forbidden(
                "the Host of this call is no name of this server; call it by the address that it printed, or list the "
                "name in TOPICDEX_ALLOWED_HOSTS"
            )
        if request.method in _READS:
            _check_reader()
        elif request.method != "OPTIONS":
            _check_writer(called if called in ours else None)
        if key is not None and request.path.startswith("/v1"):
            _check_key(key)


def _check_writer(called: Authority | None) -> None:
    """Refuse a write from a page of another site; programs send neither header."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site", "none")
    if site not in ("same-origin", "none") or (origin is not None and not _is_own(origin, called)):
        raise Forbidden(
            "a page of another site may change nothing here; open the server's own page by the address that the server "
            "printed, or list its host in TOPICDEX_ALLOWED_HOSTS, and let a proxy pass `Host` on as it came"
        )


def _check_reader() -> None:
    """Refuse what a page of another site embeds or fetches: it costs work, and the page may not read it. Links pass."""
    site, into = request.headers.get("Sec-Fetch-Site"), request.headers.get("Sec-Fetch-Dest", "document")
    if site in ("cross-site", "same-site") and into != "document" and request.path not in _EVERY_HOST:
        raise Forbidden("a page of another site may embed or fetch nothing from here; link to it")


def _check_key(key: bytes) -> None:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    same = hmac.compare_digest(given.encode("latin-1", "replace"), key)  # as WSGI has it
    if not same or scheme.lower() != "bearer":
        raise Unauthorized("send the header `Authorization: Bearer KEY` with the key of this server")


def _is_own(origin: str, called: Authority | None) -> bool:
    """Tell whether an origin is that of the host that was called, whatever the scheme: TLS may end at a proxy."""
    found = _ORIGIN.fullmatch(origin)
    from_page = authority(found[2]) if found else None
    if found is None or from_page is None or called is None:
        return False
    default = DEFAULT_PORTS[found[1]]
    return from_page.host == called.host and (from_page.port or default) == (called.port or default)
