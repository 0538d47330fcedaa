"""The maps in Chroma: a row for each map, and rows of bounded size with its landmarks and the positions of its words.

The content of a map is base64 in the metadata of its rows, 0.4 MB each, and what is on disk is three times as large
while it is written and twice afterwards. Documents of 7.7 MB took 75 MB on disk and six times as long to write, for
SQLite indexes every three letters of them (chromadb 1.5.9). Landmarks as vectors would be in an index that is read into
memory as a whole.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.contract.maps import Map
from indexer.errors import NotFound, StoreUnavailable
from indexer.store.collection import Collection
from indexer.store.records import KIND, OWNER, POSITION, RecordTable, Stored
from indexer.vectors import Vectors

Keys = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.uint16]

_PART = 393_216  # bytes of the content in a row
_CONTENT = "topicdex:content"
_HEADER = "content"  # in the document of a map


@dataclass(frozen=True)
class MapContent:
    """What a map that is done has beside its record.

    `landmarks` (m, dimension) unit rows and their `places` (m, 2) float32; `reach`: the cosine to the nearest landmark
    below which a word is far; the `positions` (n, 2) of the words that were drawn, each with its key, (n,).
    """

    landmarks: Vectors
    places: Vectors
    reach: float
    keys: Keys
    positions: Positions

    def to_bytes(self) -> bytes:
        """Return the arrays one after another, little-endian."""
        arrays = ((self.landmarks, "<f4"), (self.places, "<f4"), (self.keys, "<u8"), (self.positions, "<u2"))
        return b"".join(np.ascontiguousarray(array, dtype=kind).tobytes() for array, kind in arrays)


@dataclass(frozen=True)
class Header:
    """What is needed to read the content of a map and to know that it is whole; `checksum`: its SHA-256."""

    landmarks: int
    dimension: int
    words: int
    reach: float
    checksum: str

    def read(self, content: bytes) -> MapContent | None:
        """Return the content; None where it is not what was written."""
        if hashlib.sha256(content).hexdigest() != self.checksum:
            return None
        m, n = self.landmarks, self.words
        landmarks, content_ = np.frombuffer(content, "<f4", m * self.dimension), content[4 * m * self.dimension :]
        places, rest = np.frombuffer(content_, "<f4", 2 * m), content_[8 * m :]
        return MapContent(
            np.asarray(landmarks.reshape(m, self.dimension), dtype=np.float32),
            np.asarray(places.reshape(m, 2), dtype=np.float32),
            self.reach,
            np.asarray(np.frombuffer(rest, "<u8", n), dtype=np.uint64),
            np.asarray(np.frombuffer(rest[8 * n :], "<u2").reshape(n, 2), dtype=np.uint16),
        )


@dataclass(frozen=True)
class StoredMap(Stored[Map]):
    """A map with what is stored beside it; `header` is None until it is done."""

    header: Header | None = None
    heartbeat: float = 0.0

    def to_json(self) -> str:
        """Return it as one JSON object."""
        header = None if self.header is None else asdict(self.header)
        fields = self.record.model_dump(mode="json", exclude={"new_words"})
        return json.dumps({**fields, _HEADER: header, "beat": self.heartbeat})

    @classmethod
    def from_json(cls, document: str) -> StoredMap:
        """Return what `to_json` wrote."""
        fields: dict[str, Any] = json.loads(document)
        header = fields.get(_HEADER)
        return cls(Map.model_validate(fields), header and Header(**header), float(fields.get("beat", 0)))


@dataclass(frozen=True)
class InspectedMap:
    """A map as an inspection finds it, with the ids of its rows.

    `stored` is None where there are rows but no map. `damaged`: it is done, and its content is not what was written.
    """

    id: str
    stored: StoredMap | None
    damaged: bool
    rows: tuple[str, ...]


class MapTable(RecordTable[StoredMap, MapContent]):
    """The collection of maps; its vectors mean nothing."""

    def __init__(self, collection: Collection) -> None:
        super().__init__(collection, lambda: 1, StoredMap.from_json)

    def rewrite(self, stored: StoredMap) -> None:
        """Write a map that is done once more; its content stays as it is."""
        self.write(stored)

    def content(self, id: str) -> MapContent:
        """Return the content of a finished map; raises NotFound, and StoreUnavailable where it is damaged."""
        stored = self.get(id)
        if stored is None or stored.header is None:
            raise NotFound(f"there is no map {id!r} that has been drawn")
        content = self._read(stored.id, stored.header)
        if content is None:
            raise StoreUnavailable(f"the map {id} is damaged; topicdex doctor --repair removes it, then draw another")
        return content

    def inspect(self) -> Iterator[InspectedMap]:
        """Yield every map that has rows, one at a time; rows of another program too."""
        rows_of: dict[str, list[str]] = {}
        for id in self._collection.ids():
            rows_of.setdefault(id.partition("/")[0], []).append(id)
        stored = {one.id: one for one in self.all()}
        for id, rows in rows_of.items():
            own = stored.get(id)
            header = own.header if own is not None and own.record.status == "done" else None
            damaged = own is not None and own.record.status == "done"
            if damaged and header is not None:
                damaged = self._read(id, header) is None
            yield InspectedMap(id, own, damaged, tuple(rows))

    def discard(self, found: InspectedMap) -> None:
        """Delete the rows of a map that is damaged, or that belong to none."""
        self._collection.delete(found.rows)
        self.delete([found.id])

    def _write(self, stored: StoredMap, found: MapContent | None) -> None:
        id = stored.id
        vector = np.zeros((1, 1), dtype=np.float32)
        if found is not None:
            content = found.to_bytes()
            self._collection.check_room(np.frombuffer(content, dtype=np.uint8))
            for number, first in enumerate(range(0, len(content), _PART)):
                part = base64.b64encode(content[first : first + _PART]).decode()
                row = {KIND: "part", OWNER: id, POSITION: number, _CONTENT: part}
                self._collection.upsert([f"{id}/{number}"], vector, [""], [row])
            m, dimension = found.landmarks.shape
            checksum = hashlib.sha256(content).hexdigest()
            stored = replace(stored, header=Header(m, dimension, len(found.keys), found.reach, checksum))
        elif stored.record.ended and stored.record.status != "done":  # the process may have ended while it wrote
            self._collection.delete([row for row in self._rows_of(id) if row not in (id, f"{id}/off")])
        self._collection.upsert([id], vector, [stored.to_json()], [{KIND: "run", OWNER: id, POSITION: -1}])

    def _rows_of(self, id: str) -> list[str]:
        return [row for rows in self._collection.having(OWNER, [id]) for row in rows.ids]

    def _read(self, id: str, header: Header) -> MapContent | None:
        parts: dict[str, str] = {}
        for rows in self._collection.get([row for row in self._rows_of(id) if row != id], "metadatas"):
            found = zip(rows.ids, rows.metadatas, strict=True)
            parts |= {row: str(metadata[_CONTENT]) for row, metadata in found if _CONTENT in metadata}
        try:
            ordered = [base64.b64decode(parts.pop(f"{id}/{number}")) for number in range(len(parts))]
        except (KeyError, ValueError):  # one is missing, or is no base64
            return None
        parts.clear()
        return header.read(b"".join(ordered))
