"""The rule that gives an answer or none: thresholds on rows of scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.contract.topics import Reason, Thresholds
from indexer.vectors import Bools, Floats, Ints, Vectors, top_two

MATCHED: Reason = "matched"
BELOW_THRESHOLD: Reason = "below_threshold"
AMBIGUOUS: Reason = "ambiguous"
_REASONS = np.array([MATCHED, AMBIGUOUS, BELOW_THRESHOLD])


@dataclass(frozen=True)
class Decision:
    """What is answered for n texts: nearest topic, score, margin, whether it is given, and why; each (n,)."""

    best: Ints
    score: Floats
    margin: Floats
    accepted: Bools
    reason: npt.NDArray[np.str_]

    @property
    def answered(self) -> Ints:
        """Return the topic that is given for each text, (n,); -1 where none is."""
        return np.where(self.accepted, self.best, -1)

    def rows(self) -> Iterator[tuple[int, float, float | None, bool, Reason]]:
        """Yield these five for each text; the margin is None where there is no second topic."""
        margins = [None] * len(self.margin) if np.isinf(self.margin).all() else self.margin.tolist()
        arrays = (self.best.tolist(), self.score.tolist(), margins, self.accepted.tolist(), self.reason.tolist())
        return zip(*arrays, strict=True)


def decide(scores: Vectors, thresholds: Thresholds, topics: Sequence[str]) -> Decision:
    """Decide the answer for every row of scores (n, t); of equal scores the first topic wins.

    A score or margin that equals its threshold is enough. With a single topic the margin is infinite: there
    is no second topic to confuse it with.
    """
    best, score, margin = top_two(scores)
    limits = [thresholds.least(topic) for topic in topics]
    far = score < np.array([-np.inf if limit is None else limit for limit in limits])[best]
    close = margin < (-np.inf if thresholds.margin is None else thresholds.margin)
    reason = np.maximum(2 * far, close)  # of both the first
    return Decision(best, score, margin, reason == 0, _REASONS[reason])
