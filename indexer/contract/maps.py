"""Maps as every part of the service has them: settings, quality, points, colours, selections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from indexer.contract.answer import Answer, Table
from indexer.contract.clusterings import NEWEST, Status
from indexer.records import Scalar

WIDTH = 65_535  # of a map: positions are whole numbers from 0 to here, y upwards
LEAST_LANDMARKS, MOST_LANDMARKS = 3, 20_000
NONE = 65_535  # as a row's colour: it has none

ColourKind = Literal["class", "value"]


class MapSettings(Answer):
    """How a map is drawn: by how many landmarks, and from which map it starts.

    `start` is the id of a map, null for a fresh one; "newest", the newest finished one, is replaced by its id.
    """

    landmarks: int = 10_000
    seed: int = 42
    start: str | None = NEWEST


class MapQuality(Answer):
    """What the map keeps of the full space, on a sample of its words.

    `neighbours_kept`: the share of the 15 nearest words in the full space that are among the 15 nearest on the map;
    `trustworthiness`: as scikit-learn has it, with 15 neighbours; `sample`: the words of the sample, which are each
    other's neighbours. Null where there are too few words.
    """

    neighbours_kept: float | None
    trustworthiness: float | None
    sample: int


class Map(Answer):
    """A map: queued, running, or ended, and then what it shows.

    `words` were there when it was drawn, `new_words` have come since. `moved`: the share of the width by which the
    median word moved from the map that it started from; `far`: the share of the words that lie far from every
    landmark, so that their place says little.
    """

    id: str
    status: Status
    progress: float
    settings: MapSettings
    words: int
    quality: MapQuality | None = None
    moved: float | None = None
    far: float | None = None
    created: str
    seconds: float | None = None
    error: str | None = None
    pinned: bool = False
    model: str | None = Field(default=None, exclude_if=lambda value: value is None)
    new_words: int | None = Field(default=None, exclude_if=lambda value: value is None)

    @property
    def ended(self) -> bool:
        """Tell whether it is done, failed or cancelled."""
        return self.status not in ("queued", "running")

    def records(self) -> list[dict[str, Any]]:
        """Return one row, with a column for each figure."""
        quality = (self.quality or MapQuality(neighbours_kept=None, trustworthiness=None, sample=0)).model_dump()
        return [{**self.model_dump(exclude={"quality", "settings"}), **self.settings.model_dump(), **quality}]


class MapList(Table[Map]):
    """Maps, newest first."""

    table = "maps"

    maps: list[Map]


@dataclass(frozen=True)
class MapPoints:
    """Where the words are: `positions` has four bytes a row, x and y as little-endian uint16.

    `order` is the order of the rows, the `ETag` over HTTP. By two topics, a position is a score from `low` (0) to
    `high` (`WIDTH`); on the map itself both are null.
    """

    order: str
    positions: bytes
    low: float | None = None
    high: float | None = None


class LegendEntry(Answer):
    """A class of a colouring: its name, how many words have it, and its middle on the map, null where it has none.

    `id`: the cluster's, where the classes are clusters. The place in the legend is the number that rows have.
    """

    name: str
    count: int
    x: int | None
    y: int | None
    id: str | None = None


class MapColours(Answer):
    """A colour for each row of a map, in the order of its points.

    `rows`: base64 of little-endian uint16, one for each row; `NONE` where a row has none. Of kind "class" it is the
    place in the legend, of kind "value" a number from 0 (`low`) to 65,534 (`high`). `order`: the `ETag` of the points
    that it goes with.
    """

    by: str
    kind: ColourKind
    order: str
    rows: str
    legend: list[LegendEntry] = []
    low: float | None = None
    high: float | None = None


class MapWord(Answer):
    """A word and its row on the map."""

    row: int
    id: str
    text: str
    metadata: dict[str, Scalar] = {}


class MapWords(Table[MapWord]):
    """Words of a map, in the order in which they were asked for; rows and ids that are not there are left out."""

    table = "words"

    words: list[MapWord]


class TopicCount(Answer):
    """How many words of a selection have a topic; `topic` null: none of these."""

    topic: str | None
    count: int


class MapSelection(Answer):
    """The words of a selection: how many, what they have in common, and which rows they are.

    `rows`: base64 of little-endian uint32, ascending; `keywords` set the selection apart from the rest; `examples` are
    typical words, best first.
    """

    count: int
    rows: str
    topics: list[TopicCount]
    keywords: list[str]
    examples: list[MapWord]


class MapPlace(Answer):
    """Where a text would lie; `off_map`: it is far from every landmark, and the place says nothing."""

    text: str
    x: int
    y: int
    off_map: bool


class MapPlaces(Table[MapPlace]):
    """Places in the order of the texts."""

    results: list[MapPlace]
