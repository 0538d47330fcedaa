"""How far a long piece of work has come: a share from 0 to 1, and whom to call with it."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

Progress = Callable[[float], None]  # called with the share done; ends the work by raising

INTERVAL_S = 0.1


def throttled(progress: Progress | None) -> Progress:
    """Return `progress` called so seldom that it costs nothing, and never with less than before."""
    most, last = 0.0, float("-inf")

    def report(share: float) -> None:
        nonlocal most, last
        most = max(most, share)
        if progress is not None and (monotonic() - last >= INTERVAL_S or share >= 1):
            progress(most)
            last = monotonic()

    return report


def scaled(progress: Progress, first: float, last: float) -> Progress:
    """Return `progress` for a step whose own 0 to 1 is `first` to `last` of the whole."""
    return lambda share: progress(first + (last - first) * share)
