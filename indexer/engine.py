"""The one object that the command line and the server use: a store, a model, and what is done with both."""

import threading
from collections.abc import Callable, Sequence
from typing import Self

import indexer
from indexer.clusters.clusterings import Clusterings
from indexer.contract import Info, ModelInfo, Similarity, StoredCounts, StoreInfo
from indexer.embedders import Embedder, load_embedder
from indexer.settings import Settings
from indexer.store.lock import StoreLock
from indexer.store.store import FORMAT, Store
from indexer.sync import Sync
from indexer.topics.topics import TopicIndex
from indexer.words.corpus import Corpus
from indexer.words.similarity import similarity


class Engine:
    """An open corpus. Close it, or use it in a `with`; the store belongs to this process until then."""

    def __init__(
        self,
        settings: Settings,
        *,
        url: str | None = None,
        create: bool = True,
        serving: bool = False,
        lock: StoreLock | None = None,
        load: Callable[[Settings], Embedder] | None = None,
    ) -> None:
        """Open the store; `load` gives the model when it is needed.

        `serving`: others ask while this process writes; `url`: where they ask; `lock`: the lock of the folder, where
        the caller holds it already; the engine releases it.

        Raises StoreBusy, StoreFormat, StoreUnavailable, and NotFound where there is none and `create` is false.
        """
        self.settings = settings
        self._load = load or (lambda settings: load_embedder(settings, serving=serving))
        self.store = Store.open(settings, url=url, create=create, serving=serving, lock=lock)
        self._loaded: Embedder | None = None
        self._load_lock = threading.Lock()
        try:
            self.words = Corpus(self.store, self.embedder)
            self.topics = TopicIndex(self.store, self.words, self.embedder, settings.model_name)
            self.clusterings = Clusterings(self.store, self.words, self.topics, self.embedder)
            shared = self.store.mode == "server"
            self._freshness = Sync(self.store, self.words, self.topics, self.clusterings) if shared else None
        except BaseException:
            self.store.close()
            raise

    def embedder(self) -> Embedder:
        """Return the model, loaded at the first call.

        Raises ModelMismatch where the store holds vectors of another one, ModelUnavailable where it cannot be loaded.
        """
        with self._load_lock:
            if self._loaded is None:
                self.check_model()
                loaded = self._load(self.settings)
                self.store.bind_model(loaded.identity)
                self._loaded = loaded
            return self._loaded

    def check_model(self) -> None:
        """Raise ModelMismatch where the store holds vectors of another model than the settings name."""
        self.store.check_model(self.settings.model_name)

    @property
    def model_loaded(self) -> bool:
        """Tell whether the model is in memory."""
        return self._loaded is not None

    def similarity(self, rows: Sequence[str], columns: Sequence[str] | None = None) -> Similarity:
        """Return the cosine of every row with every column; no columns = the rows."""
        return similarity(self.embedder(), rows, columns)

    def info(self) -> Info:
        """Return what is running here, on what."""
        model = self.store.model()
        return Info(
            version=indexer.__version__,
            model=ModelInfo(name=self.settings.model_name)
            if model is None
            else ModelInfo(name=model.name, revision=model.revision, dimension=model.dimension),
            counts=StoredCounts(words=self.store.words.count(), topics=len(self.topics)),
            store=StoreInfo(mode=self.store.mode, format=FORMAT),
            cached_words=0 if self.words.memory is None else len(self.words.memory),
        )

    def close(self) -> None:
        """Close the store and give the folder back."""
        if self._freshness is not None:
            self._freshness.close()
        with self.store.write_lock:
            self.words.close()
            self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()
