"""Models that turn texts into unit vectors, behind one small protocol."""

from __future__ import annotations

from indexer.embedders.embedder import Embedder, ModelIdentity

__all__ = ["Embedder", "ModelIdentity", "load_embedder"]


def load_embedder(model: str, *, trust_remote_code: bool = False, serving: bool = False) -> Embedder:
    """Load a model by its name, or from the folder where it lies.

    With `serving`, calls with few texts go before those with many.

    Raises ModelUnavailable where it cannot be loaded.
    """
    if model.startswith("openai:"):
        from indexer.embedders.openai import OpenAIEmbedder

        return OpenAIEmbedder(model)
    from indexer.embedders.local import LocalEmbedder

    return LocalEmbedder(model, trust_remote_code=trust_remote_code, serving=serving)
