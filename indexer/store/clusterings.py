"""The clusterings in Chroma: a row for each clustering, and a row with a vector for each of its prototypes."""

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
from indexer.store.collection import Collection
from indexer.store.rows import Row, Rows
from indexer.vectors import Vectors

_KIND = "topicdex:kind"
_CLUSTERING = "topicdex:run"
_POSITION = "topicdex:position"


@dataclass(frozen=True)
class StoredClustering:
    """A clustering with what is stored beside it.

    `topics_version`: the set of topics that it grew from; `heartbeat`: when its process last said that it is working
    on it, in seconds since the epoch.
    """

    clustering: Clustering
    topics_version: str | None = None
    heartbeat: float = 0.0

    @property
    def id(self) -> str:
        """Return the id of the clustering."""
        return self.clustering.id

    def updated(self, **fields: Any) -> StoredClustering:
        """Return a copy in which these fields of the clustering are replaced."""
        return replace(self, clustering=self.clustering.model_copy(update=fields))

    def to_json(self) -> str:
        """Return it as one JSON object."""
        fields = self.clustering.model_dump(mode="json", exclude={"new_words", "active"})
        return json.dumps({**fields, "topics_version": self.topics_version, "beat": self.heartbeat})

    @classmethod
    def from_json(cls, document: str) -> StoredClustering:
        """Return what `to_json` wrote, today or in an earlier version."""
        fields = json.loads(document)
        return cls(Clustering.model_validate(fields), fields.get("topics_version"), float(fields.get("beat", 0)))


@dataclass(frozen=True)
class InspectedClustering:
    """A clustering as an inspection finds it.

    `stored` is None where there are rows but no clustering, `prototypes` where they are not all there. `damaged`: it is
    done, and some of its vectors are gone or wrong.
    """

    id: str
    stored: StoredClustering | None
    prototypes: Prototypes | None
    damaged: bool


class ClusteringTable:
    """The collection of clusterings. In memory: which of them are done, as those stay done until they are deleted."""

    def __init__(self, collection: Collection, dimension: Callable[[], int]) -> None:
        self._collection = collection
        self._dimension = dimension
        self._done: dict[str, str] | None = None  # when each was made, newest first; replaced, never changed
        self._reading = threading.Lock()

    def write(self, stored: StoredClustering, prototypes: Prototypes | None = None) -> None:
        """Write a clustering, with its prototypes where there are any; it is on disk when this returns."""
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
        # the clustering's own row is written last: where it is there, so are all its prototypes
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
        clusterings = _stored(self._collection.having(_KIND, ["run"], "documents"))
        return sorted(clusterings, key=lambda stored: (stored.clustering.created, stored.id), reverse=True)

    def done(self) -> list[str]:
        """Return the ids of the clusterings that are done, newest first, as this process or `refresh` last saw them."""
        if not self._done:
            self.refresh()
        return list(self._done or ())

    def refresh(self) -> list[StoredClustering]:
        """Read from the store which clusterings are done, and return those that are not.

        Those already known to be done, whose rows are long, are not read again.
        """
        with self._reading:
            known = self._done or {}
            ids = [id for rows in self._collection.having(_KIND, ["run"]) for id in rows.ids]
            read = _stored(self._collection.get([id for id in ids if id not in known], "documents"))
            done = {stored.id: stored.clustering.created for stored in read if stored.clustering.status == "done"}
            self._done = _newest_first({**{id: known[id] for id in ids if id in known}, **done})
        return [stored for stored in read if stored.clustering.status != "done"]

    def get(self, id: str) -> StoredClustering | None:
        """Return one clustering; None where there is none with this id."""
        for rows in self._collection.get([id], "documents"):
            for document in rows.documents:
                if document:
                    return StoredClustering.from_json(document)
        return None

    def prototypes(self, id: str) -> Prototypes:
        """Return the prototypes of a finished clustering, named by the ids of its clusters; raises NotFound."""
        rows_in_order: list[tuple[int, str, Vectors]] = []
        for rows in self._collection.having(_CLUSTERING, [id], "embeddings", "documents", "metadatas"):
            rows_in_order += [
                (int(m[_POSITION]), document, vector)
                for m, document, vector in zip(rows.metadatas, rows.documents, rows.vectors, strict=True)
                if m[_KIND] != "off"
            ]
        rows_in_order.sort(key=lambda row: row[0])
        if not rows_in_order or rows_in_order[0][0] != -1:
            raise NotFound(f"there is no clustering {id!r}")
        (_, document, centre), *others = rows_in_order
        return _prototypes(StoredClustering.from_json(document), centre, [vector for _, _, vector in others])

    def request_cancel(self, id: str) -> None:
        """Ask the process that works on a clustering to cancel it."""
        row = np.zeros((1, self._dimension()), dtype=np.float32)
        self._collection.upsert([f"{id}/off"], row, [""], [{_KIND: "off", _CLUSTERING: id, _POSITION: -2}])

    def cancel_requested(self, id: str) -> bool:
        """Tell whether somebody asked to cancel a clustering."""
        return any(rows.ids for rows in self._collection.get([f"{id}/off"]))

    def inspect(self) -> list[InspectedClustering]:
        """Return every clustering that has rows; rows of another program are in the one called ""."""
        by_id: dict[str, list[Row]] = {}
        for rows in self._collection.inspect():
            for row in rows:
                by_id.setdefault(str(row.metadata.get(_CLUSTERING, "")), []).append(row)
        return [_inspected(id, rows) for id, rows in by_id.items()]

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
    """Return the prototypes as they were written; a centre of zeros stands for none."""
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
