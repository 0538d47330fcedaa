"""Answers about the service itself."""

from __future__ import annotations

from typing import Literal

from indexer.contract.answer import Answer


class ModelInfo(Answer):
    """The model that made the vectors."""

    name: str
    revision: str | None = None
    dimension: int | None = None


class StoredCounts(Answer):
    """How much is stored."""

    words: int
    topics: int


class StoreInfo(Answer):
    """Where it is stored, and in which format."""

    mode: Literal["embedded", "server"]
    format: int


class Info(Answer):
    """What is running here, on what; `cached_words` are in memory, where search is exact."""

    version: str
    model: ModelInfo
    counts: StoredCounts
    store: StoreInfo
    cached_words: int = 0
