"""Labelled texts held against the topics in use: how right the answers are, and above which score to give one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from indexer.contract.evaluations import Calibration, Evaluation
from indexer.errors import InvalidRequest
from indexer.evaluation import calibration, metrics
from indexer.evaluation.metrics import NO_TOPIC
from indexer.records import LabelledText
from indexer.topics.answering import InUse
from indexer.vectors import Vectors

NONE_LABELS = frozenset({"none", "oos"})  # what a file writes for None
_LISTED = 10

Embed = Callable[[Sequence[str]], Vectors]


def evaluate(used: InUse, rows: Sequence[LabelledText], embed: Embed) -> Evaluation:
    """Measure the answers to labelled texts at the thresholds in use; raises as `true_topics` does."""
    texts, names = [row.text for row in rows], used.prototypes.names
    truth = true_topics(rows, names)
    return metrics.evaluate(used.prototypes.scores(embed(texts)), truth, names, texts, thresholds=used.thresholds)


def calibrate(used: InUse, rows: Sequence[LabelledText], embed: Embed, precision: float) -> Calibration:
    """Find the thresholds that answer most labelled texts at this precision; raises InvalidRequest where none do."""
    texts, names = [row.text for row in rows], used.prototypes.names
    truth = true_topics(rows, names)
    return calibration.calibrate(used.prototypes.scores(embed(texts)), truth, names, precision=precision)


def true_topics(rows: Sequence[LabelledText], names: Sequence[str]) -> npt.NDArray[np.intp]:
    """Return the position of each row's topic among `names`, (n,); NO_TOPIC where it belongs to none.

    A label is the topic of exactly that name; else it is none where it says "none" or "oos" in any case; else it is the
    topic whose name differs from it in case and separators alone. A row without a label belongs to no topic, whatever
    the topics are called. Raises InvalidRequest where there are no rows, no topics, or labels that are no topics.
    """
    if not rows:
        raise InvalidRequest("not enough data: there are no labelled rows; give some")
    if not names:
        raise InvalidRequest("there are no topics; set some first")
    exact = {name: i for i, name in enumerate(names)}
    folded = {_folded(name): i for i, name in enumerate(names)}

    def position(label: str) -> int | None:
        if label in exact:
            return exact[label]
        return NO_TOPIC if label.strip().casefold() in NONE_LABELS else folded.get(_folded(label))

    found = {label: position(label) for label in {row.label for row in rows} if label is not None}
    unknown = sorted(label for label, topic in found.items() if topic is None)
    if unknown:
        listed = ", ".join(repr(label) for label in unknown[:_LISTED])
        more = f" and {len(unknown) - _LISTED} more" if len(unknown) > _LISTED else ""
        raise InvalidRequest(f"these labels are no topics: {listed}{more}; set them as topics, or label the rows none")
    return np.array([NO_TOPIC if row.label is None else found[row.label] for row in rows], dtype=np.intp)


def _folded(label: str) -> str:
    return " ".join(label.casefold().replace("_", " ").replace("-", " ").replace(".", " ").split())
