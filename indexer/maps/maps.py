"""The maps of a corpus: drawn, kept, and asked for positions, colours, words and selections."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np

from indexer.clusters.clusterings import Clusterings
from indexer.clusters.work import Work
from indexer.contract import runs
from indexer.contract.maps import (
    LEAST_LANDMARKS,
    MOST_LANDMARKS,
    Map,
    MapColours,
    MapList,
    MapPlace,
    MapPlaces,
    MapPoints,
    MapSelection,
    MapSettings,
    MapWord,
    MapWords,
)
from indexer.embedders import Embedder
from indexer.errors import InvalidRequest, NotFound
from indexer.maps.axes import along
from indexer.maps.colouring import Classes, cluster_classes, coloured, metadata_colours, topic_classes
from indexer.maps.drawing import Drawing, draw
from indexer.maps.history import MapHistory
from indexer.maps.placing import Positions
from indexer.maps.positions import PlacedWords
from indexer.maps.rows import KeptRows, MapRows
from indexer.maps.selecting import Polygon, checked, inside, selection
from indexer.progress import Progress
from indexer.records import valid_texts
from indexer.store.generations import of_one_model
from indexer.store.maps import MapContent, StoredMap
from indexer.store.store import Store
from indexer.topics.answering import InUse
from indexer.topics.topics import TopicIndex
from indexer.vectors import Floats
from indexer.words.corpus import Corpus
from indexer.words.listing import Listing
from indexer.words.rows import View

_AT_HAND = 2  # maps whose landmarks and positions are in memory
_CLUSTER, _METADATA = "cluster", "metadata"


class Maps(Work[MapSettings, Map, StoredMap, MapContent], runs.Maps):
    """The maps of one corpus; words that came after a map was drawn are placed when somebody looks at it.

    A drawing works on a view of the words: it holds no lock, and words may change meanwhile.
    """

    history: MapHistory

    def __init__(
        self,
        store: Store,
        corpus: Corpus,
        topics: TopicIndex,
        clusterings: Clusterings,
        embedder: Callable[[], Embedder],
    ) -> None:
        super().__init__(store, MapHistory(store))
        self._corpus = corpus
        self._topics = topics
        self._clusterings = clusterings
        self._embedder = embedder
        self._rows = KeptRows(corpus)
        self._at_hand: dict[str, PlacedWords] = {}  # the last one was used last
        self._reading = threading.Lock()

    def create(self, settings: MapSettings) -> str:
        """Keep a new map as queued and return its id.

        Raises InvalidRequest for what can never succeed: no words, a number of landmarks that is out of range, a
        start that is not there or has not finished.
        """
        if not LEAST_LANDMARKS <= settings.landmarks <= MOST_LANDMARKS:
            raise InvalidRequest(f"ask for {LEAST_LANDMARKS} to {MOST_LANDMARKS:,} landmarks, not {settings.landmarks}")
        words = self._store.words.count()
        if words == 0:
            raise InvalidRequest("there are no words to draw; index some first")
        start = self.history.start_of(settings)
        return self.history.add(settings.model_copy(update={"start": start}), words)

    def all(self) -> MapList:
        return MapList(maps=[self._current(stored.record) for stored in self.history.all()])

    @of_one_model
    def points(self, id: str, axes: tuple[str, str] | None = None) -> MapPoints:
        placed, rows = self._placed(id), self._rows.get()
        if axes is None:
            return MapPoints(rows.order, placed.positions(rows).astype("<u2", copy=False).tobytes())
        positions, low, high = self._along(rows, axes)
        return MapPoints(rows.order, positions.astype("<u2", copy=False).tobytes(), low, high)

    @of_one_model
    def colours(self, id: str, by: str) -> MapColours:
        placed, rows = self._placed(id), self._rows.get()
        return coloured(by, rows, self._coloured(rows, by), placed.positions(rows))

    def words(self, id: str, rows: Sequence[int] = (), ids: Sequence[str] = ()) -> MapWords:
        self._placed(id)
        there = self._rows.get()
        numbers = there.numbers(ids) if ids else {}
        wanted = [row for row in rows if 0 <= row < len(there)] + [numbers[id] for id in ids if id in numbers]
        words = there.view.words(there.rows[np.array(wanted, dtype=np.intp)])
        return MapWords(
            words=[
                MapWord(row=row, id=word.id, text=word.text, metadata=dict(word.metadata))
                for row, word in zip(wanted, words, strict=True)
            ]
        )

    @of_one_model
    def select(
        self,
        id: str,
        *,
        polygon: Polygon | None = None,
        rows: Sequence[int] | None = None,
        contains: str | None = None,
        axes: tuple[str, str] | None = None,
    ) -> MapSelection:
        if sum(given is not None for given in (polygon, rows, contains)) != 1:
            raise InvalidRequest("give exactly one of polygon, rows and contains")
        if axes is not None and polygon is None:
            raise InvalidRequest("axes go with a polygon")
        if polygon is not None:
            checked(polygon)
        placed, there = self._placed(id), self._rows.get()
        if polygon is not None:
            positions = placed.positions(there) if axes is None else self._along(there, axes)[0]
            selected = np.flatnonzero(inside(polygon, positions))
        elif contains is not None:
            selected = Listing(there.view, contains).found
        else:
            selected = np.unique([row for row in rows or () if 0 <= row < len(there)]).astype(np.intp)
        return selection(there, selected, self._topics.current.used())

    @of_one_model
    def locate(self, id: str, texts: Sequence[str]) -> MapPlaces:
        texts = valid_texts(texts)
        drawing = self._placed(id).drawing
        placed = drawing.place(self._embedder().embed(texts)) if texts else None
        return MapPlaces(
            results=[
                MapPlace(text=text, x=x, y=y, off_map=far)
                for text, (x, y), far in zip(texts, placed.positions.tolist(), placed.far.tolist(), strict=True)
            ]
            if placed is not None
            else []
        )

    def newest_places(self) -> tuple[View, Positions | None]:
        """Return all words as they are now, and their places on the newest finished map, by the rows of the view.

        There are no places, shape (rows, 2), where no map has finished.
        """
        newest = next(iter(self.history.done()), None)
        if newest is None:
            return self._corpus.load().view(), None
        rows = self._rows.get()
        places = np.zeros((len(rows.view.alive), 2), dtype=np.uint16)
        places[rows.rows] = self._placed(newest).positions(rows)
        return rows.view, places

    def _find(self, stored: StoredMap, progress: Progress) -> tuple[StoredMap, MapContent]:
        rows = self._rows.get()
        if not len(rows):
            raise InvalidRequest("there are no words any more; index some first")
        settings = stored.record.settings
        start = None if settings.start is None else self._placed(settings.start).drawing
        drawn = draw(rows.view, settings, start, progress)
        drawing, positions = drawn.drawing, rows.from_view(drawn.placed.positions)
        content = MapContent(drawing.landmarks, drawing.positions, drawing.reach, rows.keys, positions)
        found = {"status": "done", "progress": 1.0, "words": len(rows), "model": self._store.model_name()}
        return stored.updated(**found, quality=drawn.quality, moved=drawn.moved, far=drawn.far), content

    def _placed(self, id: str) -> PlacedWords:
        """Return a finished map with the positions of its words, from memory where it is there.

        Raises NotFound, Conflict where it has not finished.
        """
        done = self.history.done()
        with self._reading:
            found = self._at_hand.pop(id, None) if id in done else None
            if found is None:
                self.history.finished(id)
                content = self._store.maps.content(id)
                drawing = Drawing(content.landmarks, content.places, content.reach)
                found = PlacedWords(drawing, content.keys, content.positions)
            # this also forgets those that were deleted or dropped, here or by another process
            kept = [(other, words) for other, words in self._at_hand.items() if other in done]
            self._at_hand = dict([*kept[1 - _AT_HAND :], (id, found)])
            return found

    def _coloured(self, rows: MapRows, by: str) -> Classes | Floats:
        kind, _, name = by.partition(":")
        if by in ("topic", "score"):
            classes, scores = topic_classes(rows, self._used())
            return classes if by == "topic" else scores
        if by == _CLUSTER or (kind == _CLUSTER and name):
            found = self._clusterings.cluster_set(name or self._clusterings.history.newest())
            return cluster_classes(rows, found.prototypes, [cluster.name for cluster in found.clusters])
        if kind == _METADATA and name:
            values = metadata_colours(rows, name)
            if values is None:
                raise NotFound(f"no word has the metadata {name!r}")
            return values
        raise InvalidRequest(f"by is {by!r}; give topic, score, cluster, cluster:ID or metadata:NAME")

    def _used(self) -> InUse:
        """Return the topics that answer; raises InvalidRequest where there are none."""
        used = self._topics.current.used()
        if not used.prototypes.names:
            raise InvalidRequest("there are no topics; set some first")
        return used

    def _along(self, rows: MapRows, axes: tuple[str, str]) -> tuple[Positions, float, float]:
        if axes[0] == axes[1]:
            raise InvalidRequest(f"both axes are {axes[0]!r}; give two different topics")
        prototypes = self._topics.current.used().prototypes
        for name in axes:
            if name not in prototypes.names:
                raise NotFound(f"there is no topic {name!r}")
        positions, low, high = along(rows.view, prototypes, *map(prototypes.names.index, axes))
        return rows.from_view(positions), low, high

    def _current(self, record: Map) -> Map:
        """Return a map with what is not stored with it: how far it is, and how many words have come since."""
        update = self._share(record.id, record.status)
        if record.status == "done":
            update["new_words"] = max(0, self._corpus.count() - record.words)
        return record.model_copy(update=update)
