"""The models that take part in a comparison, by name: what loads each, and what a million texts would cost."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from functools import partial

from indexer.comparison.measuring import Candidate, Priced
from indexer.embedders import Embedder, load_embedder
from indexer.embedders.openai.tokens import Tokens
from indexer.embedders.prices import PAID, price_of
from indexer.embedders.spending import Spending
from indexer.settings import Settings, model_name

_PRICED = 2_000  # texts whose tokens are counted


def candidate(
    model: str,
    settings: Settings,
    *,
    serving: bool = False,
    spending: Spending | None = None,
    loaded: Callable[[], Embedder] | None = None,
) -> Candidate:
    """Return the candidate of a model name or folder.

    `serving`: lookups go before the embedding of many texts; `spending`: what it pays counts there; `loaded` returns
    the model where it is in memory already.
    """
    load = loaded or partial(_load, model, settings, serving, spending)
    return Candidate(model_name(model), load, partial(_price, model, settings))


def _load(model: str, settings: Settings, serving: bool, spending: Spending | None) -> Embedder:
    gc.collect()  # the model before this one holds itself in a circle, and its memory is needed
    return load_embedder(model, settings, serving=serving, spending=spending)


def _price(model: str, settings: Settings, texts: Sequence[str]) -> Priced:
    """Return what a million such texts would cost; a model that runs here costs nothing."""
    if not model.startswith(PAID):
        return Priced(None, 0.0, None)
    tokens = Tokens(model.removeprefix(PAID))
    counted = texts[:: max(1, len(texts) // _PRICED)]
    mean = sum(tokens.count(tokens.cut(text)) for text in counted) / len(counted)
    price = price_of(model, settings)
    if price is None:
        return Priced(mean, None, None)
    return Priced(mean, price.cost(round(mean * 1_000_000)), price.dated)
