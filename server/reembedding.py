"""Reembeddings as jobs: the model of the store is changed while it goes on serving."""

from __future__ import annotations

from indexer.contract.reembeddings import Reembedding, ReembeddingList
from indexer.engine import Engine
from indexer.errors import InvalidRequest, TopicdexError
from indexer.progress import Progress
from indexer.settings import model_name
from server.records import MemoryJobs, new_job


class ReembeddingJobs(MemoryJobs[Reembedding]):
    """The reembeddings of one process; what one has embedded stays on disk, however it ends."""

    def __init__(self, engine: Engine) -> None:
        super().__init__("reembedding")
        self._engine = engine
        self._models: dict[str, str] = {}  # what loads the model of each job that has not ended

    def create(self, model: str) -> str:
        """Keep a new change to a model that the operator has named, by its name; raises InvalidRequest."""
        named = self._engine.settings.named_models
        found = next((each for each in named if model in (each, model_name(each))), None)
        if found is None:
            listed = ", ".join(map(model_name, named)) or "none"
            raise InvalidRequest(
                f"{model!r} is no model that may be changed to here ({listed}); "
                "the operator of this server names them in TOPICDEX_MODELS"
            )
        return self._create(found)

    def create_back(self) -> str:
        """Keep a new change to the model before; raises NotFound where none is kept."""
        return self._create(self._engine.reembeddings.kept_to_load())

    def listed(self) -> ReembeddingList:
        """Return the model in use, what lies beside it, and all reembeddings, newest first."""
        return self._engine.reembeddings.all().model_copy(update={"reembeddings": self.all()})

    def _create(self, model: str) -> str:
        record = Reembedding(**new_job(), model=model_name(model), before=self._engine.store.model_name())
        self._models[record.id] = model
        return self._add(record)

    def _release(self, id: str) -> None:
        del self._models[id]

    def _work(self, id: str, progress: Progress) -> None:
        def on_progress(share: float) -> None:
            self._change(id, progress=share)
            progress(share)

        def on_words(words: int, embedded: int) -> None:
            self._change(id, words=words, embedded=embedded)

        try:
            done = self._engine.reembeddings.run(self._models[id], on_progress, on_words)
        except TopicdexError as error:
            self._change(id, code=error.code)
            raise
        self._change(id, progress=1.0, **vars(done))
