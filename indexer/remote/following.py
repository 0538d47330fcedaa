"""Jobs of a server, looked at until they have ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TypeVar

from indexer.errors import TopicdexError
from indexer.progress import Progress

_POLL_S = (0.05, 1.0)  # between two looks at a job: at first, and at most


class _Record(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def progress(self) -> float: ...

    @property
    def ended(self) -> bool: ...


Record = TypeVar("Record", bound=_Record)


def followed(
    started: Record, get: Callable[[str], Record], delete: Callable[[str], None], progress: Progress | None
) -> Record:
    """Return the record of a job once it has ended; `progress` is called with the share done, and Ctrl-C cancels."""
    try:
        return watched(started, get, progress)
    except KeyboardInterrupt:
        with suppress(TopicdexError):
            delete(started.id)
        raise


def watched(started: Record, get: Callable[[str], Record], progress: Progress | None) -> Record:
    """Return the record of a job once it has ended, as `followed` does; Ctrl-C leaves it to the server."""
    pause, longest = _POLL_S
    while not (record := get(started.id)).ended:
        if progress is not None:
            progress(record.progress)
        time.sleep(pause)
        pause = min(2 * pause, longest)
    return record
