"""What a model is to everything else: an identity, and texts in, unit vectors out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from indexer.vectors import Vectors


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
