"""The protocol of a model: an identity, and unit vectors for texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from indexer.embedders.prompts import Prompts, Role
from indexer.vectors import Vectors


@dataclass(frozen=True)
class ModelIdentity:
    """The identity of a model: two models that agree in all of it give the same vectors.

    `shortened`: the dimension is not the model's own, but what was asked for.
    """

    name: str
    revision: str
    dimension: int
    prompts: Prompts = Prompts()
    shortened: bool = False

    def __str__(self) -> str:
        prompts = f", {self.prompts}" if any(asdict(self.prompts).values()) else ""
        return f"{self.name} ({self.revision}, {self.dimension}{prompts})"

    def to_fields(self) -> dict[str, Any]:
        """Return it as an object of JSON; what is as it always was before there were prompts is left out."""
        fields = asdict(self)
        if not any(fields["prompts"].values()):
            del fields["prompts"]
        if not fields["shortened"]:
            del fields["shortened"]
        return fields

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> ModelIdentity:
        """Return what `to_fields` wrote, today or in an earlier version."""
        return cls(**{**fields, "prompts": Prompts(**fields.get("prompts", {}))})


class Embedder(Protocol):
    """A loaded model."""

    @property
    def identity(self) -> ModelIdentity:
        """Return the model's name, revision, dimension and prompts."""
        ...

    def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Return one float32 row of unit length for each text, shape (n, dimension); many threads may call it at once.

        Some models want other prompts before queries than before passages. Raises ModelUnavailable, OverBudget.
        """
        ...

    def truncated(self, texts: Sequence[str], role: Role = "passage") -> list[bool]:
        """Tell of each text whether it, with the prompt of its role, is longer than the model reads."""
        ...
