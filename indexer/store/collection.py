"""One collection of Chroma: reads in pages, writes in batches, and the inspection of its vectors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Literal, cast

import chromadb
import numpy as np
import numpy.typing as npt
from chromadb.errors import ChromaError

from indexer.store.checksums import CHECKSUM, agrees, checksums, proves
from indexer.store.disk_space import DiskSpace
from indexer.store.failures import chroma_errors, raise_unless_gone
from indexer.store.rows import Row, Rows, VectorFault
from indexer.vectors import Vectors

Column = Literal["embeddings", "documents", "metadatas"]
_PAGE = 1_000  # rows a read: larger reads are no faster, and hold Python's lock for longer
_VALUES = 5_000  # values a condition; SQLite fails over 32,000
_WIDE = 5_000  # neighbours; a row that is not among its own 5,000 neighbours is unreachable in the HNSW graph
_EQUAL = 1e-5  # cosine distance within which two vectors are the same


class Collection:
    """One collection: reads in pages, writes in batches that Chroma takes."""

    def __init__(self, collection: chromadb.Collection, batch: int, disk: DiskSpace | None) -> None:
        self._collection = collection
        self._batch = batch
        self._disk = disk  # None where the disk is a Chroma server's

    @property
    def id(self) -> str:
        """Return the id that Chroma gave the collection; one that is made again has another."""
        return str(self._collection.id)

    def count(self) -> int:
        """Return the number of rows."""
        with chroma_errors():
            return int(self._collection.count())

    def replace_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Replace the whole metadata of the collection."""
        with chroma_errors():
            self._collection.modify(metadata=dict(metadata))

    def upsert(
        self,
        ids: Sequence[str],
        vectors: Vectors,
        documents: Sequence[str],
        metadatas: Sequence[Mapping[str, Any]],
    ) -> None:
        """Write the rows, each with the checksum of its vector; they are on disk when this returns."""
        for i in range(0, len(ids), self._batch):
            batch = slice(i, i + self._batch)
            with chroma_errors():
                if self._disk:
                    self._disk.check(vectors[batch], documents[batch])
                pairs = zip(metadatas[batch], checksums(vectors[batch]), strict=True)
                self._collection.upsert(
                    ids=list(ids[batch]),
                    embeddings=vectors[batch],
                    documents=list(documents[batch]),
                    metadatas=[{**metadata, CHECKSUM: checksum} for metadata, checksum in pairs],
                )

    def check_room(self, content: npt.NDArray[np.uint8]) -> None:
        """Raise StoreUnavailable where so many bytes, in base64 and in metadata, do not fit on the disk.

        They take as much as vectors do: they are in the queue, in the row, and in the index of metadata.
        """
        if self._disk:
            self._disk.check(content)

    def write_checksums(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Note that these vectors, (n, dimension), are those of the rows; the stored vectors stay as they are."""
        for i in range(0, len(ids), self._batch):
            batch = slice(i, i + self._batch)
            with chroma_errors():
                if self._disk:
                    self._disk.check()
                self._collection.update(
                    ids=list(ids[batch]), metadatas=[{CHECKSUM: checksum} for checksum in checksums(vectors[batch])]
                )

    def get(self, ids: Sequence[str], *columns: Column) -> Iterator[Rows]:
        """Yield those rows with these ids that exist, in no promised order."""
        for i in range(0, len(ids), _PAGE):
            with chroma_errors():
                rows = Rows.read(self._collection.get(ids=list(ids[i : i + _PAGE]), include=list(columns)))
            yield rows

    def where(self, condition: Mapping[str, Any] | None, *columns: Column, most: int | None = None) -> Iterator[Rows]:
        """Yield the rows whose metadata meets a condition, at most `most`, a page at a time, in no promised order.

        By their ids, for Chroma cannot return some 32,000 rows with their columns at once.
        """
        with chroma_errors():
            found = Rows.read(self._collection.get(where=cast(Any, condition), limit=most, include=[]))
        yield from self.get(found.ids, *columns) if columns else [found]

    def having(self, key: str, values: Sequence[str], *columns: Column) -> Iterator[Rows]:
        """Yield the rows whose metadata `key` is one of `values`, a page at a time."""
        for i in range(0, len(values), _VALUES):
            yield from self.where({key: {"$in": list(values[i : i + _VALUES])}}, *columns)

    def first_having(
        self, key: str, values: Iterable[str], *columns: Column, where: Mapping[str, Any] | None = None
    ) -> Iterator[Rows]:
        """Yield at least one row, with its metadata, for each of `values` that is the `key` of any with `where`.

        Few rows are read, however many share a value.
        """
        missing = set(values)
        while missing:
            asked = list(islice(missing, _VALUES))
            most, read, there = 2 * len(asked), 0, set()
            condition = _all_of({key: {"$in": asked}}, *_equal(where))
            for rows in self.where(condition, "metadatas", *columns, most=most):
                read += len(rows.ids)
                there |= {str(metadata[key]) for metadata in rows.metadatas}
                yield rows
            missing -= there if read == most else set(asked)

    def page(self, limit: int, offset: int, *columns: Column) -> Rows:
        """Return `limit` rows from `offset` on, oldest first."""
        with chroma_errors():
            return Rows.read(self._collection.get(limit=limit, offset=offset, include=list(columns)))

    def ids(self) -> list[str]:
        """Return the ids of all rows, oldest first."""
        with chroma_errors():
            return list(self._collection.get(include=[])["ids"])

    def pages(self, *columns: Column) -> Iterator[Rows]:
        """Yield all rows, oldest first, a page at a time.

        By their ids, for Chroma counts through all rows before an offset.
        """
        yield from self.get(self.ids(), *columns)

    def inspect(self, ids: Sequence[str] | None = None) -> Iterator[list[Row]]:
        """Yield the rows with these ids, or all, a page at a time, with what is wrong with their vectors."""
        columns: tuple[Column, ...] = ("documents", "metadatas")
        for rows in self.pages(*columns) if ids is None else self.get(ids, *columns):
            with chroma_errors():
                vectors = self._readable(rows.ids)
            inspected = []
            for id, document, metadata in zip(rows.ids, rows.documents, rows.metadatas, strict=True):
                vector, checksum = vectors.get(id), metadata.get(CHECKSUM)
                fault: VectorFault | None = None
                if vector is None:
                    fault = "gone"
                elif not agrees(vector, checksum):
                    vector, fault = None, "wrong"
                inspected.append(Row(id, document, metadata, vector, fault, proves(checksum)))
            yield inspected

    def lost(self, ids: Sequence[str], vectors: Vectors) -> list[str]:
        """Return those ids that no search for their vector finds, however wide, nor a row with an equal vector."""
        missed = set(self._missed(ids, vectors, 1))
        again = [i for i, id in enumerate(ids) if id in missed]
        return [id for i in again for id in self._missed(ids[i : i + 1], vectors[i : i + 1], _WIDE)]

    def _missed(self, ids: Sequence[str], vectors: Vectors, k: int) -> list[str]:
        if not ids:
            return []
        try:
            answer: Any = self._collection.query(query_embeddings=vectors, n_results=k, include=["distances"])
        except ChromaError as error:
            raise_unless_gone(error)
            if len(ids) == 1:
                return list(ids)
            half = len(ids) // 2
            return self._missed(ids[:half], vectors[:half], k) + self._missed(ids[half:], vectors[half:], k)
        answers = zip(ids, answer["ids"], answer["distances"], strict=True)
        return [id for id, near, far in answers if id not in near and (not near or far[0] > _EQUAL)]

    def _readable(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """Return the vectors that can be read, by id: where Chroma refuses, each half is asked for alone."""
        if not ids:  # all of the page were deleted meanwhile
            return {}
        try:
            rows = Rows.read(self._collection.get(ids=list(ids), include=["embeddings"]))
            return dict(zip(rows.ids, rows.vectors, strict=True))
        except ChromaError as error:
            raise_unless_gone(error)
            half = len(ids) // 2
            return {**self._readable(ids[:half]), **self._readable(ids[half:])} if half else {}

    def delete(self, ids: Sequence[str]) -> None:
        """Delete the rows with these ids; unknown ids are ignored."""
        for i in range(0, len(ids), self._batch):
            with chroma_errors():
                if self._disk:
                    self._disk.check()
                self._collection.delete(ids=list(ids[i : i + self._batch]))

    def query(self, vectors: Vectors, k: int, where: Mapping[str, Any], *columns: Column) -> list[Rows]:
        """Return the k nearest rows of each vector, nearest first, with their distances."""
        with chroma_errors():
            answer: Any = self._collection.query(
                query_embeddings=vectors,
                n_results=k,
                where=cast(Any, _all_of(*_equal(where))),
                include=["distances", *columns],
            )
        return [Rows.read(answer, i) for i in range(len(answer["ids"]))]


def _equal(where: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    return [{name: {"$eq": value}} for name, value in (where or {}).items()]


def _all_of(*conditions: dict[str, Any]) -> dict[str, Any] | None:
    """Return one condition of several: Chroma refuses a list of none or one."""
    return {"$and": list(conditions)} if len(conditions) > 1 else next(iter(conditions), None)
