"""Indexing of files: what is new is added, what the files no longer have can be pruned, and the counts of both."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from indexer.contract.service import Service
from indexer.contract.words import Counts
from indexer.errors import InvalidRequest
from indexer.readers.survey import Source, Survey


@dataclass(frozen=True)
class Summary:
    """What an indexing did: `counts` and `removed` in words, `skipped` in rows by reason."""

    counts: Counts
    removed: int
    skipped: Counter[str]
    seconds: float

    @property
    def rate(self) -> float:
        """Return the words a second."""
        return self.counts.words / self.seconds if self.seconds else 0.0

    def to_json(self) -> dict[str, object]:
        """Return it as the command line prints it with --json."""
        return {
            **vars(self.counts),
            "removed": self.removed,
            "skipped": self.skipped.total(),
            "skipped_why": dict(self.skipped),
            "seconds": round(self.seconds, 3),
        }


@dataclass
class Indexing:
    """One indexing of surveyed sources; `counts` grows with what is on disk, and stays true where it is cut off."""

    service: Service
    sources: Sequence[Source]
    survey: Survey
    counts: Counts = field(default_factory=Counts)

    def run(
        self, *, prune: bool = False, over_half: bool = False, on_batch: Callable[[Counts], None] = lambda _: None
    ) -> Summary:
        """Index everything; then, with `prune`, remove the words that the input does not have.

        `on_batch` is called with the counts so far after each batch is on disk. Raises ModelMismatch before anything
        is read, InvalidRequest where pruning would remove more than half of the words without `over_half`.
        """
        begin = time.monotonic()
        self.service.check_model()
        stale = self._stale(over_half) if prune else []

        def add(counts: Counts) -> None:
            self.counts += counts
            on_batch(self.counts)

        self.service.words.index(self.survey.latest(self.sources), add)
        removed = self.service.words.delete(stale) if stale else 0
        return Summary(self.counts, removed, self.survey.skipped, time.monotonic() - begin)

    def stale_count(self) -> int:
        """Return how many words `run` would remove with `prune`."""
        return len(self._stale(over_half=True))

    def _stale(self, over_half: bool) -> list[str]:
        if not self.survey.words:
            raise InvalidRequest("the input has no words, and pruning would remove all; check the input")
        stored = list(self.service.words.ids())
        stale = [id for id in stored if not self.survey.has(id)]
        if 2 * len(stale) > len(stored) and not over_half:
            raise InvalidRequest(
                f"--prune would remove {len(stale)} of {len(stored)} words, more than half; "
                "check that every file is named, and give --yes if that is meant"
            )
        return stale
