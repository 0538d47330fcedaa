"""The vectors of recent questions: words repeat, and one that was asked before needs no model."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np

from indexer.embedders.batches import BULK
from indexer.embedders.embedder import Embedder, ModelIdentity
from indexer.embedders.prompts import Role
from indexer.vectors import Vectors

Value = TypeVar("Value")

_LONGEST = 1_000  # characters of a text that is kept: memory is bounded by what is kept, not by what is asked


class _Recent(Generic[Value]):
    """What was found for the texts that were asked last, at most `size`; safe in many threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Value] = OrderedDict()

    def __call__(self, texts: Sequence[str], find: Callable[[list[str]], Sequence[Value]]) -> list[Value]:
        """Return what is kept for each text; `find` is asked once for the others."""
        with self._lock:
            known = {text: self._known[text] for text in texts if text in self._known}
            for text in known:
                self._known.move_to_end(text)
        missing = list(dict.fromkeys(text for text in texts if text not in known))
        if missing:
            found = dict(zip(missing, find(missing), strict=True))
            known |= found
            with self._lock:
                self._known |= {text: value for text, value in found.items() if len(text) <= _LONGEST}
                while len(self._known) > self._size:
                    self._known.popitem(last=False)
        return [known[text] for text in texts]


class RecentVectors:
    """An embedder that keeps the vectors of recent calls with few texts, and whether these were cut."""

    def __init__(self, embedder: Embedder, size: int) -> None:
        """Keep the vectors of at most `size` texts a prompt."""
        self._embedder = embedder
        prompts = embedder.identity.prompts
        self._vectors = {prompt: _Recent[Vectors](size) for prompt in {prompts.query, prompts.passage}}
        self._truncated = {prompt: _Recent[bool](size) for prompt in self._vectors}

    @property
    def identity(self) -> ModelIdentity:
        """Return the model's name, revision, dimension and prompts."""
        return self._embedder.identity

    @property
    def beneath(self) -> Embedder:
        """Return the embedder that keeps nothing, whose speed is that of the model."""
        return self._embedder

    def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Return one unit row for each text, shape (n, dimension), the caller's own. Raises ModelUnavailable."""
        if not 0 < len(texts) < BULK:
            return self._embedder.embed(texts, role)

        def find(missing: list[str]) -> list[Vectors]:  # copies: a view would keep the rows of all in memory
            return [row.copy() for row in self._embedder.embed(missing, role)]

        return np.array(self._vectors[self.identity.prompts.of(role)](texts, find), dtype=np.float32)

    def truncated(self, texts: Sequence[str], role: Role = "passage") -> list[bool]:
        """Tell of each text whether it, with its prompt, is longer than the model reads."""
        if not 0 < len(texts) < BULK:
            return self._embedder.truncated(texts, role)
        kept = self._truncated[self.identity.prompts.of(role)]
        return kept(texts, lambda missing: self._embedder.truncated(missing, role))
