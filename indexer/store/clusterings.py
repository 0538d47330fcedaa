"""The runs of reclustering, as Chroma keeps them: a row for the run, and a row a prototype with its vector."""

import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from indexer.embedders import Vectors
from indexer.errors import NotFound
from indexer.store.chroma import Collection
from indexer.store.rows import Row, Rows

RunRecord = Mapping[str, Any]  # JSON: what the API shows of a run, and what the run must know to go on
_KIND = "topicdex:kind"
_RUN = "topicdex:run"
_POSITION = "topicdex:position"


@dataclass(frozen=True)
class Centroids:
    """The prototypes of a run, shape (k, dimension), and the point that vectors are centred on, (dimension,)."""

    vectors: Vectors
    centre: Vectors


@dataclass(frozen=True)
class InspectedRun:
    """A run as an inspection finds it: its record, None for rows without a run; what it has found, if that is whole.

    `damaged`: it has finished, and some of its vectors are gone or wrong.
    """

    id: str
    record: RunRecord | None
    centroids: Centroids | None
    damaged: bool


class Clusterings:
    """The collection of runs, and in memory which of them are done: a run that is stays so until it is deleted."""

    def __init__(self, collection: Collection, dimension: Callable[[], int]) -> None:
        self._collection = collection
        self._dimension = dimension
        self._done: dict[str, str] | None = None  # when each was made, newest first; replaced, never changed
        self._looking = threading.Lock()

    def write(self, record: RunRecord, centroids: Centroids | None = None) -> None:
        """Write a run, with its prototypes where it has found them; it is on disk when this returns."""
        run = str(record["id"])
        ids, metadatas = [run], [{_KIND: "run", _RUN: run, _POSITION: -1}]
        rows = np.zeros((1, self._dimension()), dtype=np.float32)
        if centroids is not None:
            k = len(centroids.vectors)
            ids += [f"{run}/{i}" for i in range(k)]
            metadatas += [{_KIND: "prototype", _RUN: run, _POSITION: i} for i in range(k)]
            rows = np.vstack([centroids.centre[None], centroids.vectors]).astype(np.float32)
        documents = [json.dumps(record)] + [""] * (len(ids) - 1)
        # the run's own row comes last: a run that is there has all its prototypes
        order = list(range(len(ids)))[::-1]
        self._collection.upsert(
            [ids[i] for i in order], rows[order], [documents[i] for i in order], [metadatas[i] for i in order]
        )
        if record["status"] == "done":
            with self._looking:
                if self._done is not None:
                    self._done = _newest_first({**self._done, run: record["created"]})

    def records(self) -> list[RunRecord]:
        """Return all runs, newest first."""
        found = _records(self._collection.having(_KIND, ["run"], "documents"))
        return sorted(found, key=lambda record: (record["created"], record["id"]), reverse=True)

    def done(self) -> list[str]:
        """Return the ids of the runs that are done, newest first; those of other processes as of the last `look`."""
        if not self._done:
            self.look()
        return list(self._done or ())

    def look(self) -> list[RunRecord]:
        """Bring `done` in line with the store, and return the runs that are not done.

        The records of runs that are known to be done, which are the long ones, are not read again.
        """
        with self._looking:
            known = self._done or {}
            ids = [id for rows in self._collection.having(_KIND, ["run"]) for id in rows.ids]
            read = _records(self._collection.get([id for id in ids if id not in known], "documents"))
            done = {str(record["id"]): record["created"] for record in read if record["status"] == "done"}
            self._done = _newest_first({**{id: known[id] for id in ids if id in known}, **done})
        return [record for record in read if record["status"] != "done"]

    def record(self, run: str) -> RunRecord | None:
        """Return one run; None where it is not there."""
        for rows in self._collection.get([run], "documents"):
            for document in rows.documents:
                if document:
                    return dict(json.loads(document))
        return None

    def centroids(self, run: str) -> Centroids:
        """Return the prototypes of a finished run, in the order of its clusters; raises NotFound."""
        found: list[tuple[int, Vectors]] = []
        for rows in self._collection.having(_RUN, [run], "embeddings", "metadatas"):
            found += [
                (int(m[_POSITION]), v) for m, v in zip(rows.metadatas, rows.vectors, strict=True) if m[_KIND] != "off"
            ]
        found.sort(key=lambda pair: pair[0])
        if not found or found[0][0] != -1:  # the run's own row comes first
            raise NotFound(f"there is no clustering {run!r}")
        return Centroids(np.array([v for p, v in found if p >= 0]), found[0][1])

    def call_off(self, run: str) -> None:
        """Ask the process that works on a run to end it."""
        row = np.zeros((1, self._dimension()), dtype=np.float32)
        self._collection.upsert([f"{run}/off"], row, [""], [{_KIND: "off", _RUN: run, _POSITION: -2}])

    def called_off(self, run: str) -> bool:
        """Tell whether somebody asked for the end of a run."""
        return any(rows.ids for rows in self._collection.get([f"{run}/off"]))

    def inspect(self) -> list[InspectedRun]:
        """Return every run that has rows; rows that are not ours are in the run ""."""
        found: dict[str, list[Row]] = {}
        for rows in self._collection.inspect():
            for row in rows:
                found.setdefault(str(row.metadata.get(_RUN, "")), []).append(row)
        return [_inspected(run, rows) for run, rows in found.items()]

    def delete(self, runs: Sequence[str]) -> None:
        """Delete runs with their prototypes."""
        self._collection.delete([id for rows in self._collection.having(_RUN, list(runs)) for id in rows.ids])
        with self._looking:
            if self._done is not None:
                self._done = {id: created for id, created in self._done.items() if id not in runs}


def _records(pages: Iterable[Rows]) -> list[RunRecord]:
    return [json.loads(document) for rows in pages for document in rows.documents]


def _newest_first(done: Mapping[str, str]) -> dict[str, str]:
    return dict(sorted(done.items(), key=lambda run: (run[1], run[0]), reverse=True))


def _inspected(run: str, rows: list[Row]) -> InspectedRun:
    own = next((row for row in rows if row.id == run and row.document), None)
    if not run or own is None:
        return InspectedRun(run, None, None, False)
    record: RunRecord = json.loads(own.document)
    if record["status"] != "done":
        return InspectedRun(run, record, None, False)
    prototypes = [row for row in rows if row.metadata.get(_KIND) == "prototype"]
    prototypes.sort(key=lambda row: int(row.metadata[_POSITION]))
    vectors = [row.vector for row in prototypes if row.vector is not None]
    if own.vector is None or len(vectors) != len(record["clusters"]):
        return InspectedRun(run, record, None, True)
    return InspectedRun(run, record, Centroids(np.array(vectors), own.vector), False)
