"""The kinds of thresholds that labelled rows can teach: score, margin, both, or a score for each topic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from indexer.contract.topics import Thresholds
from indexer.vectors import Bools, Floats, Ints

CRITERIA = ("score", "margin", "both", "topics")  # the simpler ones first
# Least scores that "both" tries beside the margin, as quantiles of the labelled rows' scores.
_FLOORS = np.array([0.0, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5])
_SHRINKAGE = 0.3  # C of the logistic regression: the variance that it expects among topics, in log odds
_DECIMALS = 4  # rows that differ by less are not told apart; a cut halfway between two takes one decimal more


@dataclass(frozen=True)
class Answers:
    """What a threshold sees of n labelled rows: nearest topic, score, margin, and whether it is right; each (n,)."""

    best: Ints
    score: Floats
    margin: Floats
    right: Bools

    def take(self, which: Ints) -> Answers:
        """Return the rows at these positions, (m,)."""
        return Answers(self.best[which], self.score[which], self.margin[which], self.right[which])


@dataclass(frozen=True)
class Limits:
    """Thresholds as arrays: a common score, one for each topic (t,), a margin; -inf sets no limit."""

    score: float
    topics: Floats
    margin: float

    def accept(self, answers: Answers) -> Bools:
        """Return which answers are given, shape (n,)."""
        return (answers.score >= self.topics[answers.best]) & (answers.margin >= self.margin)

    def named(self, topics: Sequence[str]) -> Thresholds:
        """Return them by name; a topic is named where its limit differs from the common one."""
        return Thresholds(
            score=None if self.score == -inf else self.score,
            margin=None if self.margin == -inf else self.margin,
            topics={topics[t]: float(self.topics[t]) for t in np.flatnonzero(self.topics != self.score).tolist()},
        )


def fit(criterion: str, answers: Answers, own: Bools, aims: Floats, fewest: int) -> list[Limits | None]:
    """Return, for each aimed precision, the limits that keep it and answer most of these rows.

    None where no limits keep it on at least `fewest` answers. `own` (t,) marks the topics that the criterion "topics"
    may give a threshold of their own.
    """
    offsets = _offsets(answers, own) if criterion == "topics" else np.zeros(len(own))
    by_margin = criterion in ("margin", "both")
    key = answers.margin if by_margin else answers.score + offsets[answers.best]
    floors = np.quantile(answers.score, _FLOORS) if criterion == "both" else np.array([-inf])
    most = [0] * len(aims)
    limits: list[Limits | None] = [None] * len(aims)
    for floor in floors.tolist():
        above = answers.score >= floor
        for i, (answered, cut) in enumerate(_cuts(key[above], answers.right[above], aims, fewest)):
            if answered > most[i]:
                score, margin = (floor, cut) if by_margin else (cut, -inf)
                most[i], limits[i] = answered, _limits(score, offsets, margin)
    return limits


def _limits(score: float, offsets: Floats, margin: float) -> Limits:
    by_topic = score - offsets
    if score > -inf:  # an offset may move a cut to where no cosine can be
        score, by_topic = float(np.clip(score, -1.0, 1.0)), np.clip(by_topic, -1.0, 1.0)
    decimals = _DECIMALS + 1
    return Limits(round(score, decimals), np.round(by_topic, decimals), round(margin, decimals))


def _cuts(key: Floats, right: Bools, aims: Floats, fewest: int) -> list[tuple[int, float]]:
    """Return, for each aim, the lowest cut on `key` that keeps it and how many rows it answers; 0 for none.

    A cut lies halfway between two rows that differ, so that neither sits on it; -inf where it answers every row.
    """
    key = np.round(key, _DECIMALS)
    order = np.argsort(-key, kind="stable")
    ordered = np.append(key[order], -inf)
    answered = np.arange(1, len(key) + 1)
    precision = np.cumsum(right[order]) / answered
    possible = (ordered[:-1] > ordered[1:]) & (answered >= fewest)
    cuts = []
    for aim in aims:
        keeping = np.flatnonzero(possible & (precision >= aim))
        last = int(keeping[-1]) if len(keeping) else -1
        cuts.append((last + 1, float(ordered[last] + ordered[last + 1]) / 2 if last >= 0 else inf))
    return cuts


def _offsets(answers: Answers, own: Bools) -> Floats:
    """Return how much less score each topic (t,) needs than the rest for the same odds of being right.

    From a ridge logistic regression of right or wrong on the score and the topic: equal odds are equal score + offset,
    and a topic with few rows stays near 0. Zeros where the score says nothing.
    """
    from sklearn.linear_model import LogisticRegression  # here: it takes as long to load as all else

    offsets = np.zeros(len(own))
    spread = float(answers.score.std())
    if not own.any() or spread == 0 or answers.right.all() or not answers.right.any():
        return offsets
    columns = np.zeros((len(answers.best), 1 + len(own)))
    columns[:, 0] = (answers.score - answers.score.mean()) / spread
    columns[np.arange(len(columns)), 1 + answers.best] = own[answers.best]
    weights = LogisticRegression(C=_SHRINKAGE, max_iter=1000).fit(columns, answers.right).coef_[0]
    if weights[0] > 0:
        offsets[own] = np.round(weights[1:][own] * spread / weights[0], _DECIMALS)
    return offsets
