"""The store's way to chromadb: a client, and collections in pages and batches."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import chromadb
import httpx
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError, NotFoundError

from indexer.store.checksums import MARK, fits, marks
from indexer.store.disk_space import DiskSpace
from indexer.store.failures import chroma_errors, raise_unless_gone
from indexer.store.rows import Row, Rows
from indexer.vectors import Vectors

Part = Literal["embeddings", "documents", "metadatas"]
_PAGE = 1_000  # rows a read: of more, each takes as long, and Python is held for all of them at once
_VALUES = 5_000  # values a condition; of over 32,000 SQLite fails
PATIENCE_S = 120.0  # for one answer of a Chroma server, the writing of some thousand rows included
# An upsert into the embedded store holds Python's lock from beginning to end (chromadb 1.5.9), and with it every
# answer: a server writes few rows at a time.
_SERVED_BATCH = 64
# The index, HNSW: with ef_construction 40 and 16 neighbours 0.7 % of 30,000 texts of three words out of 300 had no way
# that leads to them, with 100 and 32 none; with ef_search 400 all but 7 find themselves. Chroma's own: 100, 16, 100.
_INDEX = {"ef_construction": 100, "max_neighbors": 32, "ef_search": 400}
_WIDE = 5_000  # neighbours; who is not among so many of his own vector has no way that leads to him

_EQUAL = 1e-5  # cosine distance within which two vectors are the same


class Chroma:
    """A client of the embedded store in a folder, or of a Chroma server."""

    def __init__(self, folder: Path | None, url: str | None, *, serving: bool = False) -> None:
        """Open it; `serving` keeps writes short for those who ask meanwhile. Raises StoreUnavailable."""
        settings = ChromaSettings(anonymized_telemetry=False)
        with chroma_errors():
            if url is None:
                self._client = chromadb.PersistentClient(str(folder), settings=settings)
            else:
                self._client = _client_of_server(url, settings)
            self.folder = folder if url is None else None
            self._room = DiskSpace(self.folder) if self.folder else None
            most = int(self._client.get_max_batch_size())
            self.batch = min(most, _SERVED_BATCH) if serving and url is None else most

    def open(self, name: str, space: Literal["cosine", "l2"], metadata: Mapping[str, Any]) -> tuple["Collection", bool]:
        """Return the collection and whether it was made now; an existing one keeps its metadata."""
        made = False
        with chroma_errors():
            try:
                found = self._client.get_collection(name, embedding_function=None)
            except NotFoundError:
                found = self._client.get_or_create_collection(
                    name,
                    metadata=dict(metadata) or None,
                    configuration=cast(Any, {"hnsw": {"space": space, **_INDEX}}),
                    embedding_function=None,
                )
                made = True
        return Collection(found, self.batch, self._room), made

    def drop(self, name: str) -> None:
        """Delete the collection and all that is in it."""
        with chroma_errors():
            self._client.delete_collection(name)

    def has(self, name: str) -> bool:
        """Tell whether there is such a collection."""
        with chroma_errors():
            try:
                self._client.get_collection(name, embedding_function=None)
            except NotFoundError:
                return False
            return True

    def rename(self, name: str, to: str) -> None:
        """Give a collection another name, in one step."""
        with chroma_errors():
            self._client.get_collection(name, embedding_function=None).modify(name=to)

    def metadata(self, name: str) -> dict[str, Any]:
        """Return the collection's metadata as it is stored now, not as this process last saw it."""
        with chroma_errors():
            return dict(self._client.get_collection(name, embedding_function=None).metadata or {})

    def ping(self) -> None:
        """Raise StoreUnavailable where the store does not answer."""
        with chroma_errors():
            self._client.heartbeat()

    def close(self) -> None:
        """Release the files of an embedded store."""
        with chroma_errors():
            self._client.close()  # type: ignore[attr-defined]


class Collection:
    """One collection: reads in pages, writes in batches that Chroma takes."""

    def __init__(self, collection: chromadb.Collection, batch: int, room: DiskSpace | None) -> None:
        self._collection = collection
        self._batch = batch
        self._room = room  # None where the disk is a Chroma server's

    @property
    def name(self) -> str:
        """Return the collection's name."""
        return self._collection.name

    def count(self) -> int:
        """Return the number of rows."""
        with chroma_errors():
            return int(self._collection.count())

    def replace_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Put `metadata` in the place of all that is there."""
        with chroma_errors():
            self._collection.modify(metadata=dict(metadata))

    def upsert(
        self,
        ids: Sequence[str],
        vectors: Vectors,
        documents: Sequence[str],
        metadatas: Sequence[Mapping[str, Any]],
    ) -> None:
        """Write the rows, each with the mark of its vector; when it returns they are on disk."""
        for i in range(0, len(ids), self._batch):
            part = slice(i, i + self._batch)
            with chroma_errors():
                if self._room:
                    self._room.check(vectors[part], documents[part])
                self._collection.upsert(
                    ids=list(ids[part]),
                    embeddings=vectors[part],
                    documents=list(documents[part]),
                    metadatas=[
                        {**m, MARK: mark} for m, mark in zip(metadatas[part], marks(vectors[part]), strict=True)
                    ],
                )

    def get(self, ids: Sequence[str], *parts: Part) -> Iterator[Rows]:
        """Yield the rows with these ids that are there, in no promised order."""
        for i in range(0, len(ids), _PAGE):
            with chroma_errors():
                rows = Rows.read(self._collection.get(ids=list(ids[i : i + _PAGE]), include=list(parts)))
            yield rows

    def where(self, condition: Mapping[str, Any] | None, *parts: Part, most: int | None = None) -> Iterator[Rows]:
        """Yield the rows whose metadata meets a condition, at most `most`, a page at a time, in no promised order.

        By their ids, for Chroma cannot return some 32,000 rows with their parts at once.
        """
        with chroma_errors():
            found = Rows.read(self._collection.get(where=cast(Any, condition), limit=most, include=[]))
        yield from self.get(found.ids, *parts) if parts else [found]

    def having(self, key: str, values: Sequence[str], *parts: Part) -> Iterator[Rows]:
        """Yield the rows whose metadata `key` is one of `values`, a page at a time."""
        for i in range(0, len(values), _VALUES):
            yield from self.where({key: {"$in": list(values[i : i + _VALUES])}}, *parts)

    def first_having(
        self, key: str, values: Iterable[str], *parts: Part, where: Mapping[str, Any] | None = None
    ) -> Iterator[Rows]:
        """Yield at least one row, with its metadata, for each of `values` that is the `key` of any with `where`.

        However many rows share a value, few of them are read.
        """
        missing = set(values)
        while missing:
            asked = list(islice(missing, _VALUES))
            most, found, there = 2 * len(asked), 0, set()
            condition = _all_of({key: {"$in": asked}}, *_equal(where))
            for rows in self.where(condition, "metadatas", *parts, most=most):
                found += len(rows.ids)
                there |= {str(metadata[key]) for metadata in rows.metadatas}
                yield rows
            missing -= there if found == most else set(asked)

    def page(self, limit: int, offset: int, *parts: Part) -> Rows:
        """Return `limit` rows from `offset` on, in the order in which they first came."""
        with chroma_errors():
            return Rows.read(self._collection.get(limit=limit, offset=offset, include=list(parts)))

    def ids(self) -> list[str]:
        """Return the ids of all rows, in the order in which they first came."""
        with chroma_errors():
            return list(self._collection.get(include=[])["ids"])

    def pages(self, *parts: Part) -> Iterator[Rows]:
        """Yield the rows that are there now, a page at a time, in the order in which they first came.

        By their ids, for Chroma counts through all rows before an offset.
        """
        yield from self.get(self.ids(), *parts)

    def inspect(self, ids: Sequence[str] | None = None) -> Iterator[list[Row]]:
        """Yield the rows with these ids, or all, a page at a time, with what is wrong with their vectors."""
        parts: tuple[Part, ...] = ("documents", "metadatas")
        for rows in self.pages(*parts) if ids is None else self.get(ids, *parts):
            with chroma_errors():
                vectors = self._readable(rows.ids)
            found = []
            for id, document, metadata in zip(rows.ids, rows.documents, rows.metadatas, strict=True):
                vector = vectors.get(id)
                fault: Literal["gone", "wrong"] | None = None
                if vector is None:
                    fault = "gone"
                elif not fits(vector, metadata.get(MARK)):
                    vector, fault = None, "wrong"
                found.append(Row(id, document, metadata, vector, fault))
            yield found

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
        found = zip(ids, answer["ids"], answer["distances"], strict=True)
        return [id for id, near, far in found if id not in near and (not near or far[0] > _EQUAL)]

    def _readable(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """Return the vectors that can be read, by id: where Chroma refuses, each half is asked for alone."""
        try:
            rows = Rows.read(self._collection.get(ids=list(ids), include=["embeddings"]))
            return dict(zip(rows.ids, rows.vectors, strict=True))
        except ChromaError as error:
            raise_unless_gone(error)
            half = len(ids) // 2
            return {**self._readable(ids[:half]), **self._readable(ids[half:])} if half else {}

    def delete(self, ids: Sequence[str]) -> None:
        """Delete the rows with these ids; an id that is not there is passed over."""
        for i in range(0, len(ids), self._batch):
            with chroma_errors():
                if self._room:
                    self._room.check()
                self._collection.delete(ids=list(ids[i : i + self._batch]))

    def query(self, vectors: Vectors, k: int, where: Mapping[str, Any], *parts: Part) -> list[Rows]:
        """Return the k nearest rows of each vector, nearest first, with their distances."""
        with chroma_errors():
            answer: Any = self._collection.query(
                query_embeddings=vectors,
                n_results=k,
                where=cast(Any, _all_of(*_equal(where))),
                include=["distances", *parts],
            )
        return [Rows.read(answer, i) for i in range(len(answer["ids"]))]


def _equal(where: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    return [{name: {"$eq": value}} for name, value in (where or {}).items()]


def _all_of(*conditions: dict[str, Any]) -> dict[str, Any] | None:
    """Return one condition of several: Chroma takes no list of none or one."""
    return {"$and": list(conditions)} if len(conditions) > 1 else next(iter(conditions), None)


def _client_of_server(url: str, settings: ChromaSettings) -> Any:
    """Return a client that gives up on a server that hangs; chromadb's own waits for ever, as it is made too."""
    parts = urlsplit(url if "//" in url else f"http://{url}")
    host, port = parts.hostname or "localhost", parts.port or (443 if parts.scheme == "https" else 8000)
    host = f"[{host}]" if ":" in host else host
    httpx.get(f"{parts.scheme}://{host}:{port}/api/v2/heartbeat", timeout=PATIENCE_S)
    client: Any = chromadb.HttpClient(host=host, port=port, ssl=parts.scheme == "https", settings=settings)
    client._server._session.timeout = httpx.Timeout(PATIENCE_S)
    return client
