"""Find prototypes in a corpus: spherical k-means over unit vectors, and how many clusters there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
import numpy.typing as npt
import scipy

from indexer.errors import InvalidRequest
from indexer.progress import Progress, part, throttled

Floats = npt.NDArray[np.float32]
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
CHOOSE_ROWS = 4_000  # texts on which numbers of clusters are compared
MOST_CLUSTERS = 200  # where the caller sets no limit: more than anyone reads
STEP = 1.15  # from one number tried to the next
WIDTH = 0.5  # of the smoothing, in log k
PLATEAU = 0.96  # values above this share of the highest are as good as it
PEAK = 0.05  # a peak is clear where it is higher by this share than all that is not beside it
BESIDE = 1.3  # numbers up to this factor away are beside
STRUCTURE = 0.25  # "no substantial structure" below (Kaufman, Rousseeuw, 1990): one odd group can lift k = 2


@dataclass(frozen=True)
class Clusters:
    """A partition of n texts: each is with the centroid nearest to it, and each centroid has texts.

    `centroids` (k, d) of unit length, `labels` (n,) their rows, `scores` (n,) the cosine of each text
    to its own centroid, `score` their mean.
    """

    centroids: Floats
    labels: Ints
    scores: Floats
    score: float


def kmeans(
    vectors: Floats, k: int, *, seed: int = 42, start: Floats | None = None, progress: Progress | None = None
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
    sample = _sample(vectors, max(FIT_ROWS, 50 * k), rng)
    restarts = 1 if start is not None else min(RESTARTS, max(1, FIT_ROWS // len(sample)))
    fits = []
    for i in range(restarts):
        share = part(report, 0.8 * i / restarts, 0.8 * (i + 1) / restarts)
        seeds = start if start is not None else _seeds(sample, vectors, k, rng, share)
        fits.append(_lloyd(sample, seeds, GAIN, share))
    best = max(fits, key=lambda fit: fit.score)
    if len(sample) < n:
        best = _lloyd(vectors, best.centroids, GAIN_ALL, part(report, 0.8, 1.0))
    twins = np.triu(best.centroids @ best.centroids.T, 1) > 1 - SAME
    if twins.any() or len(np.unique(best.labels)) < k:  # the start did not suit
        best = _lloyd(vectors, _seeds(vectors, vectors, k, rng, report), GAIN, part(report, 0.9, 1.0))
        if (filled := len(np.unique(best.labels))) < k:
            raise _too_many(k, filled)
    report(1.0)
    return best


def _lloyd(vectors: Floats, centroids: Floats, gain: float, report: Progress) -> Clusters:
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


def _assign(vectors: Floats, centroids: Floats, report: Progress) -> tuple[Clusters, npt.NDArray[np.float64]]:
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
        sums += _members(labels[rows], k) @ block
        report((first + len(block)) / n)
    return Clusters(centroids, labels, scores, float(scores.mean(dtype=np.float64))), sums


def _members(labels: Ints, k: int) -> scipy.sparse.csc_array:
    """The (k, n) matrix with a one where a text is in a cluster: its product with the texts sums them."""
    n = len(labels)
    return scipy.sparse.csc_array((np.ones(n, np.float32), labels, np.arange(n + 1)), shape=(k, n))


def _refill(vectors: Floats, found: Clusters, sums: npt.NDArray[np.float64]) -> bool:
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


def _seeds(sample: Floats, vectors: Floats, k: int, rng: np.random.Generator, report: Progress) -> Floats:
    """k different vectors to start from, of a sample if it has them."""
    for rows in (_sample(sample, max(SEED_ROWS, 20 * k), rng), vectors):
        seeds = rows[_spread(rows, k, rng, report)]
        if len(seeds) == k:
            return seeds
    raise _too_many(k, len(seeds))


def _spread(vectors: Floats, k: int, rng: np.random.Generator, report: Progress) -> list[int]:
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


def _away(vectors: Floats, rows: Sequence[int] | npt.NDArray[np.int64]) -> Floats:
    """Cosine distance (n, m) of all vectors to some of them; half the squared Euclidean distance."""
    distance = 1 - vectors @ vectors[rows].T
    distance[distance < SAME] = 0
    return distance


def _too_many(k: int, most: int) -> InvalidRequest:
    return InvalidRequest(f"{k} clusters asked of {most} different texts; ask for at most {most} clusters")


def _sample(vectors: Floats, size: int, rng: np.random.Generator) -> Floats:
    if len(vectors) <= size:
        return vectors
    return vectors[np.sort(rng.choice(len(vectors), size, replace=False))]


@dataclass(frozen=True)
class KChoice:
    """A number of clusters, the curve (k, criterion) it was read from, and whether that has a clear peak."""

    k: int
    curve: tuple[tuple[int, float], ...]
    criterion: str
    clear: bool


def choose_k(
    vectors: Floats,
    *,
    k_min: int = 2,
    k_max: int | None = None,
    seed: int = 42,
    progress: Progress | None = None,
) -> KChoice:
    """How many clusters unit vectors (n, d) have, by the silhouette over a range of k.

    k-means is run for ever larger k on a sample. Where one k stands out, it is the answer. Most corpora
    have no such k but a broad plateau, on which chance puts the highest point: there the answer is the
    middle, on a logarithmic scale, of the plateau of the smoothed curve. `k_max` is by default 3 times the
    root of n, at most 200. The answer is never above the number of different vectors.
    Raises InvalidRequest if there are no vectors, or k_min is below 1 or above k_max.
    """
    n = len(vectors)
    if n == 0:
        raise InvalidRequest("there are no texts to cluster; add texts first")
    top = max(k_min, min(MOST_CLUSTERS, int(3 * sqrt(n)), n - 1)) if k_max is None else k_max
    if not 1 <= k_min <= top:
        raise InvalidRequest(f"no k is from {k_min} to {top}; ask for 1 <= k_min <= k_max")
    rng = np.random.default_rng(seed)
    report = throttled(progress)
    sample = _sample(vectors, max(CHOOSE_ROWS, 2 * top), rng)
    restarts = range(min(RESTARTS, max(1, CHOOSE_ROWS // n)))
    draws = [sample[_spread(sample, min(top, n), rng, report)] for _ in restarts]
    first, last = (min(bound, *map(len, draws)) for bound in (k_min, top))
    curve: dict[int, float] = {}

    def measure(k: int, share: Progress) -> None:
        fits = (_lloyd(sample, draw[:k], GAIN_ALL, share) for draw in draws)
        curve[k] = silhouette(sample, max(fits, key=lambda fit: fit.score).labels)

    grid = sorted({min(last, round(first * STEP**i)) for i in range(int(log(last / first, STEP)) + 2)})
    for i, k in enumerate(grid):  # a round takes time in proportion to k
        before, total = sum(grid[:i]), 1.1 * sum(grid)
        measure(k, part(report, before / total, (before + k) / total))
    values = np.array([curve[k] for k in grid])
    peak = int(values.argmax())
    away = np.abs(np.log(np.array(grid) / grid[peak])) > log(BESIDE)
    stands_out = away.any() and values[peak] - values[away].max() > PEAK * abs(values[peak])
    clear = bool(stands_out and peak < len(grid) - 1 and (peak > 0 or values[peak] >= STRUCTURE))
    if clear:
        around = np.linspace(grid[max(peak - 1, 0)], grid[min(peak + 1, len(grid) - 1)], 9)
        for k in sorted({round(k) for k in around} - curve.keys()):
            measure(k, part(report, 0.9, 1.0))
        k = max(curve, key=lambda k: curve[k])
    else:
        k = _middle(grid, values)
    report(1.0)
    return KChoice(k, tuple(sorted(curve.items())), "cosine silhouette", clear)


def _middle(grid: list[int], values: npt.NDArray[np.float64]) -> int:
    """The k in the middle of the plateau around the highest point of the smoothed curve."""
    x = np.log(grid)
    weights = np.exp(-0.5 * ((x[:, None] - x) / WIDTH) ** 2)
    steady = scipy.ndimage.median_filter(values, 3, mode="nearest")
    steady[0] = steady[:2][-1]  # the first value may be a lucky split as well
    smooth = weights @ steady / weights.sum(axis=1)
    top = int(smooth.argmax())
    low = smooth < smooth[top] - (1 - PLATEAU) * abs(smooth[top])
    left = max((i + 1 for i in range(top) if low[i]), default=0)
    right = min((i - 1 for i in range(top, len(grid)) if low[i]), default=len(grid) - 1)
    return grid[int(np.abs(x - (x[left] + x[right]) / 2).argmin())]


def silhouette(vectors: Floats, labels: npt.NDArray[np.integer]) -> float:
    """Mean silhouette with cosine distance, in [-1, 1], of unit vectors (n, d) in clusters `labels` (n,).

    Rousseeuw, "Silhouettes", 1987: how much nearer a text is, on average, to the texts of its own cluster
    than to those of the next one. A cosine is linear, so the mean distance to a cluster's texts takes one
    product with their sum: all pairs count, and the cost is that of a round of k-means.
    """
    rows, k = labels.astype(np.int32), int(labels.max()) + 1
    sizes = np.bincount(rows, minlength=k)
    sums = np.zeros((k, vectors.shape[1]), np.float32)
    blocks = [slice(first, first + BLOCK) for first in range(0, len(vectors), BLOCK)]
    for block in blocks:
        sums += _members(rows[block], k) @ vectors[block]
    total = 0.0
    for block in blocks:
        own, each = rows[block], np.arange(len(rows[block]))
        products = vectors[block] @ sums.T
        others = sizes[own] - 1
        inside = 1 - (products[each, own] - 1) / np.maximum(others, 1)
        distance = np.where(sizes > 0, 1 - products / np.maximum(sizes, 1), np.inf)
        distance[each, own] = np.inf
        outside = distance.min(axis=1)
        larger = np.maximum(inside, outside)
        # By definition 0 for a text alone in its cluster; and there is no next cluster where k is 1.
        counts = (others > 0) & np.isfinite(outside) & (larger > NOISE)
        total += float(((outside - inside)[counts] / larger[counts]).sum(dtype=np.float64))
    return total / len(vectors)
