"""The store of one corpus, in a folder or on a Chroma server: its tables, its format, its model and its state."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from indexer.embedders import ModelIdentity
from indexer.errors import ModelMismatch, StoreUnavailable, TopicdexError
from indexer.settings import Settings
from indexer.store.changes import Changes
from indexer.store.chroma import Chroma, Space
from indexer.store.clusterings import ClusteringTable
from indexer.store.collection import Collection
from indexer.store.costs import CostTable
from indexer.store.disk_space import DiskSpace
from indexer.store.format import FORMAT, check_format, check_marker
from indexer.store.generations import Generations
from indexer.store.index_files import cut_off
from indexer.store.lock import StoreLock, prepare_folder
from indexer.store.maps import MapTable
from indexer.store.other import BEFORE_KEY, OtherSet, OtherSets
from indexer.store.rebuilding import Rebuildings, TableName
from indexer.store.snapshot.draft import Source
from indexer.store.snapshot.snapshots import Snapshots
from indexer.store.snapshot.untouched import note_closed, take_note
from indexer.store.topics import TopicTable
from indexer.store.words import WordTable

_WORDS, _TOPICS, _CLUSTERINGS = "topicdex-words", "topicdex-topics", "topicdex-clusterings"
_CHANGES, _COSTS, _MAPS = "topicdex-changes", "topicdex-costs", "topicdex-maps"
# the collections of one model, which are exchanged and dropped together
_SPACES: dict[str, Space] = {_WORDS: "cosine", _TOPICS: "cosine", _CLUSTERINGS: "l2", _MAPS: "l2"}
_FORMAT_KEY, _MODEL_KEY, _STATE_KEY = "topicdex:format", "topicdex:model", "topicdex:state"
_SAMPLE = 1_000  # words that show how long the texts are


class Store:
    """The words, topics, clusterings and maps of one corpus; open it with `Store.open`, close it when done.

    `words`, `topics`, `clusterings`, `maps`: the tables; `changes`: the log that the processes on a Chroma server
    share; `costs`: what was paid for the vectors; `snapshots`: the words once more, in files that a start reads in
    place of Chroma; `mode`: "embedded" where this process owns the folder, "server" on a Chroma server; `write_lock`:
    held by every thread for the whole of a change, on disk and in memory, so that the two stay the same.
    """

    def __init__(
        self,
        settings: Settings,
        chroma: Chroma,
        lock: StoreLock | None,
        *,
        damaged: bool = False,
        untouched: bool = False,
    ) -> None:
        self._chroma = chroma
        self._lock = lock
        self._damaged = damaged
        self.write_lock = threading.RLock()
        self.generations = Generations()
        self.rebuildings = Rebuildings(chroma, _SPACES)
        self.others = OtherSets(chroma, _SPACES, _CHANGES, _MODEL_KEY)
        self.noted: set[str] | None = None  # the ids of the words that change, where somebody must know
        self.mode: Literal["embedded", "server"] = "server" if lock is None else "embedded"
        self.others.finish_exchange()
        self._open_collections()
        self.costs = CostTable(lambda: self._open(_COSTS, "l2"), lambda: self._chroma.has(_COSTS), shared=lock is None)
        self.snapshots = Snapshots(settings, self._source, untouched=untouched)

    @classmethod
    def open(
        cls,
        settings: Settings,
        *,
        url: str | None = None,
        create: bool = True,
        serving: bool = False,
        lock: StoreLock | None = None,
        damaged: bool = False,
        mend: Callable[[Store], None] | None = None,
    ) -> Store:
        """Open the store, made where there is none and `create` is true.

        `serving`: this process answers requests while it writes; `url`: where it does; `lock`: the lock of the folder,
        where the caller holds it already; the store releases it; `damaged`: open it for repair, also where the
        collections have forgotten their format; `mend`: is called with a store whose last process was killed while
        Chroma rewrote its index, or while that was built again.

        Raises StoreBusy, StoreFormat, StoreUnavailable, NotFound.
        """
        if settings.chroma_url:
            return cls(settings, Chroma(None, settings.chroma_url), None, damaged=damaged)
        if lock is None:
            prepare_folder(settings.data, create=create)
            lock = StoreLock(settings.data, url=url)
            lock.acquire(settings.wait)
        try:
            check_marker(settings.data)
            untouched = take_note(settings.data)
            cut = not untouched and bool(cut_off(settings.data))
            chroma = Chroma(settings.data, None, serving=serving)
            store = cls(settings, chroma, lock, damaged=damaged, untouched=untouched)
            if cut:
                store.others.drop_if_cut_off()
                cut = bool(cut_off(settings.data))
            if cut and mend is None and not damaged:
                chroma.close()
                raise StoreUnavailable("the index was cut off by a kill or a full disk; run topicdex doctor --repair")
            if mend is not None and (cut or "words" in store.rebuildings.unfinished()):
                mend(store)
            return store
        except BaseException:
            lock.release()
            raise

    def cut_off(self) -> list[Path]:
        """Return the folders of indexes that a write left cut off; no vector of their collections can be read."""
        return cut_off(self._chroma.folder) if self._chroma.folder else []

    def discard_cut_off(self) -> None:
        """Remove the indexes that are cut off, with their vectors; the texts and the snapshot stay."""
        for folder in self.cut_off():
            shutil.rmtree(folder)

    def close(self) -> None:
        """Close the store and release the folder."""
        try:
            self._chroma.close()
            if self._chroma.folder is not None:
                note_closed(self._chroma.folder)
        finally:
            if self._lock is not None:
                self._lock.release()

    def ping(self) -> None:
        """Raise StoreUnavailable where the store does not answer."""
        self._chroma.ping()

    def model(self) -> ModelIdentity | None:
        """Return the model that made the vectors; None before the first."""
        raw = self._chroma.metadata(_WORDS).get(_MODEL_KEY)
        return ModelIdentity.from_fields(json.loads(raw)) if raw else None

    def model_name(self) -> str | None:
        """Return the name of the model that made the vectors; None before the first."""
        model = self.model()
        return None if model is None else model.name

    def dimension(self) -> int:
        """Return the dimension of the stored vectors, also where another process wrote the first; 1 before that."""
        model = self.model()
        return model.dimension if model else 1

    def check_model(self, name: str) -> None:
        """Raise ModelMismatch where the store holds vectors of a model of another name."""
        stored = self.model()
        if stored is not None and stored.name != name and self.holds_vectors():
            raise _mismatch(stored, name, self._before())

    def bind_model(self, identity: ModelIdentity) -> None:
        """Make `identity` the store's model where it holds no vectors; raise ModelMismatch where it has another."""
        stored = self.model()
        if stored == identity:
            return
        if stored is not None:
            if self.holds_vectors():
                raise _mismatch(stored, str(identity))
            self.snapshots.drop()
            self.others.drop()
            for name in _SPACES:
                self._chroma.drop(name)
            self._open_collections()
        self._words.replace_metadata({_FORMAT_KEY: FORMAT, _MODEL_KEY: json.dumps(identity.to_fields())})
        self._open_collections()

    def begin_other(self, model: ModelIdentity) -> OtherSet:
        """Make an empty set for the vectors of this model, in the place of the other set."""
        return self.others.begin(model, {_FORMAT_KEY: FORMAT})

    def check_room(self, dimension: int, there: int) -> None:
        """Raise StoreUnavailable, with figures, where the disk has no room for all words with other vectors.

        `dimension` is theirs; `there` words have them already.
        """
        if self._chroma.folder is not None:
            texts = [word.text for word in self.words.page(_SAMPLE, 0)]
            DiskSpace(self._chroma.folder).check_copy(self.words.count() - there, dimension, texts)

    def exchange(self) -> None:
        """Use the other set, which is whole, from now on, with the present state; keep this one in its place.

        The caller holds the write lock, inside `generations.changing`. Raises StoreUnavailable.
        """
        if self._chroma.folder is not None:
            DiskSpace(self._chroma.folder).check()
        self.snapshots.drop()
        self.others.exchange({_STATE_KEY: json.dumps(self.state())})
        self._open_collections()

    def _before(self) -> tuple[str, str] | None:
        """Return the name of the model that the present one has replaced, and when."""
        raw = self._chroma.metadata(_WORDS).get(BEFORE_KEY)
        return tuple(json.loads(raw)) if raw else None

    def knows_format(self) -> bool:
        """Tell whether the collections still say which format they have."""
        return _FORMAT_KEY in self._chroma.metadata(_WORDS)

    def restore_identity(self, model: ModelIdentity | None) -> None:
        """Write the format and the model again into a store that has forgotten them."""
        identity = {} if model is None else {_MODEL_KEY: json.dumps(model.to_fields())}
        self._words.replace_metadata({_FORMAT_KEY: FORMAT, **identity})
        self._open_collections()

    @contextmanager
    def rebuilding(self, table: TableName) -> Iterator[Collection]:
        """Give an empty collection to fill; at the end of the `with` it replaces the old one, see `Rebuildings`."""
        with self.rebuildings.begun(table) as collection:
            yield collection
            if table == "words":  # until now it may have been the one place where a vector was
                self.snapshots.drop()
        self._open_collections()

    def state(self) -> dict[str, Any]:
        """Return the settings that have no vectors: the version of the topics in use, thresholds, active clustering."""
        return dict(json.loads(self._chroma.metadata(_TOPICS).get(_STATE_KEY, "{}")))

    def update_state(self, **changes: Any) -> None:
        """Change these settings of the state in one step; they are on disk when this returns."""
        self._topics.replace_metadata({_STATE_KEY: json.dumps({**self.state(), **changes})})

    def holds_vectors(self) -> bool:
        """Tell whether there are words or topics."""
        return self.words.count() > 0 or bool(self.state().get("topics"))

    def _open_collections(self) -> None:
        self.rebuildings.finish()
        self._words, made = self._chroma.open(_WORDS, "cosine", {_FORMAT_KEY: FORMAT})
        if not made and not self._damaged:
            check_format(self._chroma.metadata(_WORDS).get(_FORMAT_KEY), FORMAT)
        self._topics = self._open(_TOPICS, "cosine")
        self.changes = Changes(self._open(_CHANGES, "l2"))
        # no other process reads a folder that this one owns
        if self._lock:
            self.words = WordTable(self._words, changing=self._note)
        else:
            self.words = WordTable(self._words, changing=self.changes.announce, changed=self.changes.publish)
        self.topics = TopicTable(self._topics)
        self.clusterings = ClusteringTable(self._open(_CLUSTERINGS, "l2"), self.dimension)
        self.maps = MapTable(self._open(_MAPS, "l2"))

    def _note(self, ids: Sequence[str]) -> None:
        if self.noted is not None:
            self.noted.update(ids)
        self.snapshots.note(ids)

    def _source(self) -> Source:
        return Source(self._words.id, self.model(), self.words, self.changes)

    def _open(self, name: str, space: Space) -> Collection:
        return self._chroma.open(name, space, {})[0]


def _mismatch(stored: ModelIdentity, wanted: str, before: tuple[str, str] | None = None) -> TopicdexError:
    if before is not None and before[0] == wanted:
        return ModelMismatch(
            f"the model of this store was changed from {wanted} to {stored.name} at {before[1]}, asked was {wanted}; "
            f"leave --model and TOPICDEX_MODEL away or name {stored.name!r}, or go back with topicdex reembed --back"
        )
    return ModelMismatch(
        f"the store holds vectors of {stored}, asked was {wanted}; give --model {stored.name!r}, another --data for "
        "the new model, or change the model of the store with topicdex reembed"
    )
