"""One request to the OpenAI API, and what can come of it: vectors, a fault that passes, or an end."""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import numpy as np
import openai

from indexer.errors import ModelUnavailable
from indexer.vectors import Vectors

_DEADLINE_S = 60.0  # for a whole answer: a time-out of the socket begins again with every byte
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:([\d.]+)s)?(?:([\d.]+)ms)?")
_LONGEST_WAIT_S = 120.0  # that a server may ask for
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)  # nobody was there to be asked


@dataclass(frozen=True)
class Answered:
    """The vectors of the texts of one request, (n, dimension), of any length; the tokens that were paid, where said.

    `pause`: so many seconds no further request is welcome.
    """

    vectors: Vectors
    tokens: int | None
    pause: float = 0.0


class PassingFault(Exception):
    """A fault after which the same request may succeed; `after`: in so many seconds, None where nobody said.

    `paid`: the request may have been paid for all the same.
    """

    def __init__(self, error: ModelUnavailable, after: float | None = None, *, paid: bool = True) -> None:
        super().__init__(str(error))
        self.error = error
        self.after = after
        self.paid = paid


class Wire:
    """The embeddings of one model at one address; key and address are those of the openai library."""

    def __init__(self, name: str, dimensions: int | None = None) -> None:
        """Ask for vectors of so many numbers; raises ModelUnavailable where the library has no key."""
        self._name = name
        self._dimensions = dimensions
        self._model = name.removeprefix("openai:")
        try:
            self._client = openai.OpenAI(max_retries=0, timeout=_DEADLINE_S)
        except openai.OpenAIError as error:
            raise ModelUnavailable(f"{name}: {error}") from error

    @property
    def address(self) -> str:
        """Return the address of the API, without a key or password."""
        return _address(self._client)

    def request(self, texts: Sequence[str]) -> Answered:
        """Return the vector of each text; raises PassingFault, or ModelUnavailable where asking again is of no use.

        No message holds what the API said: it quotes a part of the key.
        """
        try:
            body, headers = self._post(texts)
        except openai.APIConnectionError as error:
            failed = self._failed(f"cannot be reached at {self.address}; check OPENAI_BASE_URL and the network")
            raise PassingFault(failed, paid=not isinstance(error.__cause__, _NOT_SENT)) from None
        except openai.APIStatusError as error:
            raise self._refused(error) from None
        except openai.OpenAIError as error:
            raise PassingFault(self._failed(f"failed ({type(error).__name__}); try again later")) from None
        return Answered(self._vectors(body, len(texts)), _tokens(body), _pause(headers))

    def _post(self, texts: Sequence[str]) -> tuple[Any, Mapping[str, str]]:
        """Return the JSON of the answer, None where it is none, and the headers."""
        end = time.monotonic() + _DEADLINE_S
        parts: list[bytes] = []
        with self._client.embeddings.with_streaming_response.create(
            model=self._model,
            input=list(texts),
            encoding_format="base64",
            dimensions=openai.omit if self._dimensions is None else self._dimensions,
        ) as response:
            try:
                for part in response.iter_bytes():
                    parts.append(part)
                    if time.monotonic() > end:
                        raise PassingFault(
                            self._failed(f"took over {_DEADLINE_S:.0f} s for an answer; try again later")
                        )
            except PassingFault:
                raise
            except Exception as error:  # the HTTP library of the openai library is its own affair
                raise PassingFault(self._failed("broke off in the middle of an answer; check the network")) from error
            headers = dict(response.headers)
        try:
            return json.loads(b"".join(parts)), headers
        except ValueError:
            return None, headers

    def _vectors(self, body: Any, count: int) -> Vectors:
        """Return the vectors of an answer, (count, dimension), in the order of the texts."""
        try:
            answered = sorted(body["data"], key=lambda item: int(item["index"]))
            whole = [item["index"] for item in answered] == list(range(count))
            rows = np.array([_numbers(item["embedding"]) for item in answered], dtype=np.float32)
        except (KeyError, TypeError, ValueError, binascii.Error):  # no list of vectors
            whole, rows = False, np.empty((0, 0), dtype=np.float32)
        if not whole or rows.ndim != 2 or not rows.size or not np.isfinite(rows).all():
            raise PassingFault(
                self._failed("did not answer with a vector for each text; check OPENAI_BASE_URL and the model")
            )
        return rows

    def _refused(self, error: openai.APIStatusError) -> Exception:
        code, status = error.code, error.status_code
        if status in (401, 403):
            return self._failed("refuses the key; check OPENAI_API_KEY")
        if code == "insufficient_quota" or status == 402:
            return self._failed(
                "says that the quota of this key is used up; check the plan, then go on with the same call"
            )
        if status in (408, 409, 429) or status >= 500:
            failed = self._failed(f"answers {status}; try again later")
            return PassingFault(failed, _retry_after(error.response.headers), paid=status != 429)
        return self._failed(f"answers {status}; check the name of the model{self._doubt()}")

    def _doubt(self) -> str:
        return "" if self._dimensions is None else ", and whether it can be shortened (--dimensions)"

    def _failed(self, how: str) -> ModelUnavailable:
        return ModelUnavailable(f"{self._name} {how}")


def cache_key(model: str, api: str, dimensions: int | None) -> tuple[str, ...]:
    """Return what a vector depends on beside its text: the model, the address of the API, the numbers asked for."""
    return (model, api) if dimensions is None else (model, api, str(dimensions))


def address() -> str:
    """Return the address that would be asked, as `Wire.address` does; no key is needed, and nothing is sent."""
    return _address(openai.OpenAI(api_key="none"))


def _address(client: openai.OpenAI) -> str:
    url = client.base_url
    return f"{url.scheme}://{url.netloc.decode('ascii').rpartition('@')[2]}{url.path}"


def _numbers(embedding: Any) -> Vectors:
    """Return a vector that came as base64 of little-endian float32, or, from servers that know no base64, as a list."""
    if isinstance(embedding, str):
        return np.frombuffer(base64.b64decode(embedding, validate=True), dtype="<f4")
    return np.asarray(embedding, dtype=np.float32)


def _tokens(body: Any) -> int | None:
    usage = body.get("usage") if isinstance(body, dict) else None
    tokens = usage.get("total_tokens") if isinstance(usage, dict) else None
    return tokens if isinstance(tokens, int) and not isinstance(tokens, bool) and tokens >= 0 else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds after which to ask again, two minutes at most; None where the server does not say."""
    wait = headers.get("retry-after", "")
    try:
        seconds = float(headers["retry-after-ms"]) / 1e3 if "retry-after-ms" in headers else float(wait)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(wait).timestamp() - time.time()
        except ValueError:  # neither seconds nor a date
            return max(_resets(headers), default=None)
    return min(_LONGEST_WAIT_S, max(0.0, seconds))


def _pause(headers: Mapping[str, str]) -> float:
    """Return the seconds until requests or tokens are there again, 0 while some are left."""
    return max(_resets(headers, spent_only=True), default=0.0)


def _resets(headers: Mapping[str, str], *, spent_only: bool = False) -> list[float]:
    resets = []
    for what in ("requests", "tokens"):
        spent = headers.get(f"x-ratelimit-remaining-{what}") == "0"
        reset = headers.get(f"x-ratelimit-reset-{what}")
        if reset and (spent or not spent_only) and (found := _DURATION.fullmatch(reset)) and any(found.groups()):
            hours, minutes, seconds, milliseconds = (float(part or 0) for part in found.groups())
            resets.append(min(_LONGEST_WAIT_S, hours * 3600 + minutes * 60 + seconds + milliseconds / 1e3))
    return resets
