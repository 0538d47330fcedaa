"""An open corpus in this process: its words, topics, clusterings and maps over one store, and one model."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Self

import indexer
from indexer.clusters.clusterings import Clusterings
from indexer.clusters.export_pages import Known, export_of
from indexer.contract.exports import ExportFormat
from indexer.contract.info import Info, ModelInfo, SnapshotInfo, StoredCounts, StoreInfo
from indexer.contract.service import Service
from indexer.contract.words import Similarity
from indexer.embedders import Embedder, ModelIdentity, as_stored, load_embedder
from indexer.embedders.recent import RecentVectors
from indexer.embedders.spending import Spending
from indexer.exports import exported
from indexer.maps.maps import Maps
from indexer.records import valid_texts
from indexer.reembedding.reembeddings import Reembeddings
from indexer.settings import DEFAULT_MODEL, Settings, model_name
from indexer.store.format import FORMAT
from indexer.store.generations import of_one_model
from indexer.store.lock import StoreLock
from indexer.store.store import Store
from indexer.sync import Sync
from indexer.topics.topics import TopicIndex
from indexer.words.corpus import Corpus
from indexer.words.rows import View
from indexer.words.similarity import similarity

_log = logging.getLogger("topicdex")


class Engine(Service):
    """An open corpus. Close it, or use it in a `with`; an embedded store belongs to this process until then."""

    def __init__(
        self,
        settings: Settings,
        *,
        url: str | None = None,
        create: bool = True,
        serving: bool = False,
        lock: StoreLock | None = None,
        run: bool = False,
        load: Callable[[str], Embedder] | None = None,
    ) -> None:
        """Open the store; the model is loaded, with `load` where that is given, when it is first needed.

        `serving`: lookups must stay fast while this process writes; `url`: the address of that server; `lock`: the
        lock of the folder where the caller holds it already; closing the engine releases it; `run`: what it pays is
        recorded as one indexing, not by day.

        Raises StoreBusy, StoreFormat, StoreUnavailable, InvalidRequest where the prices cannot be read, and NotFound
        where there is no store and `create` is false.
        """
        self.settings = settings
        self.spending = Spending(settings, daily=serving, run=run)
        self._load = load or self._load_as_stored
        self._serving = serving
        self._loaded: Embedder | None = None
        self._load_lock = threading.Lock()
        self._named = [*([settings.model] if settings.model else []), *settings.named_models]
        self.store = Store.open(settings, url=url, create=create, serving=serving, lock=lock, mend=self._mend)
        try:
            self.spending.keep(self.store.costs)
            self.words = Corpus(self.store, self.embedder)
            self.topics = TopicIndex(self.store, self.words, self.embedder, self.model_name)
            self.clusterings = Clusterings(self.store, self.words, self.topics, self.embedder)
            self.maps = Maps(self.store, self.words, self.topics, self.clusterings, self.embedder)
            self.reembeddings = Reembeddings(
                self.store, self.words, self.topics, load=self._load, use=self._use, to_load=self._to_load
            )
            shared = self.store.mode == "server"
            self._sync = (
                Sync(self.store, self.words.replica, self.topics, (self.clusterings, self.maps)) if shared else None
            )
        except BaseException:
            self.store.close()
            raise
        self.generations = self.store.generations

    def similarity(self, rows: Sequence[str], columns: Sequence[str] | None = None) -> Similarity:
        rows, columns = valid_texts(rows), None if columns is None else valid_texts(columns)  # before a model is loaded
        return similarity(self.embedder().embed, rows, columns)

    @of_one_model
    def info(self) -> Info:
        model, pointer = self.store.model(), self.store.snapshots.pointer()
        return Info(
            version=indexer.__version__,
            model=ModelInfo(name=self.model_name()) if model is None else _model_info(model),
            counts=StoredCounts(words=self.words.count(), topics=len(self.topics)),
            store=StoreInfo(mode=self.store.mode, format=FORMAT),
            cached_words=0 if self.words.memory is None else len(self.words.memory),
            snapshot=pointer and SnapshotInfo(words=pointer.words, bytes=pointer.bytes, created=pointer.created),
            costs=self.spending.costs(),
        )

    def export(self, format: ExportFormat) -> Iterator[bytes]:
        def known() -> tuple[View, Known]:
            view, places = self.maps.newest_places()
            return view, Known(self.topics.current.used(), self.clusterings.newest(), places)

        return exported(export_of(*self.generations.read(known)), format)

    def embedder(self) -> Embedder:
        """Return the model, loaded at the first call: the one that was asked for, else the store's, else the default.

        Raises ModelMismatch where the store holds vectors of another one, ModelUnavailable where it cannot be loaded.
        """
        with self._load_lock:
            if self._loaded is None:
                self._check_model()
                loaded = self._load(self.settings.model or self.model_name())
                self.store.bind_model(loaded.identity)
                self._loaded = self._keeping(loaded)
            return self._loaded

    @property
    def model_loaded(self) -> bool:
        """Tell whether the model is in memory."""
        return self._loaded is not None

    def model_name(self) -> str:
        """Return the name of the model that `embedder` gives, without loading it."""
        if self._loaded is not None:
            return self._loaded.identity.name
        return self.settings.model_name or self.store.model_name() or DEFAULT_MODEL

    def check_model(self) -> None:
        self.generations.read(self._check_model)

    def _check_model(self) -> None:
        if self.settings.model_name is not None:
            self.store.check_model(self.settings.model_name)
        self.spending.check(self.model_name())

    def _load_as_stored(self, model: str) -> Embedder:
        other = self.store.others.find()
        identities = (None if other is None else other.model, self.store.model())
        stored = {identity.name: identity for identity in identities if identity is not None}
        known = stored.get(model_name(model))
        # what is set for a server is set for the model of its store
        settings = self.settings.of_another_model() if stored and known is None and self._serving else self.settings
        return load_embedder(model, as_stored(settings, known), serving=self._serving, spending=self.spending)

    def _keeping(self, embedder: Embedder) -> Embedder:
        keeping = self.settings.query_cache if self._serving else 0
        return RecentVectors(embedder, keeping) if keeping else embedder

    def _use(self, embedder: Embedder, model: str) -> None:
        """Embed with another model from now on, which is loaded by `model`; the store has its vectors."""
        with self._load_lock:
            self._loaded = self._keeping(embedder)
            self.settings = replace(self.settings, model=model)
            self._named.append(model)

    def _to_load(self, name: str) -> str:
        """Return what loads the model of this name: the folder that it was named by, else the name."""
        return next((model for model in self._named if model_name(model) == name), name)

    def _mend(self, store: Store) -> None:
        from indexer.store.repair import mend_cut_off  # few starts need it

        self.store = store  # it is not open yet for others, and the model is to be loaded as it was

        def load(name: str) -> Embedder:
            return self._load(self.settings.model_to_load(name))

        mend_cut_off(store, self.settings.model_name or DEFAULT_MODEL, load, _log.warning)

    def close(self) -> None:
        if self._sync is not None:
            self._sync.close()
        self.words.close()
        self.spending.close()
        with self.store.write_lock:
            self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


def _model_info(model: ModelIdentity) -> ModelInfo:
    return ModelInfo(
        name=model.name,
        revision=model.revision,
        dimension=model.dimension,
        query_prompt=model.prompts.query or None,
        passage_prompt=model.prompts.passage or None,
        shortened=model.shortened,
    )
