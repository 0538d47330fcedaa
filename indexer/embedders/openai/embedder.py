"""A model of the OpenAI API as an embedder: requests in flight, faults that pass, and nothing paid twice."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import count

import numpy as np

from indexer.embedders.batches import BULK
from indexer.embedders.embedder import ModelIdentity
from indexer.embedders.openai.tokens import Tokens
from indexer.embedders.openai.wire import Answered, PassingFault, Wire, cache_key
from indexer.embedders.prompts import Prompts, Role
from indexer.embedders.spending import Spending
from indexer.embedders.vector_cache import VectorCache
from indexer.errors import ModelUnavailable
from indexer.records import batched
from indexer.settings import Settings
from indexer.vectors import Vectors, unit

_IN_FLIGHT = 8  # requests at a time
_TEXTS, _TOKENS = 2_048, 300_000  # in a request, the most that the API takes
_LEAST_TEXTS = 32  # in a request: fewer texts cost more requests than they save time
_FIRST_PAUSE_S, _LAST_PAUSE_S = 0.5, 30.0  # after a fault, doubled each time, where the server asks for none


@dataclass(frozen=True)
class _Patience:
    """How many faults in a row one request bears, and how many seconds it waits for a server that asks for time."""

    faults: int
    wait: float


_LOOKUP, _BULK = _Patience(3, 5.0), _Patience(8, 120.0)  # somebody waits for a lookup


class OpenAIEmbedder:
    """The model `openai:NAME`; key and address are those of the openai library."""

    def __init__(self, name: str, settings: Settings, spending: Spending, cache: VectorCache | None = None) -> None:
        """Connect, and embed one word to learn the dimension; raises ModelUnavailable, OverBudget, and InvalidRequest.

        What `cache` has is not asked for, and each answer is there before the next request goes out in its place.
        """
        spending.check(name)
        self._name = name
        self._spending = spending
        self._wire = Wire(name, settings.dimensions)
        self._tokens = Tokens(name.removeprefix("openai:"))
        self._cache = cache
        self._key = cache_key(name, self._wire.address, settings.dimensions)
        self._not_before = 0.0  # when the server takes requests again, on the monotonic clock
        self._dimension: int | None = None  # of every vector, once the first has come
        [vector] = self._embed(["dimension"])
        if settings.dimensions not in (None, len(vector)):
            raise ModelUnavailable(
                f"{name} gives {len(vector)} numbers a text where {settings.dimensions} are asked; "
                "it cannot be shortened: leave --dimensions away"
            )
        self._dimension = len(vector)
        self._prompts = Prompts().changed(settings)
        shortened = settings.dimensions is not None
        self.identity = ModelIdentity(name, "", len(vector), self._prompts, shortened)  # the API names no revision

    def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Return one unit row for each text, shape (n, dimension).

        Raises ModelUnavailable and OverBudget, with what came kept.
        """
        rows = self._embed([self._tokens.cut(text) for text in self._prompts.before(texts, role)])
        return unit(np.array(rows, dtype=np.float32).reshape(-1, self.identity.dimension))

    def truncated(self, texts: Sequence[str], role: Role = "passage") -> list[bool]:
        """Tell of each text whether it is cut before it is sent."""
        return [self._tokens.too_long(text) for text in self._prompts.before(texts, role)]

    def sent(self, text: str) -> str:
        """Return what the API is asked for in the place of a text that is stored: its prompt, and all that it takes."""
        [whole] = self._prompts.before([text], "passage")
        return self._tokens.cut(whole)

    def tokens(self, sent: str) -> int:
        """Return the tokens that the API counts in what is sent; of an unknown vocabulary the most it can be."""
        return self._tokens.count(sent)

    def unkept(self, sent: Sequence[str]) -> list[str]:
        """Return those whose vectors the cache does not have."""
        kept = self._kept(sent)
        return [text for text in sent if text not in kept]

    def keep(self, vectors: Mapping[str, Vectors]) -> None:
        """Put vectors into the cache, where there is one, each by what was sent for it."""
        if self._cache is not None:
            self._cache.put(self._key, vectors)

    @property
    def address(self) -> str:
        """Return the address of the API, without a key or password."""
        return self._wire.address

    def _kept(self, sent: Sequence[str]) -> dict[str, Vectors]:
        return {} if self._cache is None else self._cache.get(self._key, sent)

    def _embed(self, texts: Sequence[str]) -> list[Vectors]:
        """Return the vector of each text; every one that is not cached is asked for once."""
        known = self._kept(texts)
        missing = list(dict.fromkeys(text for text in texts if text not in known))
        most = min(_TEXTS, max(_LEAST_TEXTS, -(-len(missing) // _IN_FLIGHT)))
        batches = list(batched(missing, most, self._size_of(missing), _TOKENS))
        patience, failed = _LOOKUP if len(missing) < BULK else _BULK, threading.Event()

        def ask(batch: list[str]) -> None:
            found = dict(zip(batch, self._request(batch, patience, failed), strict=True))
            self.keep(found)
            known.update(found)

        if len(batches) == 1:
            ask(batches[0])
        elif batches:
            _in_flight(ask, batches, failed)
        return [known[text] for text in texts]

    def _size_of(self, texts: Sequence[str]) -> Callable[[str], int]:
        """Return what counts the tokens of a text, or its bytes, of which there are more, where these fit as well."""
        by_bytes = sum(map(_bytes, texts)) <= _TOKENS
        return _bytes if by_bytes else self._tokens.count

    def _request(self, texts: list[str], patience: _Patience, failed: threading.Event) -> Vectors:
        """Return the vectors of one request, (n, dimension); wait for faults to pass, unless another one `failed`."""
        pause = _FIRST_PAUSE_S
        for fault in count(1):
            self._wait(failed)
            try:
                answered = self._paid(texts)
                self._check(answered.vectors)
            except PassingFault as error:
                after = pause * random.uniform(0.75, 1) if error.after is None else error.after
                if fault == patience.faults or after > patience.wait:
                    raise error.error from None
                self._rest(after)
                pause = min(2 * pause, _LAST_PAUSE_S)
            else:
                self._rest(answered.pause)
                return answered.vectors
        raise AssertionError("count() has no end")

    def _paid(self, texts: list[str]) -> Answered:
        """Return the answer to one request, and book what it cost; where it is not known, the most it can be."""
        limited = self._spending.budget is not None
        reserved = self._tokens.most(texts) if limited else 0
        self._spending.reserve(self._name, reserved)
        tokens: int | None = None
        try:
            answered = self._wire.request(texts)
            tokens = answered.tokens
            return answered
        except PassingFault as fault:
            tokens = None if fault.paid else 0
            raise
        except ModelUnavailable:
            tokens = 0  # it was refused
            raise
        finally:
            if tokens is None:
                tokens = reserved if limited else self._tokens.most(texts)
            self._spending.book(self._name, reserved, tokens)

    def _check(self, vectors: Vectors) -> None:
        given, wanted = vectors.shape[1], self._dimension
        if wanted not in (None, given):
            raise PassingFault(ModelUnavailable(f"{self._name} gave {wanted} numbers a text, and now gives {given}"))

    def _rest(self, seconds: float) -> None:
        """Send nothing for some seconds, from no place in flight: the limit is that of the key."""
        self._not_before = max(self._not_before, time.monotonic() + seconds)

    def _wait(self, failed: threading.Event) -> None:
        """Wait until the server takes requests; raises ModelUnavailable where another request has failed."""
        while not failed.wait(max(0.0, left := self._not_before - time.monotonic())):
            if left <= 0:
                return
        raise ModelUnavailable(f"{self._name} was not asked for the rest: another request has failed")


def _bytes(text: str) -> int:
    return len(text.encode("utf-8"))


def _in_flight(ask: Callable[[list[str]], None], batches: Sequence[list[str]], failed: threading.Event) -> None:
    """Ask for all batches, some at a time; where one fails, or at Ctrl-C, those under way end, and no other begins."""
    with ThreadPoolExecutor(_IN_FLIGHT, "topicdex-openai") as pool:
        asked = [pool.submit(ask, batch) for batch in batches]
        try:
            for one in as_completed(asked):
                one.result()
        except BaseException:
            failed.set()
            pool.shutdown(cancel_futures=True)
            raise
