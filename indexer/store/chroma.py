"""The client of Chroma: an embedded store or a Chroma server, with its collections by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import chromadb
import httpx
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import NotFoundError

from indexer.store.collection import Collection
from indexer.store.disk_space import DiskSpace
from indexer.store.failures import chroma_errors

Space = Literal["cosine", "l2"]
PATIENCE_S = 120.0  # for one answer of a Chroma server, which may write some thousand rows for it
# An upsert into the embedded store holds Python's lock from beginning to end (chromadb 1.5.9), and no request is
# answered meanwhile: a server writes few rows at a time.
_SERVED_BATCH = 64
# The HNSW graph: with ef_construction 40 and 16 neighbours, 0.7 % of 30,000 texts (three words out of 300) were
# unreachable; with 100 and 32, none. With ef_search 400 all but 7 find themselves. Chroma's defaults: 100, 16, 100.
_INDEX = {"ef_construction": 100, "max_neighbors": 32, "ef_search": 400}

# Rows after which Chroma writes its index of such a collection and empties its queue, by how its name begins; elsewhere
# 1,000. A map has a few rows, which are large: else every map would stay in the queue for good.
_SYNCED = {"topicdex-maps": 8}


class Chroma:
    """A client of the embedded store in a folder, or of a Chroma server."""

    def __init__(self, folder: Path | None, url: str | None, *, serving: bool = False) -> None:
        """Open it; `serving` keeps writes short, as requests wait for them. Raises StoreUnavailable."""
        settings = ChromaSettings(anonymized_telemetry=False)
        with chroma_errors():
            if url is None:
                self._client = chromadb.PersistentClient(str(folder), settings=settings)
            else:
                self._client = _client_of_server(url, settings)
            self.folder = folder if url is None else None
            self._disk = DiskSpace(self.folder) if self.folder else None
            most = int(self._client.get_max_batch_size())
            self._batch = min(most, _SERVED_BATCH) if serving and url is None else most

    def open(self, name: str, space: Space, metadata: Mapping[str, Any]) -> tuple[Collection, bool]:
        """Return the collection and whether it was made now; an existing one keeps its metadata."""
        rows = next((rows for start, rows in _SYNCED.items() if name.startswith(start)), None)
        often = {} if rows is None else {"sync_threshold": rows, "batch_size": rows}
        with chroma_errors():
            existing = self._find(name)
            collection = existing or self._client.get_or_create_collection(
                name,
                metadata=dict(metadata) or None,
                configuration=cast(Any, {"hnsw": {"space": space, **_INDEX, **often}}),
                embedding_function=None,
            )
        return Collection(collection, self._batch, self._disk), existing is None

    def drop(self, name: str) -> None:
        """Delete the collection with all its rows."""
        with chroma_errors():
            self._client.delete_collection(name)

    def has(self, name: str) -> bool:
        """Tell whether there is such a collection."""
        with chroma_errors():
            return self._find(name) is not None

    def _find(self, name: str) -> chromadb.Collection | None:
        try:
            return self._client.get_collection(name, embedding_function=None)
        except NotFoundError:
            return None

    def rename(self, name: str, to: str) -> None:
        """Give a collection another name, in one step."""
        with chroma_errors():
            self._client.get_collection(name, embedding_function=None).modify(name=to)

    def ids_by_name(self) -> dict[str, str]:
        """Return the id of each collection by its name."""
        with chroma_errors():
            return {found.name: str(found.id) for found in self._client.list_collections()}

    def metadata(self, name: str) -> dict[str, Any]:
        """Return the collection's metadata as it is stored now, not as this process last read it."""
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


def _client_of_server(url: str, settings: ChromaSettings) -> Any:
    """Return a client that gives up on a server that hangs; chromadb's own waits for ever, already when it is made."""
    parts = urlsplit(url if "//" in url else f"http://{url}")
    host, port = parts.hostname or "localhost", parts.port or (443 if parts.scheme == "https" else 8000)
    host = f"[{host}]" if ":" in host else host
    httpx.get(f"{parts.scheme}://{host}:{port}/api/v2/heartbeat", timeout=PATIENCE_S)
    client: Any = chromadb.HttpClient(host=host, port=port, ssl=parts.scheme == "https", settings=settings)
    client._server._session.timeout = httpx.Timeout(PATIENCE_S)
    return client
