"""A map as one HTML file: its points, colours and texts, with the page's own view of them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress

from indexer.contract.maps import MapColours, MapPoints
from indexer.contract.runs import Maps
from indexer.contract.service import Service
from indexer.errors import Conflict, InvalidRequest, NoClustering, NotFound
from indexer.records import MOST_ITEMS
from server.single_file import single_file

TEXTS = 50_000  # rows whose text is in the file: with more, texts would be most of it
ENTRY = "js/map/file.js"
STYLES = ("css/tokens.css", "css/base.css", "css/parts.css", "css/map.css")
_COLOURINGS = ("topic", "cluster", "score")
_TRIES = 3  # to read points and colours between two changes of the words


def map_file(service: Service, id: str) -> Iterator[str]:
    """Yield a finished map as an HTML file: all points, coloured by topic, cluster and score where these are there.

    A word takes 5.3 bytes, and 2.7 for each way to colour; only the first 50,000 have their text with them, so a
    million words make some 17 MB. Metadata and vectors are left out. Raises NotFound, Conflict where the map has not
    finished or the words change all the time.
    """
    shown = service.maps.get(id)
    if shown.status != "done":
        raise Conflict(f"the map {id} is {shown.status}; ask for one that is done")
    points, colourings = _drawn(service.maps, id)
    count = len(points.positions) // 4
    texts = [""] * min(count, TEXTS)  # of a word that is deleted meanwhile
    for start in range(0, len(texts), MOST_ITEMS):
        for word in service.maps.words(id, rows=range(start, min(start + MOST_ITEMS, len(texts)))):
            texts[word.row] = word.text
    title = f"Map of {count:,} words"
    data = {
        "title": title,
        "words": count,
        "quality": None if shown.quality is None else shown.quality.model_dump(),
        "points": b64encode(points.positions).decode(),
        "colourings": [colours.model_dump() for colours in colourings],
        "texts": texts,
    }
    return single_file(title, ENTRY, STYLES, data)


def _drawn(maps: Maps, id: str) -> tuple[MapPoints, list[MapColours]]:
    """Return the points and the colours of the same rows."""
    for _ in range(_TRIES):
        points = maps.points(id)
        colourings = []
        for by in _COLOURINGS:
            with suppress(NoClustering, NotFound, InvalidRequest):  # there are no topics, or no clusters
                colourings.append(maps.colours(id, by))
        if all(colours.order == points.order for colours in colourings):
            return points, colourings
    raise Conflict("the words are changing; try again when they are not")
