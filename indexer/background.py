"""What a score means without labels: the scores that stored words reach with topics they are not near."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.errors import InvalidRequest

# On six sets, plain labels and adapted: adapted prototypes keep 0.87 to 0.95 of the right answers above it,
# labels 0.65 to 0.90; no other quantile, of these scores or of all that are not the best, kept a share so
# steady.
_THRESHOLD_PERCENTILE = 75


@dataclass(frozen=True)
class Background:
    """The scores of `rows` stored words with their second best topic: percentiles 0 to 100, rising."""

    percentiles: tuple[float, ...]
    rows: int

    @property
    def threshold(self) -> float:
        """The score that three words in four reach with no topic but their own: a start without labels."""
        return self.percentiles[_THRESHOLD_PERCENTILE]

    def percentile(self, score: float) -> float:
        """Return the share of the background below a score, 0 to 100."""
        return float(np.interp(score, self.percentiles, np.arange(len(self.percentiles))))

    def to_dict(self) -> dict[str, Any]:
        """Return plain containers that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Background:
        """Return the background that `to_dict` wrote."""
        percentiles: Sequence[float] = values["percentiles"]
        return cls(tuple(float(score) for score in percentiles), int(values["rows"]))


def background(scores: npt.NDArray[np.float32]) -> Background:
    """Measure the background on scores (m, t) of stored words with the topics in use.

    Of each word the second best score counts: its highest with a topic that is not its own. An answer's score
    is the highest of t as well, so the two compare whatever the number of topics, which all scores pooled
    would not: among 150 topics a stranger's best score lies above 99 % of them. A sample of 10,000 words is
    plenty.

    Raises InvalidRequest without words or with fewer than two topics.
    """
    words, topics = scores.shape
    if not words or topics < 2:
        raise InvalidRequest(
            f"a background needs stored words and at least 2 topics, here are {words} and {topics}; add some"
        )
    second = np.partition(scores, -2, axis=1)[:, -2]
    levels = np.quantile(second, np.linspace(0, 1, 101))
    return Background(tuple(round(float(level), 4) for level in levels), words)
