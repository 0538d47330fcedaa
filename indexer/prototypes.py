"""Prototypes: named points in the space of the embeddings, and which of them is nearest.

A topic is a prototype whose name a person gave; a cluster is one that the corpus gave. Nearest topic, nearest
cluster and the cluster of every stored word are the same product with one matrix.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from indexer.embedders import Vectors, unit


@dataclass(frozen=True)
class Prototypes:
    """Named unit rows, shape (t, dimension), in the space that is centred on `centre`, shape (dimension,)."""

    names: tuple[str, ...]
    vectors: Vectors
    centre: Vectors | None = None

    def scores(self, vectors: Vectors) -> Vectors:
        """Return the cosine of each vector with each prototype, shape (n, t), in [-1, 1].

        `vectors` are unit rows of the uncentred space, shape (n, dimension).
        """
        if not self.names:
            return np.empty((len(vectors), 0), dtype=np.float32)
        if self.centre is not None and self.centre.any():
            vectors = unit(vectors - self.centre)
        return np.asarray(np.clip(vectors @ self.vectors.T, -1, 1), dtype=np.float32)


@dataclass(frozen=True)
class Thresholds:
    """From where on an answer counts: a least score, a least margin, and least scores for single topics."""

    score: float | None = None
    margin: float | None = None
    topics: dict[str, float] = field(default_factory=dict)

    def of(self, topic: str) -> float | None:
        """Return the least score of a topic: its own, else the one for all."""
        return self.topics.get(topic, self.score)


@dataclass(frozen=True)
class Ranking:
    """Where one vector stands among the prototypes: indices and scores, best first."""

    order: tuple[int, ...]
    scores: tuple[float, ...]
    margin: float | None


def rank(scores: Vectors, k: int) -> Iterator[Ranking]:
    """Yield the k best prototypes of each row of `scores`, shape (n, t); equal scores keep their order.

    The margin is best minus second best whatever `k`, None where there is but one prototype.
    """
    kept = max(k, 2)
    for row in scores:
        order = np.argsort(-row, kind="stable")[:kept]
        best = row[order]
        margin = float(best[0]) - float(best[1]) if len(best) > 1 else None
        yield Ranking(tuple(order[:k].tolist()), tuple(best[:k].tolist()), margin)


def verdict(ranking: Ranking, names: Sequence[str], thresholds: Thresholds) -> tuple[str | None, str, float | None]:
    """Return the topic that the service commits itself to, the reason, and the least score that was asked.

    The topic is None where there are no topics, where the best score is below its threshold, or where the best
    two are too close to call.
    """
    if not ranking.order:
        return None, "no_topics", thresholds.score
    best = names[ranking.order[0]]
    least = thresholds.of(best)
    if least is not None and ranking.scores[0] < least:
        return None, "below_threshold", least
    if thresholds.margin is not None and ranking.margin is not None and ranking.margin < thresholds.margin:
        return None, "ambiguous", least
    return best, "matched", least
