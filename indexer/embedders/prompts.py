"""The prompts of a model: what it wants before a text that is stored, and before one that is asked about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from indexer.settings import Settings

Role = Literal["passage", "query"]  # of a text: it is stored, or asked about

# The names that sentence-transformers looks for, in this order, in `encode_query` and `encode_document`.
_QUERY, _PASSAGE = ("query",), ("document", "passage", "corpus")


@dataclass(frozen=True)
class Prompts:
    """What stands before each text of a role, without a space that it does not bring itself."""

    query: str = ""
    passage: str = ""

    def __str__(self) -> str:
        return f"prompts {self.query!r} and {self.passage!r}"

    def of(self, role: Role) -> str:
        """Return the prompt of a role."""
        return self.query if role == "query" else self.passage

    def before(self, texts: Sequence[str], role: Role) -> Sequence[str]:
        """Return the texts, each behind the prompt of its role."""
        prompt = self.of(role)
        return [prompt + text for text in texts] if prompt else texts

    def changed(self, settings: Settings) -> Prompts:
        """Return them with those that the settings name in the place of their own."""
        wanted = {"query": settings.query_prompt, "passage": settings.passage_prompt}
        return replace(self, **{role: prompt for role, prompt in wanted.items() if prompt is not None})

    @classmethod
    def of_model(cls, named: Mapping[str, str | None] | None, default: str | None) -> Prompts:
        """Return the prompts of a model of sentence-transformers: by their names, and the name of its default.

        A role without a prompt of its own has the default one. The library itself saves an empty prompt for a role
        that has none, and then takes that one in the place of a default and of "passage".
        """
        prompts = named or {}

        def first(names: Sequence[str]) -> str:
            return next((prompt for name in (*names, default) if name and (prompt := prompts.get(name))), "")

        return cls(first(_QUERY), first(_PASSAGE))
