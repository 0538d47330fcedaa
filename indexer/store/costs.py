"""The payments in Chroma: a row for each indexing, and for each day of lookups; made when the first is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, fields

import numpy as np

from indexer.embedders.spending import Payment
from indexer.store.collection import Collection

_PREFIX = "topicdex:"
_DAY = f"{_PREFIX}day"


class CostTable:
    """The collection of payments; a store that never paid has none, and earlier versions leave it alone."""

    def __init__(self, open: Callable[[], Collection], exists: Callable[[], bool], *, shared: bool) -> None:
        """`open` makes the collection where there is none; `shared`: other processes write to it."""
        self._open = open
        self._exists = exists
        self.shared = shared

    def read(self, days: Sequence[str] | None = None) -> list[Payment]:
        """Return the payments of these days, or all."""
        if not self._exists():
            return []
        names, collection = [field.name for field in fields(Payment)], self._open()
        pages = collection.pages("metadatas") if days is None else collection.having(_DAY, days, "metadatas")
        return [
            Payment(**{name: metadata[_PREFIX + name] for name in names})
            for rows in pages
            for metadata in rows.metadatas
            if all(_PREFIX + name in metadata for name in names)  # else it is of another program
        ]

    def write(self, payments: Sequence[Payment]) -> None:
        """Write payments, each in the place of an earlier one with its id; they are on disk when this returns."""
        entries = [{_PREFIX + name: value for name, value in asdict(payment).items()} for payment in payments]
        vectors = np.zeros((len(payments), 1), dtype=np.float32)
        self._open().upsert([payment.id for payment in payments], vectors, [""] * len(payments), entries)
