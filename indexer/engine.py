"""An open corpus in this process: its words, topics and clusterings over one store, and one model."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Self

import indexer
from indexer.clusters.clusterings import Clusterings
from indexer.contract.info import Info, ModelInfo, SnapshotInfo, StoredCounts, StoreInfo
from indexer.contract.service import Service
from indexer.contract.words import Similarity
from indexer.embedders import Embedder, load_embedder
from indexer.embedders.recent import RecentVectors
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
        load: Callable[[str], Embedder] | None = None,
    ) -> None:
        """Open the store; the model is loaded, with `load` where that is given, when it is first needed.

        `serving`: lookups must stay fast while this process writes; `url`: the address of that server; `lock`: the
        lock of the folder where the caller holds it already; closing the engine releases it.

        Raises StoreBusy, StoreFormat, StoreUnavailable, and NotFound where there is no store and `create` is false.
        """
        self.settings = settings
        self._load = load or (lambda model: load_embedder(model, settings, serving=serving))
        self._serving = serving
        self._loaded: Embedder | None = None
        self._load_lock = threading.Lock()
        self._named = [*([settings.model] if settings.model else []), *settings.named_models]
        self.store = Store.open(settings, url=url, create=create, serving=serving, lock=lock, mend=self._mend)
        try:
            self.words = Corpus(self.store, self.embedder)
            self.topics = TopicIndex(self.store, self.words, self.embedder, self.model_name)
            self.clusterings = Clusterings(self.store, self.words, self.topics, self.embedder)
            self.reembeddings = Reembeddings(
                self.store, self.words, self.topics, load=self._load, use=self._use, to_load=self._to_load
            )
            shared = self.store.mode == "server"
            self._sync = Sync(self.store, self.words.replica, self.topics, self.clusterings) if shared else None
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
            model=ModelInfo(name=self.model_name()) if model is None else ModelInfo(**vars(model)),
            counts=StoredCounts(words=self.words.count(), topics=len(self.topics)),
            store=StoreInfo(mode=self.store.mode, format=FORMAT),
            cached_words=0 if self.words.memory is None else len(self.words.memory),
            snapshot=pointer and SnapshotInfo(words=pointer.words, bytes=pointer.bytes, created=pointer.created),
        )

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

        def load(name: str) -> Embedder:
            return self._load(self.settings.model_to_load(name))

        mend_cut_off(store, self.settings.model_name or DEFAULT_MODEL, load, _log.warning)

    def close(self) -> None:
        if self._sync is not None:
            self._sync.close()
        self.words.close()
        with self.store.write_lock:
            self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()
