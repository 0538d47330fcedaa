"""The line to a topicdex server: one call and its answer, what is tried again, and errors in our words."""

import ipaddress
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from indexer.errors import InvalidRequest, ServerUnavailable, TopicdexError, Unauthorized, by_code
from indexer.records import MOST_ITEMS
from indexer.settings import Settings

_BATCH_BYTES = 4 * 2**20  # of a list, as JSON; a server takes a body of 16 MB
_CONNECT_S = 5.0
_READ_S = 300.0  # a server that has just started loads its model first
_WRITE_S = 1_800.0  # a thousand long texts, on a large model without a GPU
_PAUSE_S = 0.2  # before a call is tried again
_BUSY = ("store_busy", "not_ready")

Answer = TypeVar("Answer", bound=BaseModel)
Item = TypeVar("Item")


class Connection:
    """Calls to one server; close it when done."""

    def __init__(self, settings: Settings, url: str) -> None:
        """Prepare it, without a call yet; raises InvalidRequest where `url` is none that can be called."""
        self.url = url.rstrip("/")
        self._wait = settings.wait
        key = settings.api_key or ""
        if not key.isprintable():
            raise InvalidRequest("TOPICDEX_API_KEY holds a line break or the like; set it to the key alone")
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
            trust_env=not _is_local(address.host),  # a proxy knows nothing of this machine's own addresses
        )

    def ask(self, shown: type[Answer], method: str, path: str, body: object = None, **options: Any) -> Answer:
        """Make a call and return its answer as the model `shown`; raises as `call` does."""
        try:
            return shown.model_validate(self.call(method, path, body, **options))
        except ValidationError as error:
            raise self._strange(f"its {shown.__name__} is not as expected: {error.errors()[0]['msg']}") from None

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str | int | None] | None = None,
        writes: bool = False,
        patience: float | None = None,
    ) -> Any:
        """Make a call and return the JSON of its answer, None where it has none; a query that is None is left out.

        What a server cannot do yet (`store_busy`, `not_ready`) is asked again for `--wait` seconds. `writes` waits
        longer for the answer, `patience` as many seconds as it says. Raises the error that the server answered, and
        ServerUnavailable where it does not answer, or not as a topicdex server does.
        """
        end = time.monotonic() + self._wait
        while True:
            try:
                return self._once(method, path, body, query or {}, writes, patience)
            except TopicdexError as error:
                if error.code not in _BUSY or time.monotonic() >= end:
                    raise
            time.sleep(_PAUSE_S)

    def stream(self, path: str, query: Mapping[str, str | int | None]) -> Iterator[str]:
        """Yield the text of an answer while it comes; raises as `call` does."""
        try:
            with self._client.stream("GET", path, params=_given(query)) as response:
                if not response.is_success:
                    response.read()
                    raise self._error(response)
                yield from response.iter_text()
        except httpx.RequestError as error:
            raise self._lost(error, writes=False) from error

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def _once(
        self, method: str, path: str, body: object, query: Mapping[str, Any], writes: bool, patience: float | None
    ) -> Any:
        seconds = patience or (_WRITE_S if writes else _READ_S)
        try:
            response = self._client.request(
                method,
                path,
                params=_given(query),
                content=None if body is None else _encoded(body),
                headers=None if body is None else {"Content-Type": "application/json"},
                timeout=httpx.Timeout(seconds, connect=min(seconds, _CONNECT_S)),
            )
        except httpx.RequestError as error:
            raise self._lost(error, writes=writes) from error
        if not response.is_success:
            raise self._error(response)
        if response.status_code == HTTPStatus.NO_CONTENT:
            return None
        try:
            return response.json()
        except ValueError:
            raise self._strange("its answer is no JSON") from None

    def _error(self, response: httpx.Response) -> TopicdexError:
        """Return the error that a problem document stands for."""
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
    batch: list[Item] = []
    size = 0
    for item in items:
        length = len(_encoded(item))
        if batch and (len(batch) == MOST_ITEMS or size + length > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += length
    if batch:
        yield batch


def path_part(name: str) -> str:
    """Return a name as one part of a path, `/` and a lone `..` included; what is no text finds nothing."""
    return quote(name.encode("utf-8", "replace"), safe="").replace(".", "%2E")


def _encoded(body: object) -> bytes:
    """Return JSON in UTF-8; half of a surrogate pair goes along for the server to refuse."""
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _given(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is given of a query; what is no text finds nothing."""
    return {
        name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for name, value in query.items()
        if value is not None
    }


def _is_local(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified
