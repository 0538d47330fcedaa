"""The names by which a server may be called, and hosts as they stand in headers and settings."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from indexer.errors import InvalidRequest
from indexer.settings import Settings

Address = IPv4Address | IPv6Address
DEFAULT_PORTS = {"http": 80, "https": 443}
_NAME = r"(?P<name>[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?"
_V6 = r"\[(?P<v6>[0-9a-f:.]+)(?:%[\w.~%-]+)?\]"
_AUTHORITY = re.compile(rf"(?:{_NAME}|{_V6})(?::(?P<port>[0-9]{{0,5}}))?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Authority:
    """A host, a name in lower case or an address, and a port where one was named."""

    host: str | Address
    port: int | None = None


def authority(text: str | None) -> Authority | None:
    """Return what a `Host` header says, None where it is missing or malformed.

    A dot at the end of a name and the zone of an address are dropped: they name the same host.
    """
    found = _AUTHORITY.fullmatch(text or "")
    if found is None:
        return None
    port = int(found["port"]) if found["port"] else None
    if port is not None and port > 65_535:
        return None
    if found["v6"]:
        address = _address(found["v6"])
        return None if address is None else Authority(address, port)
    return Authority(_address(found["name"]) or found["name"].lower(), port)


def addresses(host: str) -> frozenset[Address]:
    """Return the addresses that a host to listen on stands for; none where it cannot be resolved."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # UnicodeError: a label that no DNS takes
        return frozenset()
    return frozenset(address for *_, place in found if (address := _address(str(place[0]))))


def check_hosts(settings: Settings) -> None:
    """Raise InvalidRequest where other machines could reach a server without a key, or an allowed host is none."""
    OwnHosts(settings)
    if settings.api_key or settings.insecure or all(found.is_loopback for found in addresses(settings.host)):
        return
    raise InvalidRequest(
        f"whoever reaches {settings.host} over the network could read and change the store; set TOPICDEX_API_KEY to a "
        "key, or listen on 127.0.0.1, or set TOPICDEX_INSECURE=1 where only those whom you trust reach it"
    )


class OwnHosts:
    """The hosts that are a server's own: loopback, where it listens, and those that its settings allow.

    An address is its own where it listens on it or on all. Any other name must be listed: a web page can let a name
    of its own point to this machine (DNS rebinding), and its scripts would read the answers.
    """

    def __init__(self, settings: Settings) -> None:
        """Resolve where the server listens; raises InvalidRequest where an allowed host cannot be read."""
        self._addresses = addresses(settings.host)
        self._everywhere = any(address.is_unspecified for address in self._addresses)
        listed = [entry.strip() for entry in (settings.allowed_hosts or "").split(",")]
        self._allowed = {authority(settings.host), *(_allowed(entry) for entry in listed if entry)}

    def __contains__(self, called: Authority | None) -> bool:
        """Tell whether a host is the server's own."""
        if called is None:
            return False
        host = called.host
        if isinstance(host, str):
            if host == "localhost" or host.endswith(".localhost"):
                return True
        elif host.is_loopback or self._everywhere or host in self._addresses:
            return True
        # a port that is left out is that of the scheme, which a proxy may have changed
        ports = [called.port] if called.port is not None else [*DEFAULT_PORTS.values()]
        return any(Authority(host, port) in self._allowed for port in (None, *ports))


def _allowed(entry: str) -> Authority:
    """Return an entry of TOPICDEX_ALLOWED_HOSTS; an IPv6 address may stand there without brackets."""
    found = authority(entry) or authority(f"[{entry}]")
    if found is None:
        raise InvalidRequest(
            f"TOPICDEX_ALLOWED_HOSTS names {entry!r}, which is no host; give NAME or NAME:PORT, separated by commas"
        )
    return found


def _address(text: str) -> Address | None:
    """Return an address; one of IPv4 in the clothes of IPv6 as that of IPv4."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
