"""The connection to a topicdex server: calls and their answers, what is tried again, and the engine's errors."""

from __future__ import annotations

import ipaddress
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from indexer.contract.answer import Answer, Table
from indexer.errors import InvalidRequest, ServerUnavailable, TopicdexError, Unauthorized, by_code
from indexer.records import MOST_ITEMS, Item, batched
from indexer.settings import Settings

_BATCH_BYTES = 4 * 2**20  # of a list, as JSON; a server takes a body of 16 MB
_CONNECT_S = 5.0
_READ_S = 300.0  # a server that has just started loads its model first
TEXT_S = 1.8  # to embed a long text, on a large model without a GPU
_WRITE_S = MOST_ITEMS * TEXT_S
_PAUSE_S = 0.2  # before a call is tried again
_BUSY = ("store_busy", "not_ready")

Kind = TypeVar("Kind", bound=Answer)
Answers = TypeVar("Answers", bound=Table[Any])
Query = Mapping[str, str | int | Sequence[str] | None]


class Connection:
    """Calls to one server; close it when done."""

    def __init__(self, settings: Settings, url: str) -> None:
        """Prepare calls to the server at `url`, without one yet; raises InvalidRequest where that is no address."""
        self.url = url.rstrip("/")
        self._wait = settings.wait
        key = settings.api_key or ""
        if not key.isprintable():
            raise InvalidRequest("TOPICDEX_API_KEY holds a line break or a control character; set it to the key alone")
        try:
            address = httpx.URL(self.url)
            if address.scheme not in ("http", "https") or not address.host:
                raise httpx.InvalidURL("it lacks http:// or a host")
        except httpx.InvalidURL as error:
            raise InvalidRequest(f"{url!r} is no address of a server ({error}); give http://HOST:PORT") from None
        self._client = httpx.Client(
            base_url=self.url,
            headers=[(b"Authorization", f"Bearer {key}".encode())] if key else None,
            timeout=httpx.Timeout(_READ_S, connect=_CONNECT_S),
            trust_env=not _is_local(address.host),  # a proxy cannot reach this machine's own addresses
        )

    def ask(self, kind: type[Kind], method: str, path: str, body: object = None, **options: Any) -> Kind:
        """Make a call and return its answer as one of this kind; options and errors are those of `call`."""
        try:
            return kind.model_validate(self.call(method, path, body, **options))
        except ValidationError as error:
            raise self._strange(f"its {kind.__name__} is not as expected: {error.errors()[0]['msg']}") from None

    def ask_all(self, kind: type[Answers], path: str, texts: Sequence[str], query: Query, **more: object) -> Answers:
        """Return the answers to any number of texts, in their order, asked for in batches with `more` in the body."""
        parts = (self.ask(kind, "POST", path, {"texts": batch, **more}, query=query) for batch in batches(texts))
        return kind.model_validate({"results": [answer for part in parts for answer in part]})

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        writes: bool = False,
        patience: float | None = None,
    ) -> Any:
        """Make a call and return the JSON of its answer, None where the body is empty.

        Query parameters that are None are left out. A call that the server refuses for now (`store_busy`,
        `not_ready`) is repeated for `--wait` seconds. The server has `patience` seconds to answer, by default five
        minutes, and half an hour where it `writes`. Raises the error that the server answered, and ServerUnavailable
        where it does not answer, or not as a topicdex server does.
        """
        response = self._answered(method, path, body, query or {}, headers or {}, writes, patience)
        if response.status_code == HTTPStatus.NO_CONTENT:
            return None
        try:
            return response.json()
        except ValueError:
            raise self._strange("its answer is not JSON") from None

    def fetch(self, path: str, query: Query) -> httpx.Response:
        """Return an answer as it came, which may be no JSON; raises as `call` does."""
        return self._answered("GET", path, None, query, {}, False, None)

    def stream(self, path: str, query: Query) -> Iterator[str]:
        """Yield the lines of an answer while it comes, many at a time; raises as `call` does."""
        rest = ""
        with self._streamed(path, query) as response:
            for text in response.iter_text():
                lines, end, rest = (rest + text).rpartition("\n")
                yield lines + end

    def stream_bytes(self, path: str, query: Query) -> Iterator[bytes]:
        """Yield the bytes of an answer while it comes; raises as `call` does, also where it is cut off."""
        with self._streamed(path, query) as response:
            yield from response.iter_bytes()

    @contextmanager
    def _streamed(self, path: str, query: Query) -> Iterator[httpx.Response]:
        try:
            with self._client.stream("GET", path, params=_given(query)) as response:
                if not response.is_success:
                    response.read()
                    raise self._error(response)
                yield response
        except httpx.RequestError as error:
            raise self._lost(error, writes=False) from error

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _answered(self, *call: Any) -> httpx.Response:
        """Make a call, again and again while the server refuses it for now."""
        end = time.monotonic() + self._wait
        while True:
            try:
                return self._once(*call)
            except TopicdexError as error:
                if error.code not in _BUSY or time.monotonic() >= end:
                    raise
            time.sleep(_PAUSE_S)

    def _once(
        self,
        method: str,
        path: str,
        body: object,
        query: Query,
        headers: Mapping[str, str],
        writes: bool,
        patience: float | None,
    ) -> httpx.Response:
        seconds = patience or (_WRITE_S if writes else _READ_S)
        try:
            response = self._client.request(
                method,
                path,
                params=_given(query),
                content=None if body is None else _encoded(body),
                headers={**headers, **({} if body is None else {"Content-Type": "application/json"})},
                timeout=httpx.Timeout(seconds, connect=min(seconds, _CONNECT_S)),
            )
        except httpx.RequestError as error:
            raise self._lost(error, writes=writes) from error
        if not response.is_success:
            raise self._error(response)
        return response

    def _error(self, response: httpx.Response) -> TopicdexError:
        """Return the error that an answer reports, as the class with its code."""
        try:
            problem = response.json()
            code, detail = str(problem["code"]), str(problem["detail"])
        except (ValueError, KeyError, TypeError):
            return self._strange(f"it answers {response.status_code} {response.reason_phrase}")
        if code == Unauthorized.code:
            return Unauthorized(f"the server at {self.url} asks for a key; set TOPICDEX_API_KEY to its key")
        error = by_code(code)(detail)
        error.code = code
        return error

    def _lost(self, error: httpx.RequestError, *, writes: bool) -> ServerUnavailable:
        reason = str(error) or type(error).__name__
        todo = "what is written stays, run again to go on" if writes else "check that it runs, or give another --server"
        return ServerUnavailable(f"the server at {self.url} does not answer ({reason}); {todo}")

    def _strange(self, what: str) -> ServerUnavailable:
        return ServerUnavailable(f"{self.url} does not answer as a topicdex server ({what}); give another --server")


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Yield the items in lists that a server takes: 1,000 at most, and 4 MB of JSON unless a single one has more."""
    return batched(items, MOST_ITEMS, lambda item: len(_encoded(item)), _BATCH_BYTES)


def path_part(name: str) -> str:
    """Return a name as one segment of a path, also where it holds `/` or is `..`; lone surrogates match nothing."""
    return quote(name.encode("utf-8", "replace"), safe="").replace(".", "%2E")


def _encoded(body: object) -> bytes:
    """Return JSON in UTF-8; lone surrogates are left in it for the server to refuse."""
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _given(query: Query) -> dict[str, str | int | list[str]]:
    """Return the query parameters that are not None; lone surrogates match nothing."""

    def text(value: str) -> str:
        return value.encode("utf-8", "replace").decode()

    given: dict[str, str | int | list[str]] = {}
    for name, value in query.items():
        if isinstance(value, str):
            given[name] = text(value)
        elif isinstance(value, int):
            given[name] = value
        elif value is not None:
            given[name] = [text(one) for one in value]
    return given


def _is_local(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified
