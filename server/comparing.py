"""Comparisons of models as jobs: which models callers may name, and the work, one comparison after the other."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import dataclass

from indexer.blocks import lower_priority
from indexer.comparison.candidates import candidate
from indexer.comparison.comparing import check_names, compare
from indexer.comparison.measuring import Candidate
from indexer.comparison.sample import Sample, sample_of
from indexer.contract.comparisons import Compared, Comparison, ComparisonEntry, ComparisonList
from indexer.embedders import Embedder
from indexer.embedders.recent import RecentVectors
from indexer.engine import Engine
from indexer.errors import InvalidRequest
from indexer.progress import Progress
from indexer.records import LabelledText
from indexer.settings import model_name
from server.problems import without_paths
from server.records import MemoryJobs, new_job


@dataclass(frozen=True)
class Asked:
    """What a comparison was asked: models by their names, and the sample of the rows."""

    models: Sequence[str]
    sample: Sample


class Comparisons(MemoryJobs[Comparison]):
    """The comparisons of one process; each holds its texts until it has ended."""

    def __init__(self, engine: Engine) -> None:
        super().__init__("comparison")
        self._engine = engine
        self._asked: dict[str, Asked] = {}

    def prepare(self, models: Sequence[str], rows: Sequence[LabelledText], seed: int) -> Asked:
        """Return what is asked.

        Raises InvalidRequest where a model is not one of those that the operator has named or comes twice, and as
        `sample_of` does.
        """
        check_names(models)
        offered = self._offered()
        unknown = [name for name in models if name not in offered]
        if unknown:
            raise InvalidRequest(
                f"{unknown[0]!r} is not among the models that this server compares: {', '.join(offered)}; "
                "its operator names more in TOPICDEX_MODELS"
            )
        return Asked(models, sample_of(rows, seed))

    def create(self, asked: Asked) -> str:
        """Keep a new comparison as queued and return its id."""
        rows, seed = len(asked.sample.rows), asked.sample.seed
        record = Comparison(**new_job(), asked=list(asked.models), rows=rows, seed=seed)
        self._asked[record.id] = asked
        return self._add(record)

    def listed(self) -> ComparisonList:
        """Return all comparisons, newest first, without their figures."""
        fields = set(ComparisonEntry.model_fields)
        return ComparisonList(comparisons=[ComparisonEntry(**c.model_dump(include=fields)) for c in self.all()])

    def _offered(self) -> dict[str, str]:
        """Return what loads each model that a caller may name, by its name; folders are called by their last part."""
        named = {model_name(model): model for model in self._engine.settings.named_models}
        return {self._engine.model_name(): "", **named}

    def _release(self, id: str) -> None:
        self._asked.pop(id, None)

    def _work(self, id: str, progress: Progress) -> None:
        lower_priority()  # of this thread, which does nothing else
        asked = self._asked[id]

        def on_progress(share: float) -> None:
            self._change(id, progress=share)
            progress(share)

        def on_model(compared: Compared) -> None:
            share = len(compared.models) / len(candidates)
            progress(share)  # one that is cancelled by now has no further model
            self._change(id, progress=share, **dict(_published(compared)))

        candidates = [self._candidate(name) for name in asked.models]
        try:
            compare(asked.sample, candidates, progress=on_progress, on_model=on_model)
        finally:
            gc.collect()  # the last model holds itself in a circle, and nothing else may come for hours

    def _candidate(self, name: str) -> Candidate:
        settings = self._engine.settings
        if name == self._engine.model_name():
            return candidate(name, settings, loaded=self._own)
        model = self._offered()[name]
        return candidate(model, settings.of_another_model(), serving=True, spending=self._engine.spending)

    def _own(self) -> Embedder:
        """Return the model of the store, without the vectors that it keeps of recent questions: it is timed."""
        own = self._engine.embedder()
        return own.beneath if isinstance(own, RecentVectors) else own


def _published(compared: Compared) -> Compared:
    """Return a comparison without the paths that the errors of models may have in them."""
    models = [m if m.error is None else m.model_copy(update={"error": without_paths(m.error)}) for m in compared.models]
    return compared.model_copy(update={"models": models})
