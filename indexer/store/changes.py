"""The log of changes on a shared store: after each write a process publishes the ids of the words it changed."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Sequence

import numpy as np

from indexer.store.collection import Collection

_AT = "topicdex:at"  # milliseconds
_IDS = "topicdex:ids"
_BY = "topicdex:by"
_IDS_AN_ENTRY = 1_000
_OVERLAP_MS = 30_000  # how far the clocks of two machines may differ
_KEPT_MS = 10 * 60_000  # a process that slept longer reads all words again


class Changes:
    """The log of one store, as one of its processes writes and reads it."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._by = uuid.uuid4().hex
        self._read = _now()
        self._seen: set[str] = set()

    def publish(self, ids: Sequence[str]) -> None:
        """Log that these words were added, changed or deleted; to be called once they are on disk."""
        for i in range(0, len(ids), _IDS_AN_ENTRY):
            entry = {_AT: _now(), _BY: self._by, _IDS: json.dumps(list(ids[i : i + _IDS_AN_ENTRY]))}
            self._collection.upsert([uuid.uuid4().hex], np.zeros((1, 1), dtype=np.float32), [""], [entry])

    def read_new(self, refresh: Callable[[list[str]], None], reread: Callable[[], None]) -> None:
        """Call `refresh` with the ids of each entry that others have published since the last call.

        Where that was so long ago that entries may be deleted, call `reread` instead. What either raises goes
        through, and the next call reads the same entries again.
        """
        now = _now()
        seen: set[str] = set()
        if now - self._read > _KEPT_MS - _OVERLAP_MS:
            reread()
        else:
            for rows in self._collection.where({_AT: {"$gt": self._read - _OVERLAP_MS}}, "metadatas"):
                for id, entry in zip(rows.ids, rows.metadatas, strict=True):
                    if id not in self._seen and entry[_BY] != self._by:
                        refresh(json.loads(entry[_IDS]))
                    seen.add(id)
        self._read, self._seen = now, seen

    def delete_old(self) -> None:
        """Delete the entries that every living process has read."""
        for rows in self._collection.where({_AT: {"$lt": _now() - _KEPT_MS}}):
            self._collection.delete(rows.ids)


def _now() -> int:
    return int(time.time() * 1000)
