"""How far an indexing or a clustering is: a bar on a terminal; for an indexing a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

from indexer.commands.printing import say

if TYPE_CHECKING:
    from rich.progress import ProgressColumn

    from indexer.contract import Counts

_EVERY_S = 5.0  # between two plain lines


class _Bar:
    """A bar on standard error for as long as the block lasts; nothing where that is no terminal."""

    transient = False

    def __init__(self, what: str, total: float) -> None:
        self._bar = None
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn

            columns = (TextColumn(what), BarColumn(), *self._columns())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=self.transient)
            self._task = self._bar.add_task(what, total=total, rate="-")

    def _columns(self) -> list[ProgressColumn]:
        """Return what stands to the right of the bar."""
        raise NotImplementedError

    def _move(self, done: float, rate: str = "-") -> None:
        if self._bar is not None:
            self._bar.update(self._task, completed=done, rate=rate)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *raised: object) -> None:
        if self._bar is not None:
            self._bar.stop()


class IndexProgress(_Bar):
    """Shows how many of `total` words are on disk."""

    def __init__(self, total: int) -> None:
        super().__init__("indexing", total)
        self._total = total
        self._begin = self._last_line = time.monotonic()

    def _columns(self) -> list[ProgressColumn]:
        from rich.progress import MofNCompleteColumn, TextColumn, TimeRemainingColumn

        return [MofNCompleteColumn(), TextColumn("{task.fields[rate]} words/s"), TimeRemainingColumn()]

    def update(self, counts: Counts) -> None:
        """Show that these words are on disk."""
        now = time.monotonic()
        rate = counts.words / max(now - self._begin, 1e-3)
        self._move(counts.words, f"{rate:,.0f}")
        if self._bar is None and now - self._last_line >= _EVERY_S:
            self._last_line = now
            left = (self._total - counts.words) / max(rate, 1e-3)
            say(f"{counts.words} of {self._total} words on disk, {rate:,.0f} words/s, {left:.0f} s left")


class ClusteringProgress(_Bar):
    """Shows the share of a clustering that is done; silent where there is no terminal."""

    transient = True

    def __init__(self, what: str) -> None:
        super().__init__(what, 1.0)

    def _columns(self) -> list[ProgressColumn]:
        from rich.progress import TaskProgressColumn

        return [TaskProgressColumn()]

    def update(self, share: float) -> None:
        """Show the share done."""
        self._move(share)
