"""Labelled texts held against the topics in use: how right the answers are, and above which score to give one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from indexer.contract.evaluations import Calibration, Evaluation
from indexer.contract.topics import Kind, ThresholdSet
from indexer.errors import InvalidRequest
from indexer.evaluation import calibration, metrics
from indexer.evaluation.metrics import NO_TOPIC
from indexer.records import LabelledText
from indexer.vectors import Vectors

NONE_LABELS = frozenset({"none", "oos"})  # beside no label at all
_LISTED = 10


class Scorer(Protocol):
    """What scores texts with the topics in use."""

    def scores(self, texts: Sequence[str]) -> tuple[Kind, tuple[str, ...], Vectors]:
        """Return the kind of the prototypes in use, their names, and the scores (n, t) of the texts."""
        ...

    def thresholds(self) -> ThresholdSet:
        """Return the thresholds in use."""
        ...


def evaluate(topics: Scorer, rows: Sequence[LabelledText]) -> Evaluation:
    """Measure the answers to labelled texts at the thresholds in use.

    Raises InvalidRequest where there are no rows, no topics, or labels that are no topics.
    """
    names, scores, truth = _judged(topics, rows)
    return metrics.evaluate(scores, truth, names, [row.text for row in rows], thresholds=topics.thresholds())


def calibrate(topics: Scorer, rows: Sequence[LabelledText], precision: float) -> Calibration:
    """Find the thresholds that answer most labelled texts at this precision.

    Raises InvalidRequest where the rows cannot teach thresholds, with the reason.
    """
    names, scores, truth = _judged(topics, rows)
    return calibration.calibrate(scores, truth, names, precision=precision)


def _judged(topics: Scorer, rows: Sequence[LabelledText]) -> tuple[tuple[str, ...], Vectors, npt.NDArray[np.intp]]:
    """Return the topics' names, the scores (n, t), and the column of each row's label, -1 for none."""
    if not rows:
        raise InvalidRequest("not enough data: there are no labelled rows; give some")
    _, names, scores = topics.scores([row.text for row in rows])
    if not names:
        raise InvalidRequest("there are no topics; set some first")
    columns = {_folded(name): i for i, name in enumerate(names)} | {name: i for i, name in enumerate(names)}
    found = {label: _column(label, columns) for label in {row.label for row in rows} if label is not None}
    unknown = sorted(label for label, column in found.items() if column is None and not _is_none(label))
    if unknown:
        listed = ", ".join(repr(label) for label in unknown[:_LISTED])
        more = f" and {len(unknown) - _LISTED} more" if len(unknown) > _LISTED else ""
        raise InvalidRequest(f"these labels are no topics: {listed}{more}; set them as topics, or label the rows none")
    columns_of_rows = (None if row.label is None else found[row.label] for row in rows)
    truth = [NO_TOPIC if column is None else column for column in columns_of_rows]
    return names, scores, np.array(truth, dtype=np.intp)


def _column(label: str, columns: dict[str, int]) -> int | None:
    """Return the topic that a label names: to the letter, else whatever the case and the separators."""
    return columns.get(label, columns.get(_folded(label)))


def _is_none(label: str) -> bool:
    return label.strip().casefold() in NONE_LABELS


def _folded(label: str) -> str:
    return " ".join(label.casefold().replace("_", " ").replace("-", " ").replace(".", " ").split())
