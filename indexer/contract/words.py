"""Answers about stored words, about texts near them, and the counts of a write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from indexer.contract.answer import Answer, Table, data_frame, with_metadata
from indexer.records import Scalar

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Counts:
    """What a write did, in words, and how many texts were embedded for it."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    embedded: int = 0

    @property
    def words(self) -> int:
        """Return the number of words that were sent."""
        return self.added + self.updated + self.unchanged

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.added + other.added,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.embedded + other.embedded,
        )


class WordRecord(Answer):
    """A stored word."""

    id: str
    text: str
    metadata: dict[str, Scalar] = {}

    def records(self) -> list[dict[str, Any]]:
        """Return the word with a column for each name of its metadata."""
        return [with_metadata(self.model_dump(exclude={"metadata"}), self.metadata)]


class WordPage(Table[WordRecord]):
    """Some stored words, the cursor of the next page, and how many words all pages have."""

    table = "words"

    words: list[WordRecord]
    next: str | None
    total: int


class WordsAdded(Answer):
    """What a write did: `ids` in the order of the words sent, `embedded` the number of texts that were embedded.

    `truncated` says that a text was cut for the embedding.
    """

    added: int
    updated: int
    unchanged: int
    ids: list[str]
    truncated: bool = False
    embedded: int = 0

    @property
    def counts(self) -> Counts:
        """Return the counts alone."""
        return Counts(self.added, self.updated, self.unchanged, self.embedded)


class WordsRemoved(Answer):
    """How many words were deleted."""

    removed: int


class WordMatch(WordRecord):
    """A stored word near a text."""

    score: float


class WordAnswer(Answer):
    """The stored words nearest to one text."""

    text: str
    matches: list[WordMatch]
    truncated: bool = False

    def records(self) -> list[dict[str, Any]]:
        """Return a row for each match; `query` is the text that was asked about."""
        return [
            with_metadata({"query": self.text, **match.model_dump(exclude={"metadata"})}, match.metadata)
            for match in self.matches
        ]


class WordAnswers(Table[WordAnswer]):
    """Answers in the order of the texts."""

    results: list[WordAnswer]


class Similarity(Answer):
    """Cosine of every row with every column."""

    rows: list[str]
    columns: list[str]
    matrix: list[list[float]]

    def to_frame(self) -> pandas.DataFrame:
        """Return the matrix as a DataFrame; raises InvalidRequest where pandas is not installed."""
        return data_frame(self.matrix, index=self.rows, columns=self.columns)
