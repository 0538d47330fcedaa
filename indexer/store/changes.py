"""What processes that share a Chroma server tell each other: after each write, the ids of the words it changed."""

import json
import time
import uuid
from collections.abc import Iterator, Sequence

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

    def unread(self) -> Iterator[list[str]]:
        """Yield the ids that others have noted since the last call, a note at a time.

        Raises LookupError where the last call was so long ago that notes may be gone.
        """
        before, self._read = self._read, _now()
        if self._read - before > _KEPT_MS - _OVERLAP_MS:
            self._seen.clear()
            raise LookupError("notes may be gone")
        seen: set[str] = set()
        rows = self._collection.above(_AT, before - _OVERLAP_MS, "metadatas")
        for id, note in zip(rows.ids, rows.metadatas, strict=True):
            seen.add(id)
            if id not in self._seen and note[_BY] != self._by:
                yield json.loads(note[_IDS])
        self._seen = seen

    def forget(self) -> None:
        """Delete notes that every living process has read."""
        self._collection.delete(self._collection.below(_AT, _now() - _KEPT_MS).ids)


def _now() -> int:
    return int(time.time() * 1000)
