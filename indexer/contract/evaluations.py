"""What labelled texts say about the topics: rates with intervals, evaluations, calibrations."""

from __future__ import annotations

from typing import Any, Literal

from indexer.contract.answer import Answer
from indexer.contract.topics import Thresholds

MOST_ROWS = 20_000  # labelled texts in one evaluation or calibration


class Rate(Answer):
    """A figure in [0, 1], its 95 % interval and the number of rows behind it; null where undefined."""

    value: float | None
    low: float | None
    high: float | None
    n: int


class CurvePoint(Answer):
    """What a single threshold would give: the share of rows answered, and how many of those are right."""

    threshold: float
    coverage: float
    precision: Rate


class TopicFigures(Answer):
    """One topic at the thresholds in force: right of those given it, right of those that belong to it."""

    topic: str
    support: int
    precision: Rate
    recall: Rate


class Confusion(Answer):
    """A wrong answer that came `count` times; `truth` is null where the texts belong to no topic."""

    truth: str | None
    given: str
    count: int
    examples: list[str]


class Trial(Answer):
    """What thresholds gave on labelled rows; in scope are the rows that have a topic."""

    precision: Rate
    coverage: Rate
    precision_in_scope: Rate
    coverage_in_scope: Rate
    none_recall: Rate


class Evaluation(Trial):
    """How right the answers are; an undefined figure is null.

    Accuracy and macro F1 are of the nearest topic, thresholds aside, over the rows that have a topic. All else is what
    a caller gets at `thresholds`. The curves, of "score" and "margin", take each threshold alone, over all rows.
    """

    rows: int
    no_topic_rows: int
    thresholds: Thresholds
    accuracy: Rate
    macro_f1: Rate
    auroc: Rate
    curves: dict[str, list[CurvePoint]]
    topics: list[TopicFigures]
    confusions: list[Confusion]

    def records(self) -> list[dict[str, Any]]:
        """Return a row for each rate."""
        rates = {name: rate for name in type(self).model_fields if isinstance(rate := getattr(self, name), Rate)}
        return [{"figure": name, **rate.model_dump()} for name, rate in rates.items()]


class Calibration(Answer):
    """Thresholds and what they gave on unseen rows.

    `criterion` is "score", "margin", "both" (a margin and a least score), "topics" (a score for each topic),
    or "all" where answering everything is precise enough and no threshold is needed. `tried` holds each
    criterion that kept the precision asked, `topic_rows` the labelled rows of each topic.
    """

    asked: float
    criterion: Literal["all", "score", "margin", "both", "topics"]
    thresholds: Thresholds
    measured: Trial
    rows: int
    no_topic_rows: int
    topic_rows: dict[str, int]
    tried: dict[str, Trial]
    messages: list[str]
