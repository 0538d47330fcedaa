"""The store: one door to the folder or the Chroma server, its format, the guard on the model, and its state."""

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from indexer.embedders import ModelIdentity
from indexer.errors import ModelMismatch, StoreFormat, StoreUnavailable, TopicdexError
from indexer.settings import Settings
from indexer.store.changes import Changes
from indexer.store.chroma import Chroma, Collection
from indexer.store.clusterings import ClusteringTable
from indexer.store.index_files import cut_off
from indexer.store.lock import MARKER, OwnerLock, prepare_folder, replace_json
from indexer.store.topics import TopicTable
from indexer.store.words import WordTable

FORMAT = 1  # raised when what is stored changes its shape; an older one is migrated, a newer one refused
_WORDS, _TOPICS, _CLUSTERINGS = "topicdex-words", "topicdex-topics", "topicdex-clusterings"
_CHANGES = "topicdex-changes"
_SPACES: dict[str, Literal["cosine", "l2"]] = {_WORDS: "cosine", _TOPICS: "cosine", _CLUSTERINGS: "l2"}
_FORMAT_KEY, _MODEL_KEY, _STATE_KEY = "topicdex:format", "topicdex:model", "topicdex:state"
_REBUILT, _WHOLE_KEY = (
    "-rebuilt",
    "topicdex:whole",
)  # a collection that is to take the place of another, and that it may

Part = Literal["words", "topics", "clusterings"]


class Store:
    """WordTable, topics and clusterings of one corpus; open it with `Store.open`, close it when done."""

    def __init__(self, chroma: Chroma, lock: OwnerLock | None, *, damaged: bool = False) -> None:
        self._chroma = chroma
        self._lock = lock
        self._damaged = damaged
        self.write_lock = threading.RLock()
        """Held over each change, so that memory and disk do not part."""
        self.mode: Literal["embedded", "server"] = "server" if lock is None else "embedded"
        self._open_collections()

    @classmethod
    def open(
        cls,
        settings: Settings,
        *,
        url: str | None = None,
        create: bool = True,
        serving: bool = False,
        lock: OwnerLock | None = None,
        damaged: bool = False,
    ) -> "Store":
        """Open the store, made where there is none and `create` is true.

        `serving`: others ask while this process writes; `url`: where they ask; `lock`: the lock of the folder, where
        the caller holds it already; the store releases it; `damaged`: it is opened for repair, and
        collections that have forgotten their format are taken for ours.

        Raises StoreBusy, StoreFormat, StoreUnavailable, NotFound.
        """
        if settings.chroma_url:
            return cls(Chroma(None, settings.chroma_url), None, damaged=damaged)
        if lock is None:
            prepare_folder(settings.data, create=create)
            lock = OwnerLock(settings.data, url=url)
            lock.acquire(settings.wait)
        try:
            _check_marker(settings)
            return cls(Chroma(settings.data, None, serving=serving), lock, damaged=damaged)
        except BaseException:
            lock.release()
            raise

    def cut_off(self) -> list[Path]:
        """Return the folders of indexes that a write left half way; nothing can be read of their collections."""
        return cut_off(self._chroma.folder) if self._chroma.folder else []

    def discard_cut_off(self) -> None:
        """Remove them, and what they had listed: the texts are there still, the vectors are gone."""
        for folder in self.cut_off():
            shutil.rmtree(folder)

    def close(self) -> None:
        """Close the store and give the folder back."""
        try:
            self._chroma.close()
        finally:
            if self._lock is not None:
                self._lock.release()

    def ping(self) -> None:
        """Raise StoreUnavailable where the store does not answer."""
        self._chroma.ping()

    def model(self) -> ModelIdentity | None:
        """Return the model that made the vectors; None before the first."""
        raw = self._chroma.metadata(_WORDS).get(_MODEL_KEY)
        return ModelIdentity(**json.loads(raw)) if raw else None

    def model_name(self) -> str | None:
        """Return the name of the model that made the vectors; None before the first."""
        model = self.model()
        return None if model is None else model.name

    def dimension(self) -> int:
        """Return the dimension of the vectors, also where another process has made the first of them."""
        model = self.model()
        return model.dimension if model else 1

    def check_model(self, name: str) -> None:
        """Raise ModelMismatch where the store holds vectors of a model of another name."""
        stored = self.model()
        if stored is not None and stored.name != name and self._holds_vectors():
            raise _mismatch(stored, name)

    def adopt(self, identity: ModelIdentity) -> None:
        """Make `identity` the store's model where it is new or empty; raise ModelMismatch where it has another."""
        stored = self.model()
        if stored == identity:
            return
        if stored is not None:
            if self._holds_vectors():
                raise _mismatch(stored, f"{identity.name} ({identity.revision}, {identity.dimension})")
            for name in (_WORDS, _TOPICS, _CLUSTERINGS):
                self._chroma.drop(name)
            self._open_collections()
        self._words.replace_metadata({_FORMAT_KEY: FORMAT, _MODEL_KEY: json.dumps(vars(identity))})
        self._open_collections()

    def knows_format(self) -> bool:
        """Tell whether the collections still say which format they have."""
        return _FORMAT_KEY in self._chroma.metadata(_WORDS)

    def vouch(self, model: ModelIdentity | None) -> None:
        """Write down again the format and the model of a store that has forgotten them."""
        made_by = {} if model is None else {_MODEL_KEY: json.dumps(vars(model))}
        self._words.replace_metadata({_FORMAT_KEY: FORMAT, **made_by})
        self._open_collections()

    def unfinished(self) -> list[Part]:
        """Return the parts whose rebuilding was cut off; the old ones are still there, and count."""
        parts: tuple[Part, ...] = ("words", "topics", "clusterings")
        return [part for part in parts if self._chroma.has(f"topicdex-{part}{_REBUILT}")]

    def abandon(self, part: Part) -> None:
        """Delete what a rebuilding that was cut off has left."""
        if self._chroma.has(name := f"topicdex-{part}{_REBUILT}"):
            self._chroma.drop(name)

    @contextmanager
    def rebuilding(self, part: Part) -> Iterator[Collection]:
        """Give an empty collection to fill; at the end of the `with` it takes the place of the old one.

        The old one stays as it is until the new one is marked as whole, and then goes: whenever the process is
        killed, one of both is whole, and the next opening of the store goes on with it.
        """
        name = f"topicdex-{part}"
        self.abandon(part)
        collection = self._open(name + _REBUILT, _SPACES[name])
        yield collection
        collection.replace_metadata({**self._chroma.metadata(name), _WHOLE_KEY: True})
        self._open_collections()

    def _finish_rebuilding(self, name: str) -> None:
        rebuilt = name + _REBUILT
        if self._chroma.has(rebuilt) and self._chroma.metadata(rebuilt).get(_WHOLE_KEY):
            if self._chroma.has(name):
                self._chroma.drop(name)
            self._chroma.rename(rebuilt, name)

    def state(self) -> dict[str, Any]:
        """Return what is set and not embedded: the present topics, thresholds, the active clustering."""
        return dict(json.loads(self._chroma.metadata(_TOPICS).get(_STATE_KEY, "{}")))

    def update_state(self, **changes: Any) -> None:
        """Replace parts of the state in one step; it is on disk when this returns."""
        self._topics.replace_metadata({_STATE_KEY: json.dumps({**self.state(), **changes})})

    def _holds_vectors(self) -> bool:
        return self.words.count() > 0 or bool(self.state().get("topics"))

    def _open_collections(self) -> None:
        for name in _SPACES:
            self._finish_rebuilding(name)
        self._words, made = self._chroma.open(_WORDS, "cosine", {_FORMAT_KEY: FORMAT})
        if not made and not self._damaged:
            _check_format(self._chroma.metadata(_WORDS).get(_FORMAT_KEY))
        self._topics = self._open(_TOPICS, "cosine")
        self.changes = Changes(self._open(_CHANGES, "l2"))
        # a process that owns the folder has nobody to tell
        self.words = WordTable(self._words, changed=(lambda ids: None) if self._lock else self.changes.note)
        self.topics = TopicTable(self._topics)
        self.clusterings = ClusteringTable(self._open(_CLUSTERINGS, "l2"), self.dimension)

    def _open(self, name: str, space: Any) -> Collection:
        return self._chroma.open(name, space, {})[0]


def _check_marker(settings: Settings) -> None:
    """Mark a new folder as a store before Chroma writes to it; refuse one of a newer format unopened."""
    marker = settings.data / MARKER
    try:
        found = json.loads(marker.read_text("utf-8")) if marker.exists() else None
    except (OSError, ValueError):
        raise StoreFormat(f'{marker} is damaged; write {{"format": {FORMAT}}} into it') from None
    if found is None:
        try:
            replace_json(marker, {"format": FORMAT})
        except OSError as error:
            raise StoreUnavailable(f"{marker} cannot be written ({error.strerror}); check its disk") from error
    else:
        _check_format(found.get("format") if isinstance(found, dict) else None)


def _check_format(found: Any) -> None:
    if not isinstance(found, int):
        raise StoreFormat(
            "these collections do not say that topicdex made them; use another store, or topicdex doctor if it did"
        )
    if found > FORMAT:
        raise StoreFormat(
            f"the store has format {found}, this version of topicdex knows up to {FORMAT}; upgrade topicdex"
        )


def _mismatch(stored: ModelIdentity, wanted: str) -> TopicdexError:
    return ModelMismatch(
        f"the store holds vectors of {stored.name} ({stored.revision}, {stored.dimension}), "
        f"asked was {wanted}; give --model {stored.name!r}, or another --data for the new model"
    )
