"""Models that turn texts into unit vectors, behind one small protocol."""

from __future__ import annotations

from indexer.embedders.embedder import Embedder, ModelIdentity
from indexer.settings import Settings

__all__ = ["Embedder", "ModelIdentity", "load_embedder"]


def load_embedder(settings: Settings, *, serving: bool = False) -> Embedder:
    """Load the model that `settings.model` names; with `serving`, calls with few texts go before those with many.

    Raises ModelUnavailable where it cannot be loaded.
    """
    if settings.model.startswith("openai:"):
        from indexer.embedders.openai import OpenAIEmbedder

        return OpenAIEmbedder(settings.model)
    from indexer.embedders.local import LocalEmbedder

    return LocalEmbedder(settings.model, trust_remote_code=settings.trust_remote_code, serving=serving)
