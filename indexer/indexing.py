"""Indexing files into an engine: what is new is embedded, what is gone can be pruned, and the count of both."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from indexer import pipeline
from indexer.engine import Engine
from indexer.errors import InvalidRequest
from indexer.pipeline import Counts
from indexer.survey import Source, Survey


@dataclass(frozen=True)
class Summary:
    """What an indexing did; counts in words, `skipped` in rows by reason."""

    counts: Counts
    removed: int
    skipped: Counter[str]
    seconds: float

    @property
    def rate(self) -> float:
        """Return the words a second."""
        done = self.counts.added + self.counts.updated + self.counts.unchanged
        return done / self.seconds if self.seconds else 0.0

    def to_json(self) -> dict[str, object]:
        """Return it as the command line prints it with --json."""
        return {
            "added": self.counts.added,
            "updated": self.counts.updated,
            "unchanged": self.counts.unchanged,
            "removed": self.removed,
            "skipped": self.skipped.total(),
            "seconds": round(self.seconds, 3),
            "embedded": self.counts.embedded,
            "skipped_why": dict(self.skipped),
        }


@dataclass
class Indexing:
    """One indexing of surveyed sources; `counts` grows with what is on disk, also where it is cut off."""

    engine: Engine
    sources: Sequence[Source]
    survey: Survey
    counts: Counts = field(default_factory=Counts)

    def run(
        self, *, prune: bool = False, most: bool = False, written: Callable[[Counts], None] = lambda _: None
    ) -> Summary:
        """Index everything; then, with `prune`, remove the words that the input does not have.

        `written` is told the counts so far after each batch is on disk. Raises ModelMismatch before anything is
        read, InvalidRequest where pruning would remove more than half of the words and `most` does not allow it.
        """
        begin = time.monotonic()
        self.engine.store.check_model(self.engine.settings.model_name)
        stale = self._stale(most) if prune else []

        def add(counts: Counts) -> None:
            self.counts += counts
            written(self.counts)

        pipeline.index(
            self.engine.store.words,
            lambda texts: self.engine.embedder().embed(texts),
            self.survey.latest(self.sources),
            add,
        )
        removed = self.engine.corpus.delete(stale) if stale else 0
        return Summary(self.counts, removed, self.survey.skipped, time.monotonic() - begin)

    def plan(self) -> Counts:
        """Return what `run` would do, without doing it; `embedded` may count a text twice that comes under two ids."""
        total = Counts()
        table = self.engine.store.words
        for batch in pipeline.batches(self.survey.latest(self.sources), pipeline.BATCH):
            total += pipeline.plan(table, batch).counts
        return total

    def stale_count(self) -> int:
        """Return how many words `run` would remove with `prune`."""
        return len(self._stale(most=True))

    def _stale(self, most: bool) -> list[str]:
        if not self.survey.words:
            raise InvalidRequest("the input has no words, and pruning would remove all; check the input")
        stale = [id for id in self.engine.store.words.ids() if not self.survey.has(id)]
        total = self.engine.store.words.count()
        if 2 * len(stale) > total and not most:
            raise InvalidRequest(
                f"--prune would remove {len(stale)} of {total} words, more than half; "
                "check that every file is named, and give --yes if that is meant"
            )
        return stale
