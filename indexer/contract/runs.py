"""The protocols of long work over all words, which `Service` has: clusterings, maps, and changes of the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from indexer.contract.clusterings import (
    ClusterAnswers,
    Clustering,
    ClusteringDiff,
    ClusteringList,
    ClusteringSettings,
    ClusterWordPage,
)
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
from indexer.contract.reembeddings import Reembedded, ReembeddingList
from indexer.progress import Progress


class Clusterings(Protocol):
    """The clusterings, newest first, and the clusters of texts."""

    def make(self, settings: ClusteringSettings, progress: Progress | None = None) -> Clustering:
        """Recluster the stored words and return the clustering once it has ended, also where it has failed.

        `progress` is called with the share done; Ctrl-C cancels. Raises InvalidRequest for settings that can never
        succeed, TooManyJobs.
        """

    def all(self) -> ClusteringList:
        """Return all clusterings, newest first."""

    def get(self, id: str) -> Clustering:
        """Return one clustering; raises NotFound."""

    def delete(self, id: str) -> None:
        """Remove a clustering that has ended, cancel one that has not; raises NotFound, Conflict."""

    def pin(self, id: str, pinned: bool = True) -> Clustering:
        """Keep a clustering however many come later, or no longer; raises NotFound, Conflict before it has finished."""

    def activate(self, id: str) -> Clustering:
        """Make topic lookups answer from a clustering that grew from the present topics; raises NotFound, Conflict."""

    def words(self, id: str, limit: int, cursor: str | None = None, cluster: str | None = None) -> ClusterWordPage:
        """Return `limit` words, 1,000 at most, with their clusters, in the order of their ids, from the cursor on.

        Raises NotFound for the clustering or the cluster, Conflict where the clustering has not finished.
        """

    def nearest(self, texts: Sequence[str], k: int = 1, id: str | None = None) -> ClusterAnswers:
        """Return the k nearest clusters of each text in the newest finished clustering, or in the one with this id.

        Raises NoClustering where none has finished, NotFound, Conflict where the one asked for has not.
        """

    def diff(self, old: str, new: str) -> ClusteringDiff:
        """Return what became of the clusters of one clustering in another, over the words that are there now."""


class Maps(Protocol):
    """The maps, newest first, and what can be seen on one that has finished.

    Calls that look at a map raise NotFound, and Conflict where it has not finished. Its rows are the words that are
    there now, in an order that the points have a name for; words that came after it was drawn are placed on it.
    """

    def make(self, settings: MapSettings, progress: Progress | None = None) -> Map:
        """Draw the stored words and return the map once it has ended, also where it has failed.

        `progress` is called with the share done; Ctrl-C cancels. Raises InvalidRequest for settings that can never
        succeed, TooManyJobs.
        """

    def all(self) -> MapList:
        """Return all maps, newest first."""

    def get(self, id: str) -> Map:
        """Return one map; raises NotFound."""

    def delete(self, id: str) -> None:
        """Remove a map that has ended, cancel one that has not; raises NotFound."""

    def pin(self, id: str, pinned: bool = True) -> Map:
        """Keep a map however many come later, or no longer; raises NotFound, Conflict before it has finished."""

    def points(self, id: str, axes: tuple[str, str] | None = None) -> MapPoints:
        """Return where the words are, on the map or by their scores with the two topics `axes`.

        Raises NotFound for a topic that is not set, InvalidRequest for one topic as both axes.
        """

    def colours(self, id: str, by: str) -> MapColours:
        """Return a class or a value of each row, and where each class lies on the map.

        `by`: "topic", "score" (of the nearest topic), "cluster" (of the newest finished clustering), "cluster:ID" or
        "metadata:NAME". Classes after the 999 most frequent are one. Raises InvalidRequest for another one and where
        no topics are set, NotFound, NoClustering.
        """

    def words(self, id: str, rows: Sequence[int] = (), ids: Sequence[str] = ()) -> MapWords:
        """Return the words of these rows and those with these ids, in this order; what is not there is left out."""

    def select(
        self,
        id: str,
        *,
        polygon: Sequence[tuple[float, float]] | None = None,
        rows: Sequence[int] | None = None,
        contains: str | None = None,
        axes: tuple[str, str] | None = None,
    ) -> MapSelection:
        """Return the words in a polygon (3 to 1,000 points, even-odd), of rows, or whose text contains a text.

        The polygon is on the map, or among the scores with the topics `axes`. Rows that are not there are left out.
        Raises InvalidRequest where not exactly one of the three is given, or the polygon is none.
        """

    def locate(self, id: str, texts: Sequence[str]) -> MapPlaces:
        """Return where texts would lie on a map, in their order, without storing them."""


class Reembeddings(Protocol):
    """The changes of the model that makes the vectors. Lookups are answered by the old one until the new is whole."""

    def make(self, model: str, progress: Progress | None = None) -> Reembedded:
        """Embed all words and topics by another model, then answer by it; the old vectors are kept to go back to.

        `progress` is called with the share done. Cut off by Ctrl-C or a kill, the same call goes on; what was begun
        for another model is removed. Through a server only models that its operator has named.
        Raises InvalidRequest where the store holds no vectors, or those of that model; ModelUnavailable,
        StoreUnavailable where the disk has no room, OverBudget, and Conflict on a Chroma server, whose other
        processes would go on with the old model.
        """

    def back(self, progress: Progress | None = None, model: str | None = None) -> Reembedded:
        """Answer by the model before again; words that have changed since are embedded by it.

        `model`: its folder, where it was loaded from one. Raises NotFound where none is kept, and what `make` does.
        """

    def forget(self) -> ReembeddingList:
        """Remove the vectors beside those in use; raises NotFound where there are none, Conflict as `make` does."""

    def abandon(self) -> ReembeddingList:
        """Remove what was begun, also by a server that is at it; raises NotFound, Conflict where it is a kept one."""

    def all(self) -> ReembeddingList:
        """Return the model in use, what lies beside its vectors, and the reembeddings of a server."""
