"""What is known of every job of a server whose record is in memory: how far it is, and how it ended."""

from __future__ import annotations

from indexer.contract.answer import Answer
from indexer.contract.clusterings import Status


class Job(Answer):
    """A job: queued, running, or ended; `seconds` is null until it has ended, `error` unless it has failed."""

    id: str
    status: Status
    progress: float = 0.0
    created: str
    seconds: float | None = None
    error: str | None = None

    @property
    def ended(self) -> bool:
        """Tell whether it is done, failed or cancelled."""
        return self.status not in ("queued", "running")
