"""Answers about the service itself."""

from typing import Literal

from indexer.answers.shown import Shown


class ModelShown(Shown):
    """The model that made the vectors."""

    name: str
    revision: str | None = None
    dimension: int | None = None


class CountsShown(Shown):
    """How much is stored."""

    words: int
    topics: int


class StoreShown(Shown):
    """Where it is stored, and in which format."""

    mode: Literal["embedded", "server"]
    format: int


class Info(Shown):
    """What is running here, on what; `cached_words` are in memory, where search is exact."""

    version: str
    model: ModelShown
    counts: CountsShown
    store: StoreShown
    cached_words: int = 0
