"""What a score means without labels: the scores that stored words reach with topics they are not near."""

from __future__ import annotations

import numpy as np

from indexer.contract.topics import NullScores
from indexer.errors import InvalidRequest
from indexer.vectors import Vectors, second_best


def null_scores(scores: Vectors) -> NullScores:
    """Measure the null scores on the scores (m, t) of stored words with the topics in use.

    Of each word the second best score counts: its highest with a topic that is not its own. An answer's score
    is the highest of t as well, so the two compare whatever the number of topics, which all scores pooled
    would not: among 150 topics a stranger's best score lies above 99 % of them. A sample of 10,000 words is
    plenty.

    Raises InvalidRequest without words or with fewer than two topics.
    """
    words, topics = scores.shape
    if not words or topics < 2:
        raise InvalidRequest(
            f"null scores need stored words and at least 2 topics, here are {words} and {topics}; add some"
        )
    levels = np.quantile(second_best(scores), np.linspace(0, 1, 101))
    return NullScores(percentiles=[round(float(level), 4) for level in levels], rows=words)


def percentile(null: NullScores, score: float) -> float:
    """Return the share of the null scores below a score, 0 to 100."""
    return float(np.interp(score, null.percentiles, np.arange(len(null.percentiles))))
