"""The history of maps: which there are, and from which a new one starts."""

from __future__ import annotations

from indexer.clusters.history import RecordHistory, new_record
from indexer.contract.clusterings import NEWEST
from indexer.contract.maps import Map, MapSettings
from indexer.store.maps import MapContent, MapTable, StoredMap
from indexer.store.store import Store


class MapHistory(RecordHistory[StoredMap, MapContent]):
    """All maps of one store."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, "map")

    @property
    def _table(self) -> MapTable:
        return self._store.maps

    def add(self, settings: MapSettings, words: int) -> str:
        """Store a new map as queued and return its id."""
        return self._add(StoredMap(Map(**new_record(), settings=settings, words=words)))

    def start_of(self, settings: MapSettings) -> str | None:
        """Return the id of the map to start from; raises InvalidRequest where the one named has not finished."""
        if settings.start == NEWEST:
            return next(iter(self.done()), None)
        if settings.start is not None:
            self._check_start(settings.start)
        return settings.start
