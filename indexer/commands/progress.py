"""How far an indexing or another job is: a bar on a terminal; for an indexing a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from indexer.commands.printing import say

if TYPE_CHECKING:
    from indexer.contract.words import Counts

_EVERY_S = 5.0  # between two plain lines


@contextmanager
def index_progress(total: int) -> Iterator[Callable[[Counts], None]]:
    """Show how many of `total` words are on disk, each time that the function is called with their counts."""
    begin = last_line = time.monotonic()

    def update(counts: Counts) -> None:
        nonlocal last_line
        now = time.monotonic()
        rate = counts.words / max(now - begin, 1e-3)
        speed = f"{rate:,.0f} words/s, {(total - counts.words) / max(rate, 1e-3):.0f} s left"
        if move is not None:
            move(counts.words, speed=speed)
        elif now - last_line >= _EVERY_S:
            last_line = now
            say(f"{counts.words} of {total} words on disk, {speed}")

    with _bar("indexing", total, "{task.completed}/{task.total} {task.fields[speed]}") as move:
        yield update


@contextmanager
def job_progress(what: str) -> Iterator[Callable[[float], None]]:
    """Show the share that is done, each time that the function is called with it; nothing where no terminal is."""
    with _bar(what, 1.0, "{task.percentage:.0f}%", transient=True) as move:
        yield move or (lambda share: None)


@contextmanager
def _bar(what: str, total: float, text: str, *, transient: bool = False) -> Iterator[Callable[..., None] | None]:
    """Show a bar on standard error, with `text` beside it, and give what moves it; None where no terminal is."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn(what), BarColumn(), TextColumn(text))
    with Progress(*columns, console=Console(stderr=True), transient=transient) as bar:
        task = bar.add_task(what, total=total, speed="")
        yield lambda done, **fields: bar.update(task, completed=done, **fields)
