"""Spherical k-means over unit vectors."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt
import scipy

from indexer.errors import InvalidRequest
from indexer.progress import Progress, part, throttled
from indexer.vectors import Vectors

Ints = npt.NDArray[np.int32]

BLOCK = 2048  # rows in one product: they and their scores stay in the processor's cache
FIT_ROWS = 20_000  # above this many texts k-means converges on a sample and then passes over all
SEED_ROWS = 4_000  # seeds are drawn among this many
RESTARTS = 10  # where there are few texts; fewer above FIT_ROWS / RESTARTS of them
ROUNDS = 100
GAIN = 1e-5  # rounds end when one adds less than this to the mean cosine,
GAIN_ALL = 1e-4  # or this, when they go over all texts after a fit on a sample
SAME = 1e-5  # vectors whose cosine is above 1 - SAME count as one: float32 hardly tells them apart
NOISE = 1e-6  # what rounding may add to or take from a cosine


@dataclass(frozen=True)
class Clusters:
    """A partition of n texts: each is with the centroid nearest to it, and each centroid has texts.

    `centroids` (k, d) of unit length, `labels` (n,) their rows, `scores` (n,) the cosine of each text
    to its own centroid, `score` their mean.
    """

    centroids: Vectors
    labels: Ints
    scores: Vectors
    score: float


def kmeans(
    vectors: Vectors, k: int, *, seed: int = 42, start: Vectors | None = None, progress: Progress | None = None
) -> Clusters:
    """Partition unit vectors (n, d) into k clusters by spherical k-means.

    Dhillon and Modha, "Concept decompositions for large sparse text data using clustering", 2001, from
    k-means++ seeds (Arthur and Vassilvitskii, 2007). Few texts get several starts, of which the best mean
    cosine wins; many are fitted on a sample first. With `start` (k, d) there is one start, from there, so
    that the clusters of an earlier run keep their identity. The same arguments give the same answer.

    `progress` is called with the share done, at least every 0.3 s; what it raises ends the run.
    Raises InvalidRequest if there are fewer than k different vectors, or `start` does not fit.
    """
    n, d = vectors.shape
    if n == 0:
        raise InvalidRequest("there are no texts to cluster; add texts first")
    if not 1 <= k <= n:
        raise InvalidRequest(f"{n} texts cannot make {k} clusters; ask for 1 to at most {n} clusters")
    if start is not None and start.shape != (k, d):
        raise InvalidRequest(f"the start has shape {start.shape}, not {(k, d)}; start from {k} prototypes")
    rng = np.random.default_rng(seed)
    report = throttled(progress)
    sample = sampled(vectors, max(FIT_ROWS, 50 * k), rng)
    restarts = 1 if start is not None else min(RESTARTS, max(1, FIT_ROWS // len(sample)))
    fits = []
    for i in range(restarts):
        share = part(report, 0.8 * i / restarts, 0.8 * (i + 1) / restarts)
        seeds = start if start is not None else _seeds(sample, vectors, k, rng, share)
        fits.append(lloyd(sample, seeds, GAIN, share))
    best = max(fits, key=lambda fit: fit.score)
    if len(sample) < n:
        best = lloyd(vectors, best.centroids, GAIN_ALL, part(report, 0.8, 1.0))
    twins = np.triu(best.centroids @ best.centroids.T, 1) > 1 - SAME
    if twins.any() or len(np.unique(best.labels)) < k:  # the start did not suit
        best = lloyd(vectors, _seeds(vectors, vectors, k, rng, report), GAIN, part(report, 0.9, 1.0))
        if (filled := len(np.unique(best.labels))) < k:
            raise _too_many(k, filled)
    report(1.0)
    return best


def lloyd(vectors: Vectors, centroids: Vectors, gain: float, report: Progress) -> Clusters:
    """Assign and average in turn until a round adds less than `gain` to the mean cosine."""
    before = -np.inf
    for i in range(ROUNDS):
        # How many rounds there will be is not known: each is shown as a tenth of what is left.
        found, sums = _assign(vectors, centroids, part(report, 1 - 0.9**i, 1 - 0.9 ** (i + 1)))
        refilled = _refill(vectors, found, sums)
        if found.score - before < gain and not refilled:
            break
        before = found.score
        norm = np.linalg.norm(sums, axis=1, keepdims=True)
        centroids = np.divide(sums, norm, out=centroids.astype(float), where=norm > NOISE).astype(np.float32)
    return found


def _assign(vectors: Vectors, centroids: Vectors, report: Progress) -> tuple[Clusters, npt.NDArray[np.float64]]:
    """Each vector with its nearest centroid, and the sum (k, d) of every centroid's vectors."""
    n, k = len(vectors), len(centroids)
    labels, scores = np.empty(n, np.int32), np.empty(n, np.float32)
    sums = np.zeros(centroids.shape, np.float64)
    for first in range(0, n, BLOCK):
        block = vectors[first : first + BLOCK]
        rows = slice(first, first + len(block))
        products = block @ centroids.T
        labels[rows] = products.argmax(axis=1)
        scores[rows] = products[np.arange(len(block)), labels[rows]]
        sums += members(labels[rows], k) @ block
        report((first + len(block)) / n)
    return Clusters(centroids, labels, scores, float(scores.mean(dtype=np.float64))), sums


def members(labels: Ints, k: int) -> scipy.sparse.csc_array:
    """The (k, n) matrix with a one where a text is in a cluster: its product with the texts sums them."""
    n = len(labels)
    return scipy.sparse.csc_array((np.ones(n, np.float32), labels, np.arange(n + 1)), shape=(k, n))


def _refill(vectors: Vectors, found: Clusters, sums: npt.NDArray[np.float64]) -> bool:
    """Move the text that lies worst into each empty cluster; false where none is empty or can move."""
    sizes = np.bincount(found.labels, minlength=len(sums))
    moved: list[int] = []
    if sizes.all():
        return False
    worst = (int(i) for i in np.argsort(found.scores, kind="stable") if found.scores[i] < 1 - NOISE)
    for empty in np.flatnonzero(sizes == 0):
        for i in worst:
            own = found.labels[i]
            if sizes[own] > 1 and not (vectors[moved] @ vectors[i] > 1 - SAME).any():
                moved.append(i)
                sums[own] -= vectors[i]
                sums[empty] = vectors[i]
                sizes[own] -= 1
                break
    return bool(moved)


def _seeds(sample: Vectors, vectors: Vectors, k: int, rng: np.random.Generator, report: Progress) -> Vectors:
    """k different vectors to start from, of a sample if it has them."""
    for rows in (sampled(sample, max(SEED_ROWS, 20 * k), rng), vectors):
        seeds = rows[spread(rows, k, rng, report)]
        if len(seeds) == k:
            return seeds
    raise _too_many(k, len(seeds))


def spread(vectors: Vectors, k: int, rng: np.random.Generator, report: Progress) -> list[int]:
    """Rows of k vectors drawn by greedy k-means++, fewer where no others differ from those drawn.

    The first rows of a longer draw are a draw as well.
    """
    chosen = [int(rng.integers(len(vectors)))]
    away = _away(vectors, chosen)[:, 0]
    while len(chosen) < k and away.any():
        mass = np.cumsum(away, dtype=np.float64)
        shares = rng.random(2 + int(log(k)))
        drawn = np.searchsorted(mass, shares * mass[-1], side="right").clip(max=len(mass) - 1)
        trials = np.minimum(away[:, None], _away(vectors, drawn))
        best = int(trials.sum(axis=0).argmin())
        chosen.append(int(drawn[best]))
        away = trials[:, best]
        report(0.0)
    return chosen


def _away(vectors: Vectors, rows: Sequence[int] | npt.NDArray[np.int64]) -> Vectors:
    """Cosine distance (n, m) of all vectors to some of them; half the squared Euclidean distance."""
    distance = 1 - vectors @ vectors[rows].T
    distance[distance < SAME] = 0
    return distance


def _too_many(k: int, most: int) -> InvalidRequest:
    return InvalidRequest(f"{k} clusters asked of {most} different texts; ask for at most {most} clusters")


def sampled(vectors: Vectors, size: int, rng: np.random.Generator) -> Vectors:
    """Return `size` rows of `vectors` drawn at random, in their order; all of them where there are no more."""
    if len(vectors) <= size:
        return vectors
    return vectors[np.sort(rng.choice(len(vectors), size, replace=False))]
