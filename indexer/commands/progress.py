"""How far an indexing is: a bar with rate and time left on a terminal, a plain line now and then elsewhere."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from indexer.commands.printing import say

if TYPE_CHECKING:
    from indexer.contract import Counts  # which loads numpy

_EVERY_S = 5.0  # between two plain lines


class _Bar:
    """A bar that is shown for as long as the block lasts; None where there is no terminal."""

    _bar: Any = None

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()


class IndexProgress(_Bar):
    """Shows what is on disk of `total` words, on standard error."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._begin = self._told = time.monotonic()
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
            )

            self._bar = Progress(
                TextColumn("indexing"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]} words/s"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
            )
            self._task = self._bar.add_task("indexing", total=total, rate="-")

    def update(self, counts: "Counts") -> None:
        """Show that these words are on disk."""
        done = counts.added + counts.updated + counts.unchanged
        now = time.monotonic()
        rate = done / max(now - self._begin, 1e-3)
        if self._bar is not None:
            self._bar.update(self._task, completed=done, rate=f"{rate:,.0f}")
        elif now - self._told >= _EVERY_S:
            self._told = now
            left = (self._total - done) / max(rate, 1e-3)
            say(f"{done} of {self._total} words on disk, {rate:,.0f} words/s, {left:.0f} s left")


class RunProgress(_Bar):
    """Shows how far a run is, on standard error; silent where there is no terminal."""

    def __init__(self, what: str) -> None:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

            self._bar = Progress(
                TextColumn(what), BarColumn(), TaskProgressColumn(), console=Console(stderr=True), transient=True
            )
            self._task = self._bar.add_task(what, total=1.0)

    def update(self, share: float) -> None:
        """Show the share done."""
        if self._bar is not None:
            self._bar.update(self._task, completed=share)
