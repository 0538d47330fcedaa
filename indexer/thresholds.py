"""When the service commits itself to a topic: the thresholds, and what they decide for rows of scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

MATCHED, BELOW_THRESHOLD, AMBIGUOUS = "matched", "below_threshold", "ambiguous"


@dataclass(frozen=True)
class Thresholds:
    """The least score and margin of an answer; None sets no limit, `topics` overrides `score` by name."""

    score: float | None = None
    margin: float | None = None
    topics: Mapping[str, float] = field(default_factory=dict)

    def by_topic(self, topics: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return the least score of each topic, shape (t,); minus infinity where there is no limit."""
        general = -np.inf if self.score is None else self.score
        return np.array([self.topics.get(topic, general) for topic in topics], dtype=np.float64)


@dataclass(frozen=True)
class Decision:
    """What is answered for n texts: nearest topic, score, margin, given or not, and why; each (n,)."""

    best: npt.NDArray[np.intp]
    score: npt.NDArray[np.float64]
    margin: npt.NDArray[np.float64]
    accepted: npt.NDArray[np.bool_]
    reason: npt.NDArray[np.str_]


def decide(scores: npt.NDArray[np.float32], thresholds: Thresholds, topics: Sequence[str]) -> Decision:
    """Decide the answer for every row of scores (n, t); of equal scores the first topic wins.

    A score or margin that equals its threshold is enough. With a single topic the margin is infinite: there
    is no second topic to confuse it with. Numbers are compared in float64, so that a threshold read back from
    JSON decides as it did before.
    """
    best, score, margin = nearest(scores)
    far = score < thresholds.by_topic(topics)[best]
    close = margin < (-np.inf if thresholds.margin is None else thresholds.margin)
    reason = np.where(far, BELOW_THRESHOLD, np.where(close, AMBIGUOUS, MATCHED))
    return Decision(best, score, margin, ~(far | close), reason)


def nearest(
    scores: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the nearest topic, its score and its margin over the second for each row of scores (n, t)."""
    best = scores.argmax(axis=1)
    score = np.take_along_axis(scores, best[:, None], axis=1)[:, 0].astype(np.float64)
    if scores.shape[1] == 1:
        return best, score, np.full(len(scores), np.inf)
    second = np.partition(scores, -2, axis=1)[:, -2].astype(np.float64)
    return best, score, score - second
