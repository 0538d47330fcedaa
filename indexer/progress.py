"""How far a long piece of work has come: a share from 0 to 1, told to whoever asked to be told."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

Progress = Callable[[float], None]

INTERVAL_S = 0.1


def throttled(progress: Progress | None) -> Progress:
    """The same report, but seldom enough to cost nothing, and never of less than was reported before."""
    most, last = 0.0, float("-inf")

    def report(done: float) -> None:
        nonlocal most, last
        most = max(most, done)
        if progress is not None and (monotonic() - last >= INTERVAL_S or done >= 1):
            progress(most)
            last = monotonic()

    return report


def part(report: Progress, first: float, last: float) -> Progress:
    """A report of 0 to 1 that stands for `first` to `last` of the whole."""
    return lambda done: report(first + (last - first) * done)
