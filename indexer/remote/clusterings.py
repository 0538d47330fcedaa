"""The clusterings of a server: made, followed until they end, kept, compared, asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from indexer.contract.clusterings import (
    ClusterAnswers,
    Clustering,
    ClusteringDiff,
    ClusteringList,
    ClusteringSettings,
    ClusterWordPage,
)
from indexer.contract.runs import Clusterings
from indexer.progress import Progress
from indexer.remote.connection import Connection, path_part
from indexer.remote.following import followed


class RemoteClusterings(Clusterings):
    """The protocol `Clusterings` over HTTP; the server does the work."""

    def __init__(self, connection: Connection, check_model: Callable[[], None]) -> None:
        self._connection = connection
        self._check_model = check_model

    def make(self, settings: ClusteringSettings, progress: Progress | None = None) -> Clustering:
        body = settings.model_dump(exclude_defaults=True)
        started = self._connection.ask(Clustering, "POST", "/v1/clusterings", body, writes=True)
        return followed(started, self.get, self.delete, progress)

    def all(self) -> ClusteringList:
        return self._connection.ask(ClusteringList, "GET", "/v1/clusterings")

    def get(self, id: str) -> Clustering:
        return self._connection.ask(Clustering, "GET", _path(id))

    def delete(self, id: str) -> None:
        self._connection.call("DELETE", _path(id), writes=True)

    def pin(self, id: str, pinned: bool = True) -> Clustering:
        return self._connection.ask(Clustering, "POST" if pinned else "DELETE", f"{_path(id)}/pin", writes=True)

    def activate(self, id: str) -> Clustering:
        return self._connection.ask(Clustering, "POST", f"{_path(id)}/activate", writes=True)

    def words(self, id: str, limit: int, cursor: str | None = None, cluster: str | None = None) -> ClusterWordPage:
        query = {"limit": limit, "cursor": cursor, "cluster": cluster}
        return self._connection.ask(ClusterWordPage, "GET", f"{_path(id)}/words", query=query)

    def nearest(self, texts: Sequence[str], k: int = 1, id: str | None = None) -> ClusterAnswers:
        self._check_model()
        return self._connection.ask_all(ClusterAnswers, "/v1/clusters/nearest", texts, {"clustering": id}, k=k)

    def diff(self, old: str, new: str) -> ClusteringDiff:
        return self._connection.ask(ClusteringDiff, "GET", f"{_path(old)}/diff/{path_part(new)}")


def _path(id: str) -> str:
    return f"/v1/clusterings/{path_part(id)}"
