"""Answers about topics, and the thresholds that decide them."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import ConfigDict, Field

from indexer.contract.answer import Answer, Table
from indexer.records import Role, text_hash

Kind = Literal["label", "adapted"]
Reason = Literal["matched", "below_threshold", "ambiguous", "no_topics"]
Order = Literal["surest", "unsure"]
Ended = Literal["deactivated"] | None  # what became of an adaptation


class TopicMatch(Answer):
    """A topic and its score."""

    topic: str
    score: float


class Evidence(Answer):
    """A text that a person gave for a topic, and its cosine with the text that was asked about."""

    role: Role
    text: str
    score: float


class TopicAnswer(Answer):
    """The topic of one text, how sure it is, and the runners-up.

    `percentile` is the share of stored words, 0 to 100, whose score with a topic they are not nearest to is lower;
    it compares between models. `evidence` is the text given for a topic with more than a name that is nearest.
    """

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "text": "Mango",
                "topic": "Fruit",
                "reason": "matched",
                "score": 0.61,
                "margin": 0.22,
                "threshold": None,
                "matches": [{"topic": "Fruit", "score": 0.61}, {"topic": "Country", "score": 0.39}],
                "prototypes": "label",
                "model": "sentence-transformers/all-MiniLM-L6-v2",
                "truncated": False,
            }
        },
    )

    text: str
    topic: str | None
    reason: Reason
    score: float | None
    margin: float | None
    threshold: float | None
    matches: list[TopicMatch]
    prototypes: Kind
    model: str
    truncated: bool = False
    percentile: float | None = None
    evidence: Evidence | None = None

    def records(self) -> list[dict[str, Any]]:
        """Return one row, without the runners-up."""
        return [self.model_dump(exclude={"matches", "evidence", "model", "truncated"})]


class TopicAnswers(Table[TopicAnswer]):
    """Answers in the order of the texts."""

    results: list[TopicAnswer]


class TopicRecord(Answer):
    """A topic as it was given."""

    name: str
    description: str = ""
    examples: list[str] = []

    @property
    def version(self) -> str:
        """Return 16 hex digits that change when the topic changes: its ETag."""
        return text_hash(json.dumps([self.name, self.description, self.examples]))[:16]


class TopicChange(Answer):
    """The fields of a topic to change; None leaves a field as it is."""

    name: str | None = None
    description: str | None = None
    examples: list[str] | None = None


class TopicChanged(TopicRecord):
    """A topic as it is now; `adaptation` is set where its change has ended one."""

    adaptation: Ended = Field(default=None, exclude_if=lambda value: value is None)


class TopicSet(Table[TopicRecord]):
    """All topics in their order; `adaptation` is set where a change of the topics has ended one."""

    table = "topics"

    topics: list[TopicRecord]
    adaptation: Ended = Field(default=None, exclude_if=lambda value: value is None)


class Thresholds(Answer):
    """The least score and margin of an answer; None is no limit; `topics` has scores that replace `score`, by name."""

    score: float | None = None
    margin: float | None = None
    topics: dict[str, float] = {}

    @property
    def any(self) -> bool:
        """Tell whether any limit is set."""
        return self.score is not None or self.margin is not None or bool(self.topics)

    def least(self, topic: str) -> float | None:
        """Return the least score of a topic; None where there is no limit."""
        return self.topics.get(topic, self.score)


class ThresholdSet(Thresholds):
    """The thresholds of the prototypes in use."""

    prototypes: Kind = "label"


class NullScores(Answer):
    """The scores of `rows` stored words with their second best topic, which show what a score means without labels.

    Percentiles 0 to 100, rising; empty with too few words or topics.
    """

    percentiles: list[float] = []
    rows: int = 0

    @property
    def threshold(self) -> float:
        """Return the least score to begin with where there are no labels: the 75th percentile.

        Measured on six sets: above it lie 0.87 to 0.95 of the right answers of adapted prototypes, and 0.65 to 0.90
        of those of labels. No other quantile kept so steady a share.
        """
        return self.percentiles[75]


class ClassifiedWord(Answer):
    """A stored word and its topic: a line of a classification."""

    id: str
    text: str
    topic: str | None
    score: float | None
    margin: float | None
    reason: Reason


class ClassifiedWords(Table[ClassifiedWord]):
    """Stored words with their topics, in the order that was asked for."""

    table = "words"

    words: list[ClassifiedWord]


class TopicSize(Answer):
    """A topic and the number of stored words that are answered with it."""

    topic: str
    words: int


class TopicSizes(Table[TopicSize]):
    """How many of the stored `words` each topic has, in the order of the topics, and `none` the number without one."""

    table = "topics"

    words: int
    none: int
    prototypes: Kind
    topics: list[TopicSize]


class TopicMove(Answer):
    """A stored word whose topic would be another one, or none."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, serialize_by_alias=True)

    id: str
    text: str
    old: str | None = Field(alias="from")
    new: str | None = Field(alias="to")


class TopicPreview(Answer):
    """What would change if other topics were the whole set.

    `moved` of the stored `words` would have another topic, or none; `examples` are some of these, the surest of their
    new topic first, and those without one last. `prototypes` answer now; `sizes`, `none` and `results` are as they
    would be.
    """

    words: int
    moved: int
    prototypes: Kind
    sizes: list[TopicSize]
    none: int
    examples: list[TopicMove]
    results: list[TopicAnswer]

    def records(self) -> list[dict[str, Any]]:
        """Return a row for each example of a word that would move."""
        return [word.model_dump() for word in self.examples]
