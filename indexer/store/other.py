"""The set of collections that lies beside the one in use, with the vectors of another model; and their exchange.

A set is words, topics and clusterings, and whatever else follows from vectors of its model and cannot come along to
another: that stays with its set. The other one is either begun, to be used once it is whole, or kept, because it
was in use before. The exchange is one step: a note names the place of each collection, and from then on every opening
of the store brings each to its place. So whenever the process is killed, all three are of one model.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from indexer.embedders import ModelIdentity
from indexer.store.chroma import Chroma, Space
from indexer.store.clusterings import ClusteringTable
from indexer.store.index_files import cut_off, index_names
from indexer.store.topics import TopicTable
from indexer.store.words import WordTable

OTHER = "-other"  # the suffix of the other set
_MOVING = "-moving"  # the suffix of a collection on its way to its place
_NOTE_KEY = "topicdex:places"  # of the collection of changes, which belongs to no set
_USED_KEY = "topicdex:used"  # of words: they were in use before
BEFORE_KEY = "topicdex:before"  # of words: which model they replaced, and when


@dataclass(frozen=True)
class OtherSet:
    """The set beside the one in use: `model` made its vectors; `kept`: it was in use before, else it was begun."""

    model: ModelIdentity
    kept: bool
    words: WordTable
    topics: TopicTable
    clusterings: ClusteringTable


class OtherSets:
    """The place beside the set in use, whose collections and their spaces are `spaces`, the words first."""

    def __init__(self, chroma: Chroma, spaces: dict[str, Space], note_in: str, model_key: str) -> None:
        """Keep the note of an exchange in the metadata of the collection `note_in`."""
        self._chroma = chroma
        self._spaces = spaces
        self._words, self._topics, *_ = spaces
        self._note_in = note_in
        self._model_key = model_key

    def find(self) -> OtherSet | None:
        """Return the other set; None where there is none."""
        if not self._chroma.has(self._words + OTHER):
            return None
        metadata = self._chroma.metadata(self._words + OTHER)
        model = ModelIdentity.from_fields(json.loads(metadata[self._model_key]))
        words, topics, clusterings, *_ = (
            self._chroma.open(n + OTHER, space, {})[0] for n, space in self._spaces.items()
        )
        return OtherSet(
            model,
            bool(metadata.get(_USED_KEY)),
            WordTable(words),
            TopicTable(topics),
            ClusteringTable(clusterings, lambda: model.dimension),
        )

    def begin(self, model: ModelIdentity, metadata: dict[str, Any]) -> OtherSet:
        """Make an empty set in the place of the other one; its words get this metadata too."""
        self.drop()
        for name, space in reversed(self._spaces.items()):  # the words last: where they are, all are there
            own = {**metadata, self._model_key: json.dumps(model.to_fields())} if name == self._words else {}
            self._chroma.open(name + OTHER, space, own)
        found = self.find()
        assert found is not None
        return found

    def drop(self) -> None:
        """Delete the other set, where there is one."""
        indexes = self._indexes()
        for name in self._spaces:  # the words first: without them, the rest is of no use
            if self._chroma.has(name + OTHER):
                self._chroma.drop(name + OTHER)
        for folder in indexes:  # which Chroma 1.5.9 leaves on the disk
            shutil.rmtree(folder, ignore_errors=True)

    def drop_if_cut_off(self) -> None:
        """Delete the other set where a kill has cut off one of its indexes."""
        if self._chroma.folder and set(cut_off(self._chroma.folder)) & set(self._indexes()):
            self.drop()

    def _indexes(self) -> list[Path]:
        """Return the folders of the indexes of the other set; none on a Chroma server."""
        if self._chroma.folder is None:
            return []
        ids = [id for name, id in self._chroma.ids_by_name().items() if name.endswith(OTHER)]
        return [self._chroma.folder / name for name in index_names(self._chroma.folder, ids)]

    def exchange(self, topics_metadata: dict[str, Any]) -> None:
        """Put the other set into use, with this metadata of its topics, and keep the one in use in its place.

        Raises StoreUnavailable. Once the note is written, it is the other set that is used from the next opening on.
        """
        now, before = datetime.now(UTC).isoformat(timespec="seconds"), self._chroma.metadata(self._words)
        after = self._chroma.metadata(self._words + OTHER)
        name = json.loads(before[self._model_key])["name"]
        self._replace(self._words, {**before, _USED_KEY: True})
        self._replace(self._words + OTHER, {**after, _USED_KEY: True, BEFORE_KEY: json.dumps([name, now])})
        self._replace(self._topics + OTHER, topics_metadata)
        id_of = self._chroma.ids_by_name()
        places = {id_of[n + OTHER]: n for n in self._spaces} | {id_of[n]: n + OTHER for n in self._spaces}
        self._replace(self._note_in, {_NOTE_KEY: json.dumps(places)})
        self.finish_exchange()

    def finish_exchange(self) -> None:
        """Bring every collection to the place that the note of an exchange names, where there is such a note."""
        if not self._chroma.has(self._note_in):
            return
        noted = self._chroma.metadata(self._note_in).get(_NOTE_KEY)
        if not noted:
            return
        places: dict[str, str] = json.loads(noted)
        for name, id in self._chroma.ids_by_name().items():
            if id in places and name not in (places[id], places[id] + _MOVING):
                self._chroma.rename(name, places[id] + _MOVING)
        for name, id in self._chroma.ids_by_name().items():
            if id in places and name == places[id] + _MOVING:
                self._chroma.rename(name, places[id])
        self._replace(self._note_in, {"topicdex:log": True})  # Chroma refuses to make metadata empty

    def _replace(self, name: str, metadata: dict[str, Any]) -> None:
        self._chroma.open(name, self._spaces.get(name.removesuffix(OTHER), "l2"), {})[0].replace_metadata(metadata)
