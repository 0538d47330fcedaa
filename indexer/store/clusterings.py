"""The clusterings in Chroma: a row for each clustering, and a row with a vector for each of its prototypes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from indexer.contract.clusterings import Clustering
from indexer.errors import NotFound
from indexer.prototypes import Prototypes
from indexer.store.collection import Collection
from indexer.store.records import KIND, OWNER, POSITION, RecordTable, Stored
from indexer.store.rows import Row
from indexer.vectors import Vectors


@dataclass(frozen=True)
class StoredClustering(Stored[Clustering]):
    """A clustering with what is stored beside it; `topics_version`: the set of topics that it grew from."""

    topics_version: str | None = None
    heartbeat: float = 0.0

    def to_json(self) -> str:
        """Return it as one JSON object."""
        fields = self.record.model_dump(mode="json", exclude={"new_words", "active"})
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


class ClusteringTable(RecordTable[StoredClustering, Prototypes]):
    """The collection of clusterings."""

    def __init__(self, collection: Collection, dimension: Callable[[], int]) -> None:
        super().__init__(collection, dimension, StoredClustering.from_json)

    def rewrite(self, stored: StoredClustering) -> None:
        """Write a clustering that is done once more, with its prototypes; raises NotFound."""
        self.write(stored, self.prototypes(stored.id))

    def _write(self, stored: StoredClustering, found: Prototypes | None) -> None:
        id = stored.id
        ids, metadatas = [id], [{KIND: "run", OWNER: id, POSITION: -1}]
        rows = np.zeros((1, self._dimension()), dtype=np.float32)
        if found is not None:
            k = len(found.vectors)
            ids += [f"{id}/{i}" for i in range(k)]
            metadatas += [{KIND: "prototype", OWNER: id, POSITION: i} for i in range(k)]
            centre = rows if found.centre is None else found.centre[None]
            rows = np.vstack([centre, found.vectors]).astype(np.float32)
        documents = [stored.to_json()] + [""] * (len(ids) - 1)
        order = list(range(len(ids)))[::-1]  # its own row last
        self._collection.upsert(
            [ids[i] for i in order], rows[order], [documents[i] for i in order], [metadatas[i] for i in order]
        )

    def prototypes(self, id: str) -> Prototypes:
        """Return the prototypes of a finished clustering, named by the ids of its clusters; raises NotFound."""
        rows_in_order: list[tuple[int, str, Vectors]] = []
        for rows in self._collection.having(OWNER, [id], "embeddings", "documents", "metadatas"):
            rows_in_order += [
                (int(m[POSITION]), document, vector)
                for m, document, vector in zip(rows.metadatas, rows.documents, rows.vectors, strict=True)
                if m[KIND] != "off"
            ]
        rows_in_order.sort(key=lambda row: row[0])
        if not rows_in_order or rows_in_order[0][0] != -1:
            raise NotFound(f"there is no clustering {id!r}")
        (_, document, centre), *others = rows_in_order
        return _prototypes(StoredClustering.from_json(document), centre, [vector for _, _, vector in others])

    def inspect(self) -> list[InspectedClustering]:
        """Return every clustering that has rows; rows of another program are in the one called ""."""
        by_id: dict[str, list[Row]] = {}
        for rows in self._collection.inspect():
            for row in rows:
                by_id.setdefault(str(row.metadata.get(OWNER, "")), []).append(row)
        return [_inspected(id, rows) for id, rows in by_id.items()]


def _prototypes(stored: StoredClustering, centre: Vectors, vectors: Sequence[Vectors]) -> Prototypes:
    """Return the prototypes as they were written; a centre of zeros stands for none."""
    names = tuple(cluster.id for cluster in stored.record.clusters)
    return Prototypes(names, np.array(vectors), centre if centre.any() else None)


def _inspected(id: str, rows: list[Row]) -> InspectedClustering:
    own = next((row for row in rows if row.id == id and row.document), None)
    if not id or own is None:
        return InspectedClustering(id, None, None, False)
    stored = StoredClustering.from_json(own.document)
    if stored.record.status != "done":
        return InspectedClustering(id, stored, None, False)
    rows = [row for row in rows if row.metadata.get(KIND) == "prototype"]
    rows.sort(key=lambda row: int(row.metadata[POSITION]))
    vectors = [row.vector for row in rows if row.vector is not None]
    if own.vector is None or len(vectors) != len(stored.record.clusters):
        return InspectedClustering(id, stored, None, True)
    return InspectedClustering(id, stored, _prototypes(stored, own.vector, vectors), False)
