"""The Batch API: a file of requests goes up, and a day later at most a file of answers comes down."""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeVar

import openai
from openai.types import Batch

from indexer.embedders.openai.wire import PassingFault, Wire
from indexer.errors import ModelUnavailable, NotFound
from indexer.vectors import Vectors

MOST_REQUESTS = 50_000  # in a batch, of one text each: the API takes as many texts in all the requests of a batch
MOST_BYTES = 200 * 10**6  # of the file
TOO_MANY_TOKENS = "token_limit_exceeded"  # of a key, in all its batches that wait
_ENDED = {"completed", "failed", "expired", "cancelled"}
_ENDPOINT: Literal["/v1/embeddings"] = "/v1/embeddings"
_NAME = "topicdex"  # of the metadata by which a batch is found again
_FAULTS, _FIRST_PAUSE_S, _LAST_PAUSE_S = 5, 0.5, 30.0  # in a row that a call bears; the pauses double
_LINE_S = 60.0  # for a line of a file: a time-out of the socket begins again with every byte
_CLOCK_S = 86_400.0  # that the clocks of this machine and of the API may differ
_LONGEST = 300  # characters of a message of the API

Result = TypeVar("Result")


@dataclass(frozen=True)
class BatchState:
    """What the API says of a batch; `output` and `errors` are ids of files, `refused` says why it took no request."""

    id: str
    status: str
    completed: int
    failed: int
    tokens: int | None
    output: str | None
    errors: str | None
    refused: tuple[Refusal, ...]

    @property
    def ended(self) -> bool:
        """Tell whether nothing more comes of it, and what has come can be fetched."""
        return self.status in _ENDED and not (self.status == "completed" and self.completed and self.output is None)


@dataclass(frozen=True)
class Refusal:
    """Why the API took no request of a file: a code, a message, and the line, from 1 on, where one is to blame."""

    code: str
    message: str
    line: int | None

    def __str__(self) -> str:
        return f"{f'line {self.line}: ' if self.line else ''}{self.message or self.code}"


@dataclass(frozen=True)
class Line:
    """The answer to one request: a vector of any length, or why there is none."""

    id: str
    vector: Vectors | None
    problem: str


class BatchAPI(Wire):
    """The batches of one model at one address, as far as the key sees them.

    A call raises ModelUnavailable, and NotFound where the key sees no such batch or file. Faults that pass are waited
    for.
    """

    def line(self, id: str, text: str) -> bytes:
        """Return the request for one text, a line of a file."""
        body: dict[str, object] = {"model": self._model, "input": text, "encoding_format": "base64"}
        if self._dimensions is not None:
            body["dimensions"] = self._dimensions
        request = {"custom_id": id, "method": "POST", "url": _ENDPOINT, "body": body}
        return json.dumps(request, ensure_ascii=False).encode("utf-8") + b"\n"

    def upload(self, file: Path) -> str:
        """Send a file of requests, and return its id; nothing is paid for it."""

        def send() -> str:
            with file.open("rb") as opened:
                sent = self._client.files.create(file=(file.name, opened), purpose="batch")
            return str(self._is(sent, "id"))

        return self._ask(send)

    def create(self, file: str, name: str, since: float, *, tried: bool) -> BatchState:
        """Make a batch of an uploaded file; `name` finds it again, also where the answer is lost.

        `tried`: it may have been made before, `since` then, and is looked for first.
        """

        def make() -> BatchState:
            nonlocal tried
            found = self._named(name, since) if tried else None
            tried = True
            return found or self._state(
                self._client.batches.create(
                    input_file_id=file, endpoint=_ENDPOINT, completion_window="24h", metadata={_NAME: name}
                )
            )

        return self._ask(make)

    def named(self, name: str, since: float) -> BatchState | None:
        """Return the batch that was made under a name, `since` then."""
        return self._ask(lambda: self._named(name, since))

    def state(self, id: str) -> BatchState:
        """Return what the API says of a batch."""
        return self._ask(lambda: self._state(self._client.batches.retrieve(id)))

    def cancel(self, id: str) -> BatchState:
        """Call a batch off; one that has ended stays as it is."""

        def call_off() -> BatchState:
            try:
                return self._state(self._client.batches.cancel(id))
            except (openai.BadRequestError, openai.ConflictError):  # it has ended, or is being called off
                return self._state(self._client.batches.retrieve(id))

        return self._ask(call_off)

    def download(self, id: str, file: BinaryIO) -> None:
        """Fetch what the API has under an id into a new file. Raises OSError where it cannot be written."""

        def fetch() -> None:
            file.seek(0)
            file.truncate()
            with self._client.files.with_streaming_response.content(id) as response:
                for part in self._parts(response.iter_bytes()):
                    file.write(part)

        self._ask(fetch)

    def lines(self, path: Path) -> Iterator[Line]:
        """Yield the answers of a file that was fetched; a line that cannot be read has no id."""
        with path.open("rb") as file:
            for line in file:
                if not line.isspace():
                    yield self._line(line)

    def _line(self, line: bytes) -> Line:
        try:
            answer = json.loads(line)
            id, response, error = answer["custom_id"], answer.get("response") or {}, answer.get("error")
            body = response.get("body") or {}
            if response.get("status_code") != 200:
                given = error or body.get("error") or {}
                return Line(str(id), None, self._clean(given.get("message") or given.get("code") or "no answer"))
            return Line(str(id), self._vectors(body, 1)[0], "")
        except PassingFault:
            return Line(str(id), None, "no vector of finite numbers")
        except (ValueError, KeyError, TypeError, AttributeError):
            return Line("", None, "a line that cannot be read")

    def _parts(self, stream: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the parts of a file; raises PassingFault where it breaks off, or comes too slowly."""
        end = time.monotonic() + _LINE_S
        parts = iter(stream)
        while True:
            try:
                part = next(parts, None)
            except Exception as error:  # the HTTP library of the openai library is its own affair
                raise PassingFault(self._failed("broke off in the middle of a file; check the network")) from error
            if part is None:
                return
            if b"\n" in part:
                end = time.monotonic() + _LINE_S
            elif time.monotonic() > end:
                raise PassingFault(self._failed("sends its file too slowly; try again later"))
            yield part

    def _named(self, name: str, since: float) -> BatchState | None:
        for batch in self._client.batches.list(limit=100):  # the newest first
            given = self._state(batch)
            if (batch.metadata or {}).get(_NAME) == name:
                return given
            if batch.created_at < since - _CLOCK_S:
                return None
        return None

    def _ask(self, call: Callable[[], Result]) -> Result:
        """Return what a call gives; wait for faults to pass."""
        for fault in count():
            try:
                return call()
            except openai.APIConnectionError:
                passing = PassingFault(
                    self._failed(f"cannot be reached at {self.address}; check OPENAI_BASE_URL and the network")
                )
            except openai.APIStatusError as error:
                refused = self._refused(error)
                if not isinstance(refused, PassingFault):
                    raise refused from None
                passing = refused
            except openai.OpenAIError as error:
                passing = PassingFault(self._failed(f"failed ({type(error).__name__}); try again later"))
            except PassingFault as fault_of_ours:
                passing = fault_of_ours
            if fault == _FAULTS:
                raise passing.error from None
            pause = min(_LAST_PAUSE_S, _FIRST_PAUSE_S * 2**fault) * random.uniform(0.75, 1)
            time.sleep(pause if passing.after is None else passing.after)
        raise AssertionError("count() has no end")

    def _state(self, batch: Any) -> BatchState:
        """Return the state of what the library gives; raises PassingFault where it is no batch."""
        if not isinstance(batch, Batch):
            raise PassingFault(self._failed("did not answer with a batch; check OPENAI_BASE_URL"))
        counts, usage = batch.request_counts, getattr(batch, "usage", None)
        refused = (batch.errors.data if batch.errors else None) or []
        return BatchState(
            id=str(self._is(batch, "id")),
            status=str(self._is(batch, "status")),
            completed=counts.completed if counts else 0,
            failed=counts.failed if counts else 0,
            tokens=usage.total_tokens if usage else None,
            output=batch.output_file_id,
            errors=batch.error_file_id,
            refused=tuple(Refusal(self._clean(e.code or ""), self._clean(e.message or ""), e.line) for e in refused),
        )

    def _is(self, given: Any, field: str) -> object:
        """Return a field of an answer; raises PassingFault where there is none."""
        value = getattr(given, field, None)
        if not value:
            raise PassingFault(self._failed("did not answer as the Batch API does; check OPENAI_BASE_URL"))
        return value

    def _refused(self, error: openai.APIStatusError) -> Exception:
        if error.status_code == 404:
            return NotFound(
                f"{self._name}: {self.address} has no such batch or file for this key; "
                "set the OPENAI_API_KEY and OPENAI_BASE_URL with which it was submitted"
            )
        if error.status_code == 400:
            body: Mapping[str, Any] = error.body if isinstance(error.body, dict) else {}
            said = self._clean(str(body.get("message") or error.code or ""))
            return ModelUnavailable(f"{self._name} refuses the call: {said or 'no reason given'}")
        return super()._refused(error)

    def _clean(self, message: str) -> str:
        """Return what the API said as one line without the key, which it may quote a part of."""
        words = (re.sub(r"\S*sk-\S*", "...", word) for word in message.replace(self._client.api_key, "...").split())
        return " ".join(words)[:_LONGEST]
