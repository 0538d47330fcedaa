"""The clusterings, as Chroma keeps them: a row for each, and a row a prototype with its vector."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from indexer.contract.clusterings import Clustering
from indexer.errors import NotFound
from indexer.prototypes import Prototypes
from indexer.store.chroma import Collection
from indexer.store.rows import Row, Rows
from indexer.vectors import Vectors

_KIND = "topicdex:kind"
_CLUSTERING = "topicdex:run"
_POSITION = "topicdex:position"


@dataclass(frozen=True)
class StoredClustering:
    """A clustering with what is kept beside it.

    `topics_version` is the set of topics that it grew from, `heartbeat` when its process last said that it is at work,
    in seconds since the epoch.
    """

    clustering: Clustering
    topics_version: str | None = None
    heartbeat: float = 0.0

    @property
    def id(self) -> str:
        """Return the id of the clustering."""
        return self.clustering.id

    def updated(self, **fields: Any) -> StoredClustering:
        """Return it with other fields of the clustering."""
        return replace(self, clustering=self.clustering.model_copy(update=fields))

    def to_json(self) -> str:
        """Return it as one JSON object."""
        kept = self.clustering.model_dump(mode="json", exclude={"new_words", "active"})
        return json.dumps({**kept, "topics_version": self.topics_version, "beat": self.heartbeat})

    @classmethod
    def from_json(cls, document: str) -> StoredClustering:
        """Return what `to_json` wrote, today or in an earlier version."""
        kept = json.loads(document)
        return cls(Clustering.model_validate(kept), kept.get("topics_version"), float(kept.get("beat", 0)))


@dataclass(frozen=True)
class InspectedClustering:
    """A clustering as an inspection finds it: what is kept of it, None for rows without one; its prototypes, if whole.

    `damaged`: it has finished, and some of its vectors are gone or wrong.
    """

    id: str
    stored: StoredClustering | None
    prototypes: Prototypes | None
    damaged: bool


class ClusteringTable:
    """The collection of clusterings, and in memory which of them are done: one that is stays so until it is deleted."""

    def __init__(self, collection: Collection, dimension: Callable[[], int]) -> None:
        self._collection = collection
        self._dimension = dimension
        self._done: dict[str, str] | None = None  # when each was made, newest first; replaced, never changed
        self._reading = threading.Lock()

    def write(self, stored: StoredClustering, prototypes: Prototypes | None = None) -> None:
        """Write a clustering, with its prototypes where it has found them; it is on disk when this returns."""
        id = stored.id
        ids, metadatas = [id], [{_KIND: "run", _CLUSTERING: id, _POSITION: -1}]
        rows = np.zeros((1, self._dimension()), dtype=np.float32)
        if prototypes is not None:
            k = len(prototypes.vectors)
            ids += [f"{id}/{i}" for i in range(k)]
            metadatas += [{_KIND: "prototype", _CLUSTERING: id, _POSITION: i} for i in range(k)]
            centre = rows if prototypes.centre is None else prototypes.centre[None]
            rows = np.vstack([centre, prototypes.vectors]).astype(np.float32)
        documents = [stored.to_json()] + [""] * (len(ids) - 1)
        # the clustering's own row comes last: one that is there has all its prototypes
        order = list(range(len(ids)))[::-1]
        self._collection.upsert(
            [ids[i] for i in order], rows[order], [documents[i] for i in order], [metadatas[i] for i in order]
        )
        if stored.clustering.status == "done":
            with self._reading:
                if self._done is not None:
                    self._done = _newest_first({**self._done, id: stored.clustering.created})

    def all(self) -> list[StoredClustering]:
        """Return all clusterings, newest first."""
        found = _stored(self._collection.having(_KIND, ["run"], "documents"))
        return sorted(found, key=lambda stored: (stored.clustering.created, stored.id), reverse=True)

    def done(self) -> list[str]:
        """Return the ids of those that are done, newest first; those of other processes as of the last `refresh`."""
        if not self._done:
            self.refresh()
        return list(self._done or ())

    def refresh(self) -> list[StoredClustering]:
        """Bring `done` in line with the store, and return the clusterings that are not done.

        Those that are known to be done, which are the long ones, are not read again.
        """
        with self._reading:
            known = self._done or {}
            ids = [id for rows in self._collection.having(_KIND, ["run"]) for id in rows.ids]
            read = _stored(self._collection.get([id for id in ids if id not in known], "documents"))
            done = {stored.id: stored.clustering.created for stored in read if stored.clustering.status == "done"}
            self._done = _newest_first({**{id: known[id] for id in ids if id in known}, **done})
        return [stored for stored in read if stored.clustering.status != "done"]

    def get(self, id: str) -> StoredClustering | None:
        """Return one clustering; None where it is not there."""
        for rows in self._collection.get([id], "documents"):
            for document in rows.documents:
                if document:
                    return StoredClustering.from_json(document)
        return None

    def prototypes(self, id: str) -> Prototypes:
        """Return the prototypes of a finished clustering, named by the ids of its clusters; raises NotFound."""
        found: list[tuple[int, str, Vectors]] = []
        for rows in self._collection.having(_CLUSTERING, [id], "embeddings", "documents", "metadatas"):
            found += [
                (int(m[_POSITION]), document, vector)
                for m, document, vector in zip(rows.metadatas, rows.documents, rows.vectors, strict=True)
                if m[_KIND] != "off"
            ]
        found.sort(key=lambda row: row[0])
        if not found or found[0][0] != -1:  # the clustering's own row comes first
            raise NotFound(f"there is no clustering {id!r}")
        return _prototypes(StoredClustering.from_json(found[0][1]), found[0][2], [vector for _, _, vector in found[1:]])

    def request_cancel(self, id: str) -> None:
        """Ask the process that works on a clustering to end it."""
        row = np.zeros((1, self._dimension()), dtype=np.float32)
        self._collection.upsert([f"{id}/off"], row, [""], [{_KIND: "off", _CLUSTERING: id, _POSITION: -2}])

    def cancel_requested(self, id: str) -> bool:
        """Tell whether somebody asked for the end of a clustering."""
        return any(rows.ids for rows in self._collection.get([f"{id}/off"]))

    def inspect(self) -> list[InspectedClustering]:
        """Return every clustering that has rows; rows that are not ours are in the one called ""."""
        found: dict[str, list[Row]] = {}
        for rows in self._collection.inspect():
            for row in rows:
                found.setdefault(str(row.metadata.get(_CLUSTERING, "")), []).append(row)
        return [_inspected(id, rows) for id, rows in found.items()]

    def delete(self, ids: Sequence[str]) -> None:
        """Delete clusterings with their prototypes."""
        self._collection.delete([id for rows in self._collection.having(_CLUSTERING, list(ids)) for id in rows.ids])
        with self._reading:
            if self._done is not None:
                self._done = {id: created for id, created in self._done.items() if id not in ids}


def _stored(pages: Iterable[Rows]) -> list[StoredClustering]:
    return [StoredClustering.from_json(document) for rows in pages for document in rows.documents]


def _newest_first(done: Mapping[str, str]) -> dict[str, str]:
    return dict(sorted(done.items(), key=lambda entry: (entry[1], entry[0]), reverse=True))


def _prototypes(stored: StoredClustering, centre: Vectors, vectors: Sequence[Vectors]) -> Prototypes:
    """Return the prototypes that were stored; a centre of zeros stands for none."""
    names = tuple(cluster.id for cluster in stored.clustering.clusters)
    return Prototypes(names, np.array(vectors), centre if centre.any() else None)


def _inspected(id: str, rows: list[Row]) -> InspectedClustering:
    own = next((row for row in rows if row.id == id and row.document), None)
    if not id or own is None:
        return InspectedClustering(id, None, None, False)
    stored = StoredClustering.from_json(own.document)
    if stored.clustering.status != "done":
        return InspectedClustering(id, stored, None, False)
    rows = [row for row in rows if row.metadata.get(_KIND) == "prototype"]
    rows.sort(key=lambda row: int(row.metadata[_POSITION]))
    vectors = [row.vector for row in rows if row.vector is not None]
    if own.vector is None or len(vectors) != len(stored.clustering.clusters):
        return InspectedClustering(id, stored, None, True)
    return InspectedClustering(id, stored, _prototypes(stored, own.vector, vectors), False)
