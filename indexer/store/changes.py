"""The log of changes on a shared store: each process announces the words that it will write, and then publishes them.

What was announced and never published was perhaps written, by a process that died before it could say so.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from indexer.store.collection import Collection

_AT = "topicdex:at"  # milliseconds
_IDS = "topicdex:ids"
_BY = "topicdex:by"
_PENDING = "topicdex:pending"  # the entry announces what is not yet written
_OF = "topicdex:of"  # the announcement of what is published
_IDS_AN_ENTRY = 1_000
_OVERLAP_MS = 30_000  # how far the clocks of two machines may differ
_PUBLISHED_WITHIN_MS = 20_000  # less than the overlap: who has not published by then has died
_KEPT_MS = 24 * 3_600_000  # a process that slept longer reads all words again, and an older snapshot is of no use


class Changes:
    """The log of one store, as one of its processes writes and reads it."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._by = uuid.uuid4().hex
        self._read = _now()
        self._seen: set[str] = set()
        self._announced: tuple[list[str], list[str]] = [], []  # ids, and the entries that announced them

    def announce(self, ids: Sequence[str]) -> None:
        """Log that these words are about to be added, changed or deleted."""
        self._announced = list(ids), [self._add(part, {_PENDING: True}) for part in _parts(ids)]

    def publish(self, ids: Sequence[str]) -> None:
        """Log that these words were added, changed or deleted; to be called once they are on disk."""
        announced, entries = self._announced
        for number, part in enumerate(_parts(ids)):
            self._add(part, {_OF: entries[number]} if announced == list(ids) else {})

    def anchor(self) -> str:
        """Publish an entry from which a snapshot of what this process has in memory can be brought up to date.

        It has no words, and the date from which the next `read_new` would read: of all earlier entries, the memory
        knows. Return its id.
        """
        return self._add([], {_AT: self._read - _OVERLAP_MS})

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
            condition = {_AT: {"$gt": self._read - _OVERLAP_MS}}
            pages = list(self._collection.where(condition, "metadatas"))
            entries = {id: entry for rows in pages for id, entry in zip(rows.ids, rows.metadatas, strict=True)}
            published = {entry.get(_OF) for entry in entries.values()}
            for id, entry in entries.items():
                if entry.get(_PENDING) and (id in published or entry[_AT] > now - _PUBLISHED_WITHIN_MS):
                    continue
                if id not in self._seen and entry[_BY] != self._by:
                    refresh(json.loads(entry[_IDS]))
                seen.add(id)
        self._read, self._seen = now, seen

    def delete_old(self) -> None:
        """Delete the entries that every living process has read."""
        for rows in self._collection.where({_AT: {"$lt": _now() - _KEPT_MS}}):
            self._collection.delete(rows.ids)

    def _add(self, ids: Sequence[str], fields: Mapping[str, object]) -> str:
        id = uuid.uuid4().hex
        entry = {_AT: _now(), _BY: self._by, _IDS: json.dumps(list(ids)), **fields}
        self._collection.upsert([id], np.zeros((1, 1), dtype=np.float32), [""], [entry])
        return id


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield as many ids as go into an entry."""
    return (ids[i : i + _IDS_AN_ENTRY] for i in range(0, len(ids), _IDS_AN_ENTRY))


def _now() -> int:
    return int(time.time() * 1000)
