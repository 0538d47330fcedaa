"""The maps of a server: drawn, followed until they end, kept, and looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

from indexer.contract.maps import (
    Map,
    MapColours,
    MapList,
    MapPlaces,
    MapPoints,
    MapSelection,
    MapSettings,
    MapWords,
)
from indexer.contract.runs import Maps
from indexer.progress import Progress
from indexer.records import MOST_ITEMS, batched
from indexer.remote.connection import Connection, path_part
from indexer.remote.following import followed

_ADDRESS_BYTES = 16 * 1024  # of the rows or ids in one address, escaped


class RemoteMaps(Maps):
    """The protocol `Maps` over HTTP; the server does the work."""

    def __init__(self, connection: Connection, check_model: Callable[[], None]) -> None:
        self._connection = connection
        self._check_model = check_model

    def make(self, settings: MapSettings, progress: Progress | None = None) -> Map:
        body = settings.model_dump(exclude_defaults=True)
        started = self._connection.ask(Map, "POST", "/v1/maps", body, writes=True)
        return followed(started, self.get, self.delete, progress)

    def all(self) -> MapList:
        return self._connection.ask(MapList, "GET", "/v1/maps")

    def get(self, id: str) -> Map:
        return self._connection.ask(Map, "GET", _path(id))

    def delete(self, id: str) -> None:
        self._connection.call("DELETE", _path(id), writes=True)

    def pin(self, id: str, pinned: bool = True) -> Map:
        return self._connection.ask(Map, "POST" if pinned else "DELETE", f"{_path(id)}/pin", writes=True)

    def points(self, id: str, axes: tuple[str, str] | None = None) -> MapPoints:
        response = self._connection.fetch(f"{_path(id)}/points", {"axes": axes})
        low, high = response.headers.get("Topicdex-Low"), response.headers.get("Topicdex-High")
        return MapPoints(
            order=response.headers.get("ETag", "").strip('"'),
            positions=response.content,
            low=None if low is None else float(low),
            high=None if high is None else float(high),
        )

    def colours(self, id: str, by: str) -> MapColours:
        return self._connection.ask(MapColours, "GET", f"{_path(id)}/colours", query={"by": by})

    def words(self, id: str, rows: Sequence[int] = (), ids: Sequence[str] = ()) -> MapWords:
        path = f"{_path(id)}/words"
        by_row = batched([str(row) for row in rows if row >= 0], MOST_ITEMS, len, _ADDRESS_BYTES // 2)
        by_id = batched(ids, MOST_ITEMS, lambda id: len(path_part(id)), _ADDRESS_BYTES)
        queries = chain(({"rows": ",".join(some)} for some in by_row), ({"ids": some} for some in by_id))
        pages = [self._connection.ask(MapWords, "GET", path, query=query) for query in queries]
        if not pages:
            self.get(id)  # for what it raises
        return MapWords(words=[word for page in pages for word in page])

    def select(
        self,
        id: str,
        *,
        polygon: Sequence[tuple[float, float]] | None = None,
        rows: Sequence[int] | None = None,
        contains: str | None = None,
        axes: tuple[str, str] | None = None,
    ) -> MapSelection:
        given = {"polygon": polygon, "rows": rows, "contains": contains, "axes": axes}
        body = {name: value for name, value in given.items() if value is not None}
        return self._connection.ask(MapSelection, "POST", f"{_path(id)}/select", body)

    def locate(self, id: str, texts: Sequence[str]) -> MapPlaces:
        self._check_model()
        return self._connection.ask_all(MapPlaces, f"{_path(id)}/locate", texts, {})


def _path(id: str) -> str:
    return f"/v1/maps/{path_part(id)}"
