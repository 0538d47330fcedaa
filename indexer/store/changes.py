"""What processes that share a Chroma server tell each other: after each write, the ids of the words it changed."""

import json
import time
import uuid
from collections.abc import Callable, Sequence

import numpy as np

from indexer.store.chroma import Collection

_AT = "topicdex:at"  # milliseconds
_IDS = "topicdex:ids"
_BY = "topicdex:by"
_IDS_A_NOTE = 1_000
_OVERLAP_MS = 30_000  # clocks of two machines may differ by so much
_KEPT_MS = 10 * 60_000  # a process that slept longer reads all words again


class Changes:
    """The log of one store; each process reads what the others have written since it last looked."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._by = uuid.uuid4().hex
        self._read = _now()
        self._seen: set[str] = set()

    def note(self, ids: Sequence[str]) -> None:
        """Tell the others that these words were added, changed or deleted; call it once they are on disk."""
        for i in range(0, len(ids), _IDS_A_NOTE):
            told = {_AT: _now(), _BY: self._by, _IDS: json.dumps(list(ids[i : i + _IDS_A_NOTE]))}
            self._collection.upsert([uuid.uuid4().hex], np.zeros((1, 1), dtype=np.float32), [""], [told])

    def follow(self, refresh: Callable[[list[str]], None], reread: Callable[[], None]) -> None:
        """Give `refresh` the ids that others have noted since the last call, a note at a time.

        Or call `reread`, where that was so long ago that notes may be gone. What either raises goes through, and the
        same is told again at the next call.
        """
        now = _now()
        seen: set[str] = set()
        if now - self._read > _KEPT_MS - _OVERLAP_MS:
            reread()
        else:
            for rows in self._collection.where({_AT: {"$gt": self._read - _OVERLAP_MS}}, "metadatas"):
                for id, note in zip(rows.ids, rows.metadatas, strict=True):
                    if id not in self._seen and note[_BY] != self._by:
                        refresh(json.loads(note[_IDS]))
                    seen.add(id)
        self._read, self._seen = now, seen

    def forget(self) -> None:
        """Delete notes that every living process has read."""
        for rows in self._collection.where({_AT: {"$lt": _now() - _KEPT_MS}}):
            self._collection.delete(rows.ids)


def _now() -> int:
    return int(time.time() * 1000)
