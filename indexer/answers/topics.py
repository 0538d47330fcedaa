"""Answers about topics, thresholds, and how right they are."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from indexer.answers.shown import Shown


class TopicMatch(Shown):
    """A topic and its score."""

    topic: str
    score: float


class TopicPartShown(Shown):
    """A text that a person gave for a topic, and its cosine with the text asked for."""

    role: Literal["name", "description", "example"]
    text: str
    score: float


class TopicAnswer(Shown):
    """The topic of one text, how sure it is, and the runners-up.

    `percentile` is the share of stored words, 0 to 100, whose score with a topic they are not nearest to is lower;
    it compares between models. `evidence` is what of a topic with more than a name spoke for it.
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
    reason: Literal["matched", "below_threshold", "ambiguous", "no_topics"]
    score: float | None
    margin: float | None
    threshold: float | None
    matches: list[TopicMatch]
    prototypes: Literal["label", "adapted"]
    model: str
    truncated: bool = False
    percentile: float | None = None
    evidence: TopicPartShown | None = None


class TopicAnswers(Shown):
    """Answers in the order of the texts."""

    results: list[TopicAnswer]


class TopicShown(Shown):
    """A topic as it was given."""

    name: str
    description: str = ""
    examples: list[str] = []


class TopicSet(Shown):
    """All topics in their order; `adaptation` is there where a change of the topics put an end to one."""

    topics: list[TopicShown]
    adaptation: Literal["deactivated"] | None = Field(default=None, exclude_if=lambda value: value is None)


class ThresholdSet(Shown):
    """The thresholds of the prototypes in use."""

    score: float | None = None
    margin: float | None = None
    topics: dict[str, float] = {}
    prototypes: Literal["label", "adapted"] = "label"


class BackgroundShown(Shown):
    """The scores that stored words have with topics they are not near: percentiles 0 to 100; empty with too few."""

    percentiles: list[float] = []
    rows: int = 0


class EvaluationShown(Shown):
    """How right the answers are: rates are {value, low, high, n} with an interval of 95 %, null where undefined."""

    model_config = ConfigDict(frozen=True, extra="allow")

    rows: int
    no_topic_rows: int
    accuracy: dict[str, Any]
    macro_f1: dict[str, Any]
    coverage: dict[str, Any]
    precision: dict[str, Any]
    none_recall: dict[str, Any]
    auroc: dict[str, Any]
