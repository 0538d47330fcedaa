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
_KEPT_MS = (
    24 * 3_600_000
)  # a process that slept longer reads all words again, and a snapshot that is older is of no use


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
            self._add(ids[i : i + _IDS_AN_ENTRY], _now())

    def anchor(self) -> str:
        """Publish an entry from which a snapshot of what this process has in memory can be brought up to date.

        It has no words, and the date from which the next `read_new` would read: of all earlier entries, the memory
        knows. Return its id.
        """
        return self._add([], self._read - _OVERLAP_MS)

    def since(self, anchor: str, *, most: int) -> list[str] | None:
        """Return the ids that were published since an anchor, by this process too, at most `most` of them.

        None where they are more, or where the anchor is gone, so that entries after it may be deleted too.
        """
        dates = [entry[_AT] for rows in self._collection.get([anchor], "metadatas") for entry in rows.metadatas]
        ids = set[str]()
        for rows in self._collection.where({_AT: {"$gte": dates[0]}}, "metadatas") if dates else ():
            ids.update(id for entry in rows.metadatas for id in json.loads(entry[_IDS]))
            if len(ids) > most:
                return None
        there = any(rows.ids for rows in self._collection.get([anchor]))  # still: others delete while this reads
        return list(ids) if there else None

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

    def _add(self, ids: Sequence[str], at: int) -> str:
        id = uuid.uuid4().hex
        entry = {_AT: at, _BY: self._by, _IDS: json.dumps(list(ids))}
        self._collection.upsert([id], np.zeros((1, 1), dtype=np.float32), [""], [entry])
        return id


def _now() -> int:
    return int(time.time() * 1000)
