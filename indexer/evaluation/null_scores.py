"""What a score means without labels: the scores that stored words reach with topics they are not near."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from indexer.contract.topics import NullScores
from indexer.vectors import Vectors, second_best


def null_scores(scores: Vectors) -> NullScores:
    """Return the null scores of stored words from their scores (m, t) with the topics; empty if m < 1 or t < 2.

    Of each word the second best score counts: its highest with a topic that is not its own. An answer's score is the
    highest of t as well, so the two compare whatever the number of topics. All scores pooled would not: among 150
    topics the best score of a text that belongs to none lies above 99 % of them. A sample of 10,000 words is plenty.
    """
    words, topics = scores.shape
    if not words or topics < 2:
        return NullScores()
    levels = np.quantile(second_best(scores), np.linspace(0, 1, 101))
    return NullScores(percentiles=[round(float(level), 4) for level in levels], rows=words)


def percentile(null: NullScores | None, score: float) -> float | None:
    """Return the share of the null scores below a score, 0 to 100; None where there are none."""
    if null is None or not null.rows:
        return None
    levels = null.percentiles
    above = bisect_right(levels, score)  # the first level above
    if above in (0, len(levels)):
        return 0.0 if above == 0 else float(len(levels) - 1)
    low, high = levels[above - 1], levels[above]
    return round(above - 1 + (score - low) / (high - low), 1)
