"""Answers about how right the topics are: rates with intervals, evaluations, calibrations."""

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
    """What one threshold gives: the share of rows answered, and of those the share right.

    `none_recall` is the share of the rows of no topic that are not answered.
    """

    threshold: float
    coverage: float
    precision: Rate
    none_recall: Rate


class TopicFigures(Answer):
    """The precision and recall of one topic at the thresholds in use; `support` rows belong to it."""

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
    """The rates that thresholds reached on labelled rows; in scope are the rows that have a topic."""

    precision: Rate
    coverage: Rate
    precision_in_scope: Rate
    coverage_in_scope: Rate
    none_recall: Rate

    def records(self) -> list[dict[str, Any]]:
        """Return a row for each rate."""
        rates = {name: rate for name in type(self).model_fields if isinstance(rate := getattr(self, name), Rate)}
        return [{"figure": name, **rate.model_dump()} for name, rate in rates.items()]


class Evaluation(Trial):
    """How right the answers are; an undefined figure is null.

    Accuracy and macro F1 judge the nearest topic without thresholds, over the rows that have a topic. All else is what
    a caller gets at `thresholds`. The curves, of "score" and "margin", take each threshold alone, over all rows.
    `none_precision` is the share of the rows not answered that belong to no topic.
    """

    rows: int
    no_topic_rows: int
    thresholds: Thresholds
    accuracy: Rate
    macro_f1: Rate
    auroc: Rate
    none_precision: Rate
    curves: dict[str, list[CurvePoint]]
    topics: list[TopicFigures]
    confusions: list[Confusion]


class Calibration(Answer):
    """Thresholds, and the rates that they reached on rows the fit did not see.

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

    def records(self) -> list[dict[str, Any]]:
        """Return a row for each rate of each criterion, the chosen one first."""
        trials = {self.criterion: self.measured} | self.tried
        return [{"criterion": name, **record} for name, trial in trials.items() for record in trial.records()]
