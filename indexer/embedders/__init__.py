"""Models that turn texts into unit vectors, behind one small protocol."""

from __future__ import annotations

from indexer.embedders.embedder import Embedder, ModelIdentity
from indexer.embedders.prices import PAID
from indexer.embedders.spending import Spending
from indexer.embedders.vector_cache import VectorCache
from indexer.settings import Settings

__all__ = ["Embedder", "ModelIdentity", "cache_of", "load_embedder"]


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

        return OpenAIEmbedder(model, spending or Spending(settings), cache_of(settings))
    from indexer.embedders.local import LocalEmbedder

    trust, revision = settings.trust_remote_code, settings.revision
    return LocalEmbedder(model, trust_remote_code=trust, revision=revision, serving=serving)


def cache_of(settings: Settings) -> VectorCache | None:
    """Return the cache of vectors that were paid for; None where the settings want none."""
    folder = settings.cache_folder
    return VectorCache(folder, settings.cache_size * 10**6) if folder and settings.cache_size else None
