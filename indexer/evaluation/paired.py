"""Differences between two models over the same texts, and whether they are more than noise."""

from __future__ import annotations

from math import sqrt

import numpy as np
import scipy

from indexer.contract.comparisons import Difference, Figure
from indexer.evaluation.intervals import Z95, placements
from indexer.evaluation.partitions import VMeasure
from indexer.vectors import Bools, Floats

CHANCE = 0.05  # the p from which a difference is called noise

Names = tuple[str, str]


def mcnemar(models: Names, figure: Figure, first: Bools, second: Bools) -> Difference:
    """Return the difference of two accuracies from which texts (n,) each got right, by McNemar's exact test.

    Only texts of which one model is right and the other wrong count (Q. McNemar, Psychometrika 12, 1947). The interval
    is Wald's for paired rates, with half a text added to each side (A. Agresti, Y. Min, Statistics in Medicine 24,
    2005).
    """
    n = len(first)
    gained, lost = int((first & ~second).sum()), int((~first & second).sum())
    p = float(scipy.stats.binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0
    value = (gained - lost) / n
    more, less, rows = gained + 0.5, lost + 0.5, n + 2
    half = Z95 * sqrt(max(more + less - (more - less) ** 2 / rows, 0.0)) / rows
    middle = (more - less) / rows
    return _difference(models, figure, value, (middle - half, middle + half), p, "McNemar")


def delong(models: Names, figure: Figure, first: Floats, second: Floats, positive: Bools) -> Difference:
    """Return the difference of the AUROC of two models' scores (n,), by DeLong's test for correlated curves.

    E. R. DeLong et al., Biometrics 44 (1988). There must be positive and negative rows.
    """
    (above, below), (other_above, other_below) = (placements(scores, positive) for scores in (first, second))
    up, down = above - other_above, below - other_below
    value = float(above.mean() - other_above.mean())
    error = sqrt(sum(float(side.var(ddof=1)) / len(side) for side in (up, down) if len(side) > 1))
    p = float(2 * scipy.stats.norm.sf(abs(value) / error)) if error else float(value == 0)
    return _difference(models, figure, value, (value - Z95 * error, value + Z95 * error), p, "DeLong")


def bootstrap(models: Names, figure: Figure, first: VMeasure, second: VMeasure) -> Difference:
    """Return the difference of two V-measures, from the same samples of the texts (B. Efron, 1979)."""
    value = first.value - second.value
    apart = first.samples - second.samples
    spread = apart - apart.mean()  # samples fit better than the texts do, one model's more than the other's
    low, high = value + np.quantile(spread, (0.025, 0.975))
    p = float((1 + (np.abs(spread) >= abs(value)).sum()) / (1 + len(spread)))
    return _difference(models, figure, value, (float(low), float(high)), p, "paired bootstrap")


def _difference(
    models: Names, figure: Figure, value: float, interval: tuple[float, float], p: float, test: str
) -> Difference:
    low, high = max(min(interval[0], value), -1.0), min(max(interval[1], value), 1.0)
    fields = {"models": models, "figure": figure, "value": value, "low": low, "high": high, "p": p, "test": test}
    return Difference.model_validate({**fields, "noise": p >= CHANCE})
