"""The records of long work in Chroma, of clusterings and of maps: a row for each, and rows for what the work found."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, Self, TypeVar

import numpy as np

from indexer.contract.clusterings import Status
from indexer.store.collection import Collection
from indexer.store.rows import Rows

KIND = "topicdex:kind"
OWNER = "topicdex:run"  # the id of the record that a row belongs to
POSITION = "topicdex:position"


class Record(Protocol):
    """What a record says of the work, whatever that is."""

    @property
    def id(self) -> str:
        """Return its id."""

    @property
    def status(self) -> Status:
        """Return whether it is queued, running, done, failed or cancelled."""

    @property
    def created(self) -> str:
        """Return when it was made, RFC 3339."""

    @property
    def pinned(self) -> bool:
        """Tell whether it is kept however many come later."""

    @property
    def ended(self) -> bool:
        """Tell whether it is done, failed or cancelled."""

    def model_copy(self, *, update: Mapping[str, Any] | None = None) -> Self:
        """Return a copy in which these fields are replaced."""


R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Stored(ABC, Generic[R]):
    """A record; each kind adds what is stored beside it."""

    record: R

    @property
    @abstractmethod
    def heartbeat(self) -> float:
        """Return when its process last said that it is working on it, in seconds since the epoch."""

    @property
    def id(self) -> str:
        """Return the id of the record."""
        return self.record.id

    def beating(self, now: float) -> Self:
        """Return a copy with a heartbeat of now."""
        fields: dict[str, Any] = {"heartbeat": now}
        return replace(self, **fields)

    def updated(self, **fields: Any) -> Self:
        """Return a copy in which these fields of the record are replaced."""
        return replace(self, record=self.record.model_copy(update=fields))


S = TypeVar("S", bound=Stored[Any])
Found = TypeVar("Found")


class RecordTable(ABC, Generic[S, Found]):
    """A collection of records of one kind, each with what its work found.

    In memory: which of them are done, as those stay done until they are deleted.
    """

    def __init__(self, collection: Collection, dimension: Callable[[], int], parse: Callable[[str], S]) -> None:
        """Use a collection whose vectors have this dimension; `parse` reads what a record's row has as its document."""
        self._collection = collection
        self._dimension = dimension
        self._parse = parse
        self._done: dict[str, str] | None = None  # when each was made, newest first; replaced, never changed
        self._reading = threading.Lock()

    def write(self, stored: S, found: Found | None = None) -> None:
        """Write a record, with what was found where it is done; it is on disk when this returns.

        The record's own row is written last: where it says that all is done, all is there.
        """
        self._write(stored, found)
        if stored.record.status == "done":
            with self._reading:
                if self._done is not None:
                    self._done = _newest_first({**self._done, stored.id: stored.record.created})

    @abstractmethod
    def rewrite(self, stored: S) -> None:
        """Write a record that is done once more; what was found stays as it is. Raises NotFound."""

    @abstractmethod
    def _write(self, stored: S, found: Found | None) -> None:
        """Write the rows."""

    def all(self) -> list[S]:
        """Return all records, newest first."""
        found = self._stored(self._collection.having(KIND, ["run"], "documents"))
        return sorted(found, key=lambda stored: (stored.record.created, stored.id), reverse=True)

    def done(self) -> list[str]:
        """Return the ids of the records that are done, newest first, as this process or `refresh` last saw them."""
        if not self._done:
            self.refresh()
        return list(self._done or ())

    def refresh(self) -> list[S]:
        """Read from the store which records are done, and return those that are not.

        Those already known to be done, whose rows are long, are not read again.
        """
        with self._reading:
            known = self._done or {}
            ids = [id for rows in self._collection.having(KIND, ["run"]) for id in rows.ids]
            read = self._stored(self._collection.get([id for id in ids if id not in known], "documents"))
            done = {stored.id: stored.record.created for stored in read if stored.record.status == "done"}
            self._done = _newest_first({**{id: known[id] for id in ids if id in known}, **done})
        return [stored for stored in read if stored.record.status != "done"]

    def get(self, id: str) -> S | None:
        """Return one record; None where there is none with this id."""
        for rows in self._collection.get([id], "documents"):
            for document in rows.documents:
                if document:
                    return self._parse(document)
        return None

    def request_cancel(self, id: str) -> None:
        """Ask the process that works on a record to cancel it."""
        row = np.zeros((1, self._dimension()), dtype=np.float32)
        self._collection.upsert([f"{id}/off"], row, [""], [{KIND: "off", OWNER: id, POSITION: -2}])

    def cancel_requested(self, id: str) -> bool:
        """Tell whether somebody asked to cancel the work on a record."""
        return any(rows.ids for rows in self._collection.get([f"{id}/off"]))

    def delete(self, ids: Sequence[str]) -> None:
        """Delete records with what they found."""
        self._collection.delete([id for rows in self._collection.having(OWNER, list(ids)) for id in rows.ids])
        with self._reading:
            if self._done is not None:
                self._done = {id: created for id, created in self._done.items() if id not in ids}

    def _stored(self, pages: Iterable[Rows]) -> list[S]:
        return [self._parse(document) for rows in pages for document in rows.documents]


def _newest_first(done: Mapping[str, str]) -> dict[str, str]:
    return dict(sorted(done.items(), key=lambda entry: (entry[1], entry[0]), reverse=True))
