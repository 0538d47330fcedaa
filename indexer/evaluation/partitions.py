"""How well a partition of texts fits their labels: the V-measure, and its bootstrap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from indexer.contract.evaluations import Rate
from indexer.vectors import Floats, Ints

RESAMPLES = 500


@dataclass(frozen=True)
class VMeasure:
    """The V-measure of a partition, and of seeded samples of the same texts, (RESAMPLES,), so that two compare."""

    value: float
    samples: Floats
    n: int

    def rate(self) -> Rate:
        """Return it with its interval.

        A sample with replacement repeats texts and fits better than the texts do: the interval is as wide as the
        samples spread around their mean, and lies around the figure itself.
        """
        low, high = self.value + np.quantile(self.samples - self.samples.mean(), (0.025, 0.975))
        return Rate(value=self.value, low=max(float(low), 0.0), high=min(float(high), 1.0), n=self.n)


def v_measure(truth: Ints, clusters: Ints, seed: int) -> VMeasure:
    """Return how well clusters (n,) fit labels (n,): the harmonic mean of homogeneity and completeness.

    A. Rosenberg, J. Hirschberg, "V-measure", EMNLP 2007. The values are those of scikit-learn, which takes a second to
    load and cannot share its work among samples.
    """
    cells, members = np.unique(np.column_stack([truth, clusters]), axis=0, return_inverse=True)
    label, cluster = (np.unique(column, return_inverse=True)[1] for column in cells.T)
    members = members.reshape(-1)

    def value(counts: Ints) -> float:
        of_labels = _entropy(np.bincount(label, counts))
        of_clusters = _entropy(np.bincount(cluster, counts))
        shared = of_labels + of_clusters - _entropy(counts)  # the mutual information
        homogeneity = shared / of_labels if of_labels > 0 else 1.0
        completeness = shared / of_clusters if of_clusters > 0 else 1.0
        total = homogeneity + completeness
        return float(np.clip(2 * homogeneity * completeness / total, 0, 1)) if total > 0 else 0.0

    n, rng = len(truth), np.random.default_rng(seed)
    samples = [value(np.bincount(members[rng.integers(n, size=n)], minlength=len(cells))) for _ in range(RESAMPLES)]
    return VMeasure(value(np.bincount(members, minlength=len(cells))), np.array(samples), n)


def _entropy(counts: Ints | Floats) -> float:
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum())
