"""Tables that are built again: the new collection lies beside the old one until it is whole, and then replaces it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, get_args

from indexer.store.chroma import Chroma, Space
from indexer.store.collection import Collection

# A rebuilt collection has this suffix until it replaces the old one, and this key once it is whole and may do so.
_REBUILT, _WHOLE_KEY = "-rebuilt", "topicdex:whole"

TableName = Literal["words", "topics", "clusterings"]


class Rebuildings:
    """The rebuildings of a store, whose collections and their spaces are `spaces`.

    The old collection stays as it is until the new one is marked as whole, and is then deleted. Whenever the process is
    killed, one of the two is whole, and `finish`, at the next opening of the store, takes that one.
    """

    def __init__(self, chroma: Chroma, spaces: Mapping[str, Space]) -> None:
        self._chroma = chroma
        self._spaces = spaces

    def unfinished(self) -> list[TableName]:
        """Return the tables whose rebuilding was cut off; the old ones are still there and in use."""
        return [table for table in get_args(TableName) if self._chroma.has(_name(table) + _REBUILT)]

    def abandon(self, table: TableName) -> None:
        """Delete what a rebuilding that was cut off has left."""
        if self._chroma.has(name := _name(table) + _REBUILT):
            self._chroma.drop(name)

    @contextmanager
    def begun(self, table: TableName) -> Iterator[Collection]:
        """Give an empty collection to fill; at the end of the `with` it is whole, and `finish` puts it into use."""
        name = _name(table)
        self.abandon(table)
        collection, _ = self._chroma.open(name + _REBUILT, self._spaces[name], {})
        yield collection
        collection.replace_metadata({**self._chroma.metadata(name), _WHOLE_KEY: True})

    def finish(self) -> None:
        """Replace each old collection whose new one is whole."""
        for name in self._spaces:
            rebuilt = name + _REBUILT
            if self._chroma.has(rebuilt) and self._chroma.metadata(rebuilt).get(_WHOLE_KEY):
                if self._chroma.has(name):
                    self._chroma.drop(name)
                self._chroma.rename(rebuilt, name)


def _name(table: TableName) -> str:
    return f"topicdex-{table}"
