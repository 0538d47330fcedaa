"""The number of clusters, k: the silhouette over a range of k, and the k that stands out or lies in the middle."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt

import numpy as np
import numpy.typing as npt

from indexer.clusters.kmeans import GAIN_ALL, RESTARTS, lloyd, sampled, spread
from indexer.clusters.silhouette import silhouette
from indexer.errors import InvalidRequest
from indexer.progress import Progress, scaled, throttled
from indexer.vectors import Vectors

CHOOSE_ROWS = 4_000  # texts on which the values of k are compared
MOST_CLUSTERS = 200  # where the caller sets no limit: more than anyone reads
STEP = 1.15  # factor from one k that is tried to the next
WIDTH = 0.5  # of the smoothing, in log k
PLATEAU = 0.96  # values above this share of the highest count as equal to it
PEAK = 0.05  # a peak is clear where it is higher by this share than every value that is not beside it
BESIDE = 1.3  # a k up to this factor away is beside
STRUCTURE = 0.25  # below it "no substantial structure" (Kaufman, Rousseeuw, 1990): one odd group can lift k = 2


@dataclass(frozen=True)
class KChoice:
    """The k that was chosen, the curve (k, criterion) it was read from, and whether that has a clear peak."""

    k: int
    curve: tuple[tuple[int, float], ...]
    criterion: str
    clear: bool


def choose_k(
    vectors: Vectors,
    *,
    k_min: int = 2,
    k_max: int | None = None,
    seed: int = 42,
    progress: Progress | None = None,
) -> KChoice:
    """Return how many clusters unit vectors (n, d) have, by the silhouette over a range of k.

    k-means runs for larger and larger k on a sample. Where one k stands out, it is the answer. Most corpora have no
    such k but a broad plateau, on which the highest point is a matter of chance: there the answer is the middle of the
    plateau of the smoothed curve, on a logarithmic scale. `k_max` is by default 3 times the root of n, at most 200.
    The answer is never above the number of different vectors.
    Raises InvalidRequest where there are no vectors, or k_min is below 1 or above k_max.
    """
    n = len(vectors)
    if n == 0:
        raise InvalidRequest("there are no texts to cluster; add texts first")
    top = max(k_min, min(MOST_CLUSTERS, int(3 * sqrt(n)), n - 1)) if k_max is None else k_max
    if not 1 <= k_min <= top:
        raise InvalidRequest(f"no k is from {k_min} to {top}; ask for 1 <= k_min <= k_max")
    rng = np.random.default_rng(seed)
    report = throttled(progress)
    sample = sampled(vectors, max(CHOOSE_ROWS, 2 * top), rng)
    restarts = range(min(RESTARTS, max(1, CHOOSE_ROWS // n)))
    draws = [sample[spread(sample, min(top, n), rng, report)] for _ in restarts]
    first, last = (min(bound, *map(len, draws)) for bound in (k_min, top))
    curve: dict[int, float] = {}

    def measure(k: int, share: Progress) -> None:
        fits = (lloyd(sample, draw[:k], GAIN_ALL, share) for draw in draws)
        curve[k] = silhouette(sample, max(fits, key=lambda fit: fit.score).labels)

    grid = sorted({min(last, round(first * STEP**i)) for i in range(int(log(last / first, STEP)) + 2)})
    for i, k in enumerate(grid):  # a round takes time in proportion to k
        before, total = sum(grid[:i]), 1.1 * sum(grid)
        measure(k, scaled(report, before / total, (before + k) / total))
    values = np.array([curve[k] for k in grid])
    peak = int(values.argmax())
    away = np.abs(np.log(np.array(grid) / grid[peak])) > log(BESIDE)
    stands_out = away.any() and values[peak] - values[away].max() > PEAK * abs(values[peak])
    clear = bool(stands_out and peak < len(grid) - 1 and (peak > 0 or values[peak] >= STRUCTURE))
    if clear:
        around = np.linspace(grid[max(peak - 1, 0)], grid[min(peak + 1, len(grid) - 1)], 9)
        for k in sorted({round(k) for k in around} - curve.keys()):
            measure(k, scaled(report, 0.9, 1.0))
        k = max(curve, key=lambda k: curve[k])
    else:
        k = _middle(grid, values)
    report(1.0)
    return KChoice(k, tuple(sorted(curve.items())), "cosine silhouette", clear)


def _middle(grid: list[int], values: npt.NDArray[np.float64]) -> int:
    """Return the k in the middle of the plateau around the highest point of the smoothed curve."""
    x = np.log(grid)
    weights = np.exp(-0.5 * ((x[:, None] - x) / WIDTH) ** 2)
    steady = np.median(np.lib.stride_tricks.sliding_window_view(np.pad(values, 1, mode="edge"), 3), axis=1)
    steady[0] = steady[:2][-1]  # the first value can be a chance peak as well
    smooth = weights @ steady / weights.sum(axis=1)
    top = int(smooth.argmax())
    low = smooth < smooth[top] - (1 - PLATEAU) * abs(smooth[top])
    left = max((i + 1 for i in range(top) if low[i]), default=0)
    right = min((i - 1 for i in range(top, len(grid)) if low[i]), default=len(grid) - 1)
    return grid[int(np.abs(x - (x[left] + x[right]) / 2).argmin())]
