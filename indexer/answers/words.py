"""Answers about words, stored ones and texts beside them."""

from typing import Any

from indexer.answers.shown import Shown


class WordShown(Shown):
    """A stored word."""

    id: str
    text: str
    metadata: dict[str, Any] = {}


class WordPage(Shown):
    """Some stored words, and the cursor of the next page."""

    words: list[WordShown]
    next: str | None


class WordsAdded(Shown):
    """What a write did; `ids` in the order of the words sent, `embedded` in texts that the model was given.

    `truncated` where a text was cut for the embedding.
    """

    added: int
    updated: int
    unchanged: int
    ids: list[str]
    truncated: bool = False
    embedded: int = 0


class WordsRemoved(Shown):
    """How many words were there and are gone."""

    removed: int


class WordMatch(WordShown):
    """A stored word near a text."""

    score: float


class WordAnswer(Shown):
    """The stored words nearest to one text."""

    text: str
    matches: list[WordMatch]
    truncated: bool = False


class WordAnswers(Shown):
    """Answers in the order of the texts."""

    results: list[WordAnswer]


class Similarity(Shown):
    """Cosine of every row with every column."""

    rows: list[str]
    columns: list[str]
    matrix: list[list[float]]
