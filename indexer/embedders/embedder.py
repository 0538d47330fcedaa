"""The protocol of a model: an identity, and unit vectors for texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from indexer.vectors import Vectors


@dataclass(frozen=True)
class ModelIdentity:
    """The identity of a model: two models with the same three fields give the same vectors."""

    name: str
    revision: str
    dimension: int


class Embedder(Protocol):
    """A loaded model."""

    @property
    def identity(self) -> ModelIdentity:
        """Return the model's name, revision and dimension."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one float32 row of unit length for each text, shape (n, dimension); many threads may call it at once.

        Raises ModelUnavailable.
        """
        ...

    def truncated(self, texts: Sequence[str]) -> list[bool]:
        """Tell of each text whether it is longer than the model reads."""
        ...
