"""Models that turn texts into unit vectors, behind one small protocol."""

from __future__ import annotations

from dataclasses import replace

from indexer.contract.info import ModelInfo
from indexer.embedders.embedder import Embedder, ModelIdentity
from indexer.embedders.prices import PAID
from indexer.embedders.prompts import Prompts
from indexer.embedders.spending import Spending
from indexer.embedders.vector_cache import VectorCache
from indexer.settings import Settings

__all__ = ["Embedder", "ModelIdentity", "as_stored", "cache_of", "load_embedder", "stored_identity"]


def load_embedder(
    model: str, settings: Settings, *, serving: bool = False, spending: Spending | None = None
) -> Embedder:
    """Load a model by its name, or from the folder where it lies.

    With `serving`, calls with few texts go before those with many. Vectors that are paid for are kept in the cache of
    the settings; those of a model that runs here are not: to read one is little faster than to make it anew.

    What it pays counts in `spending`, by default against the budget of the settings alone. Raises ModelUnavailable
    where it cannot be loaded, InvalidRequest where there is a budget and no price, OverBudget.
    """
    if model.startswith(PAID):
        from indexer.embedders.openai.embedder import OpenAIEmbedder

        return OpenAIEmbedder(model, settings, spending or Spending(settings), cache_of(settings))
    from indexer.embedders.local import LocalEmbedder

    return LocalEmbedder(model, settings, serving=serving)


def as_stored(settings: Settings, stored: ModelIdentity | None) -> Settings:
    """Return the settings to load a model with whose vectors are to stand beside stored ones of the same model.

    Their prompts and their dimension take the place of the model's own, which may have been others in an earlier
    version of it, or of topicdex.
    """
    if stored is None:
        return settings
    prompts = stored.prompts.changed(settings)
    shortened = stored.dimension if stored.shortened else None
    return replace(
        settings,
        query_prompt=prompts.query,
        passage_prompt=prompts.passage,
        dimensions=settings.dimensions or shortened,
    )


def stored_identity(model: ModelInfo) -> ModelIdentity | None:
    """Return the identity of the model that made stored vectors, as a corpus tells of it; None before the first."""
    if model.dimension is None:
        return None
    prompts = Prompts(model.query_prompt or "", model.passage_prompt or "")
    return ModelIdentity(model.name, model.revision or "", model.dimension, prompts, model.shortened)


def cache_of(settings: Settings) -> VectorCache | None:
    """Return the cache of vectors that were paid for; None where the settings want none."""
    folder = settings.cache_folder
    return VectorCache(folder, settings.cache_size * 10**6) if folder and settings.cache_size else None
