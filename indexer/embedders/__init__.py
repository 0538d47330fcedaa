"""Models that turn texts into unit vectors, behind one small protocol."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from indexer.settings import Settings

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ModelIdentity:
    """What made a vector: two models with the same three fields make the same vectors."""

    name: str
    revision: str
    dimension: int


class Embedder(Protocol):
    """A model that is loaded and answers."""

    @property
    def identity(self) -> ModelIdentity:
        """Return the model's name, revision and dimension."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one float32 row of unit length a text, shape (n, dimension); safe to call from many threads."""
        ...

    def truncated(self, texts: Sequence[str]) -> list[bool]:
        """Say of each text whether it is longer than the model reads."""
        ...


def load_embedder(settings: Settings, *, serving: bool = False) -> Embedder:
    """Load the model that `settings.model` names; `serving`: many texts at once step back behind few.

    Raises ModelUnavailable where it cannot be loaded.
    """
    if settings.model.startswith("openai:"):
        from indexer.embedders.openai import OpenAIEmbedder

        return OpenAIEmbedder(settings.model)
    from indexer.embedders.local import LocalEmbedder

    return LocalEmbedder(settings.model, trust_remote_code=settings.trust_remote_code, serving=serving)


def unit(vectors: npt.ArrayLike) -> Vectors:
    """Return the rows (or the one vector) as float32 of unit length; a zero vector stays zero."""
    rows = np.asarray(vectors, dtype=np.float32)
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.where(length == 0, 1, length), dtype=np.float32)
