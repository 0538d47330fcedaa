"""Answers about the service itself."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from indexer.contract.answer import Answer
from indexer.contract.costs import Costs


class ModelInfo(Answer):
    """The model that made the vectors, and what stands before texts that it embeds, where there is something.

    `shortened`: the dimension is not the model's own, but what was asked for.
    """

    name: str
    revision: str | None = None
    dimension: int | None = None
    query_prompt: str | None = Field(default=None, exclude_if=lambda prompt: prompt is None)
    passage_prompt: str | None = Field(default=None, exclude_if=lambda prompt: prompt is None)
    shortened: bool = Field(default=False, exclude_if=lambda shortened: not shortened)


class StoredCounts(Answer):
    """How much is stored."""

    words: int
    topics: int


class StoreInfo(Answer):
    """The kind of the store and the version of its format."""

    mode: Literal["embedded", "server"]
    format: int


class SnapshotInfo(Answer):
    """The snapshot of the words in files, which a start reads in place of the store; `created`: RFC 3339."""

    words: int
    bytes: int
    created: str


class Info(Answer):
    """The version, the model and the store of a service; `cached_words` are in memory, where search is exact.

    `costs`: what was paid for vectors; null from servers of earlier versions.
    """

    version: str
    model: ModelInfo
    counts: StoredCounts
    store: StoreInfo
    cached_words: int = 0
    snapshot: SnapshotInfo | None = None
    costs: Costs | None = None

    def records(self) -> list[dict[str, Any]]:
        """Return one row, with a column for each figure."""
        model = {"model": self.model.name, "revision": self.model.revision, "dimension": self.model.dimension}
        counts, store = self.counts.model_dump(), self.store.model_dump()
        snapshot = {"snapshot_bytes": self.snapshot.bytes if self.snapshot else 0}
        paid = {"paid_tokens": self.costs.total.tokens, "paid_usd": self.costs.total.usd} if self.costs else {}
        return [
            {"version": self.version, **model, **counts, **store, "cached_words": self.cached_words, **snapshot, **paid}
        ]
