"""What it would cost to embed texts: counted as the API counts, with what the cache has taken off; nothing is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from hashlib import blake2b

from indexer.contract.costs import CostEstimate
from indexer.embedders import cache_of
from indexer.embedders.openai.tokens import Tokens
from indexer.embedders.prices import PAID, price_of
from indexer.embedders.prompts import Prompts
from indexer.records import Word
from indexer.settings import Settings

_BATCH = 1_024  # texts that the cache is asked for at once


class Estimate:
    """An estimate in the making: pass the words of the input through `counted`, and `add` the texts to embed."""

    def __init__(self, model: str, settings: Settings, *, cache: bool = True) -> None:
        """Read the prices; raises InvalidRequest. `cache`: texts that the cache of the settings has cost nothing."""
        self._model = model
        self._price = price_of(model, settings)
        self._paid = model.startswith(PAID)
        self._tokenizer = Tokens(model.removeprefix(PAID))
        self._prompts = Prompts().changed(settings)
        self._dimensions = settings.dimensions
        self._cache = cache_of(settings) if self._paid and cache else None
        self._texts, self._added = set[bytes](), set[bytes]()
        self._waiting: list[str] = []
        self._cached = self._cut = self._tokens = 0

    def counted(self, words: Iterable[Word]) -> Iterator[Word]:
        """Yield the words as they are, and count their texts."""
        for word in words:
            self._texts.add(_digest(word.text))
            yield word

    def add(self, text: str) -> None:
        """Take in a text that would be embedded; one that comes again counts once."""
        [whole] = self._prompts.before([text], "passage")
        cut = self._tokenizer.cut(whole) if self._paid else text
        digest = _digest(cut)
        if digest in self._added:
            return
        self._added.add(digest)
        if not self._paid:
            return
        self._cut += cut != whole
        self._waiting.append(cut)
        if len(self._waiting) == _BATCH:
            self._count()

    def result(self) -> CostEstimate:
        """Return the estimate."""
        self._count()
        price, tokens = self._price, self._tokens
        return CostEstimate(
            model=self._model,
            texts=len(self._texts),
            stored=len(self._texts) - len(self._added),
            cached=None if self._paid and self._cache is None else self._cached,
            embedded=len(self._added) - self._cached,
            cut=self._cut,
            tokens=tokens,
            counted=self._tokenizer.known or not self._paid,
            usd=None if price is None else price.cost(tokens),
            batch_usd=None if price is None else price.cost(tokens, batch=True),
            dated=(price.dated or None) if price else None,
            elsewhere=bool(price and price.elsewhere),
        )

    def _count(self) -> None:
        """Count the tokens of the waiting texts that are not cached."""
        known: dict[str, object] = {}
        if self._cache is not None and self._waiting:
            known = dict(self._cache.get(self._key, self._waiting))
        self._cached += len(known)
        self._tokens += self._tokenizer.most([text for text in self._waiting if text not in known])
        self._waiting.clear()

    @cached_property
    def _key(self) -> tuple[str, ...]:
        from indexer.embedders.openai.wire import address, cache_key  # 1 s: the openai library

        return cache_key(self._model, address(), self._dimensions)


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()
