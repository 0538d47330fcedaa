"""What similarities mean: the cosines of random pairs and of pairs of one topic, and from which one on counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from indexer.contract.comparisons import Level, PairScores, SimilarityRange
from indexer.evaluation.metrics import NO_TOPIC
from indexer.vectors import Floats, Ints, Vectors

PAIRS = 100_000  # of each kind; all where there are no more
PERCENTILES = (1, 5, 25, 50, 75, 90, 95, 99)
BINS = 100
FALSE_ALARMS = 0.01  # of unrelated pairs that reach the score from which a similarity means something
_RESAMPLES = 200
_BLOCK = 8_192  # pairs in one product


@dataclass(frozen=True)
class Pairs:
    """Pairs of n different texts, each kind (m, 2); the same for every model. Without labels `same` is empty."""

    n: int
    random: Ints
    same: Ints
    unrelated: Ints


def draw_pairs(topics: Ints, seed: int) -> Pairs:
    """Draw pairs of n different texts whose topics are (n,), NO_TOPIC where a text has none; each pair is as likely.

    Two texts of no topic are neither of one topic nor unrelated.
    """
    rng = np.random.default_rng(seed)
    n = len(topics)
    order = np.argsort(topics, kind="stable")
    order = order[topics[order] != NO_TOPIC]
    sizes = np.bincount(topics[order]) if len(order) else np.zeros(0, np.intp)
    drawn = _pairs(np.zeros(1, np.intp), np.array([n]), rng)
    same = order[_pairs(np.cumsum(sizes) - sizes, sizes, rng)]
    first, second = topics[drawn].T
    unrelated = drawn[(first != second)] if len(order) else drawn
    return Pairs(n, drawn, same, unrelated)


def _pairs(first: Ints, sizes: Ints, rng: np.random.Generator) -> Ints:
    """Return pairs (m, 2) of positions in one of the groups that begin at `first` and have so many; no pair twice."""
    counts = sizes * (sizes - 1) // 2
    total = int(counts.sum())
    which = np.arange(total) if total <= PAIRS else np.unique(rng.integers(total, size=PAIRS))
    group = np.searchsorted(np.cumsum(counts), which, side="right")
    inside = which - (np.cumsum(counts) - counts)[group]
    high = ((1 + np.sqrt(1 + 8 * inside.astype(np.float64))) / 2).astype(np.intp)  # pairs in the order (1,0) (2,0) ...
    high -= high * (high - 1) // 2 > inside
    low = inside - high * (high - 1) // 2
    pairs: Ints = np.column_stack([first[group] + high, first[group] + low])
    return pairs


def similarity_range(vectors: Vectors, pairs: Pairs, seed: int) -> SimilarityRange | None:
    """Return what the cosines of unit vectors (n, d) mean; None where there are no two different texts.

    A similarity means something where it would rarely be met by chance: from the 99th percentile of unrelated pairs
    on, as in the tests of Neyman and Pearson (1933) at 1 % of false alarms. What a number means differs from model to
    model (A. Elekes, M. Schäler, K. Böhm, "On the various semantics of similarity in word embedding models", JCDL
    2017), so it is measured for each. The interval is that of the pigeonhole bootstrap, which draws texts and not
    pairs, because pairs share texts (A. B. Owen, Annals of Applied Statistics 1, 2007).
    The second score is where W. J. Youden's index (Cancer 3, 1950) is highest: there the two densities cross.
    """
    if not len(pairs.unrelated):
        return None
    random, unrelated, same = (_cosines(vectors, kind) for kind in (pairs.random, pairs.unrelated, pairs.same))
    level = _level(unrelated, pairs, seed)
    labelled = len(same) > 0
    return SimilarityRange(
        random=_scores(random),
        same_topic=_scores(same) if labelled else None,
        unrelated=_scores(unrelated),
        similar_from=level,
        same_topic_above=float((same >= level.score).mean()) if labelled else None,
        likelier_from=_crossing(same, unrelated) if labelled else None,
    )


def _cosines(vectors: Vectors, pairs: Ints) -> Floats:
    blocks = (pairs[i : i + _BLOCK] for i in range(0, len(pairs), _BLOCK))
    cosines = [np.einsum("ij,ij->i", vectors[a], vectors[b]) for a, b in (block.T for block in blocks)]
    return np.asarray(np.clip(np.concatenate([np.zeros(0), *cosines]), -1.0, 1.0), dtype=np.float64)


def _scores(cosines: Floats) -> PairScores:
    levels = np.percentile(cosines, PERCENTILES)
    counts, _ = np.histogram(cosines, BINS, (-1.0, 1.0))
    percentiles = {str(p): round(float(level), 4) for p, level in zip(PERCENTILES, levels, strict=True)}
    return PairScores(pairs=len(cosines), percentiles=percentiles, histogram=counts.tolist())


def _level(cosines: Floats, pairs: Pairs, seed: int) -> Level:
    rng = np.random.default_rng(seed)
    order = np.argsort(cosines)
    ordered, ends = cosines[order], pairs.unrelated[order]
    score = float(np.quantile(cosines, 1 - FALSE_ALARMS))
    found = [score]
    for _ in range(_RESAMPLES):
        times = np.bincount(rng.integers(pairs.n, size=pairs.n), minlength=pairs.n)
        mass = np.cumsum(times[ends[:, 0]] * times[ends[:, 1]])
        if mass[-1]:
            found.append(float(ordered[np.searchsorted(mass, (1 - FALSE_ALARMS) * mass[-1])]))
    low, high = np.quantile(found, (0.025, 0.975))
    # of few texts, all samples can lie on one side of the figure itself; an interval must hold it
    return Level(score=score, low=min(float(low), score), high=max(float(high), score))


def _crossing(same: Floats, unrelated: Floats) -> float:
    """Return the score at which the share of `same` above it exceeds that of `unrelated` by most."""
    cuts = np.unique(same)
    above = 1 - np.searchsorted(np.sort(same), cuts) / len(same)
    alarms = 1 - np.searchsorted(np.sort(unrelated), cuts) / len(unrelated)
    return float(cuts[(above - alarms).argmax()])
