"""Labelled texts held against the topics in use: how right the answers are, and from where on to give one."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from indexer.answers import ThresholdSet
from indexer.background import Background
from indexer.calibration import NO_TOPIC, Calibration, calibrate
from indexer.embedders import Vectors
from indexer.errors import InvalidRequest
from indexer.evaluation import Evaluation, evaluate
from indexer.readers import LabelledText
from indexer.thresholds import Thresholds

NONE_LABELS = frozenset({"none", "oos"})  # beside no label at all
_LISTED = 10


class Topics(Protocol):
    """The topics of an engine or of a server."""

    def scores(self, texts: Sequence[str]) -> tuple[str, tuple[str, ...], Vectors]:
        """Return the kind of the prototypes in use, their names, and the scores (n, t) of the texts."""
        ...

    @property
    def thresholds(self) -> ThresholdSet:
        """Return the thresholds in use."""
        ...

    def set_thresholds(self, thresholds: Thresholds) -> ThresholdSet:
        """Set the thresholds in use."""
        ...

    def background(self) -> Background | None:
        """Return the scores that stored words have with topics they are not near."""
        ...


def evaluate_topics(topics: Topics, rows: Sequence[LabelledText]) -> Evaluation:
    """Measure the answers to labelled texts at the thresholds in use.

    Raises InvalidRequest where there are no rows, no topics, or labels that are no topics.
    """
    names, scores, truth = _judged(topics, rows)
    used = topics.thresholds
    thresholds = Thresholds(used.score, used.margin, used.topics)
    return evaluate(scores, truth, names, [row.text for row in rows], thresholds=thresholds)


def calibrate_topics(
    topics: Topics, rows: Sequence[LabelledText], precision: float, *, apply: bool = True
) -> Calibration:
    """Find the thresholds that answer most labelled texts at this precision, and set them where `apply` is true.

    Raises InvalidRequest where the rows cannot teach thresholds, with the reason.
    """
    names, scores, truth = _judged(topics, rows)
    found = calibrate(scores, truth, names, precision=precision)
    if apply:
        topics.set_thresholds(found.thresholds)
    return found


def calibrate_background(topics: Topics, *, apply: bool = True) -> Background:
    """Find the score that three stored words in four reach with no topic but their own, and set it as threshold.

    Raises InvalidRequest with fewer than two topics, or without words.
    """
    found = topics.background()
    if found is None:
        raise InvalidRequest("a background needs stored words and at least 2 topics; index words and set topics")
    if apply:
        topics.set_thresholds(Thresholds(score=found.threshold))
    return found


def _judged(topics: Topics, rows: Sequence[LabelledText]) -> tuple[tuple[str, ...], Vectors, npt.NDArray[np.intp]]:
    """Return the topics' names, the scores (n, t), and the column of each row's label, -1 for none."""
    if not rows:
        raise InvalidRequest("not enough data: there are no labelled rows; give some")
    _, names, scores = topics.scores([row.text for row in rows])
    if not names:
        raise InvalidRequest("there are no topics; set some first")
    columns = {_folded(name): i for i, name in enumerate(names)} | {name: i for i, name in enumerate(names)}
    unknown = sorted({r.label for r in rows if not _is_none(r.label, columns) and _column(r.label, columns) is None})
    if unknown:
        listed = ", ".join(repr(label) for label in unknown[:_LISTED])
        more = f" and {len(unknown) - _LISTED} more" if len(unknown) > _LISTED else ""
        raise InvalidRequest(f"these labels are no topics: {listed}{more}; set them as topics, or label the rows none")
    truth = [NO_TOPIC if (column := _column(row.label, columns)) is None else column for row in rows]
    return names, scores, np.array(truth, dtype=np.intp)


def _column(label: str, columns: dict[str, int]) -> int | None:
    """Return the topic that a label names: to the letter, else whatever the case and the separators."""
    return columns.get(label, columns.get(_folded(label)))


def _is_none(label: str, columns: dict[str, int]) -> bool:
    return _column(label, columns) is None and label.strip().casefold() in NONE_LABELS


def _folded(label: str) -> str:
    return " ".join(label.casefold().replace("_", " ").replace("-", " ").replace(".", " ").split())
