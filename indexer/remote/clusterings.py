"""The runs of reclustering of a server: started, followed, kept, compared, asked."""

import time
from collections.abc import Sequence
from contextlib import suppress

from indexer.contract import (
    ClusterAnswers,
    Clustering,
    ClusteringDiff,
    ClusteringList,
    ClusteringSettings,
    ClusterWordPage,
)
from indexer.errors import TopicdexError
from indexer.progress import Progress
from indexer.remote.connection import Connection, batches, path_part

_LOOKS_S = (0.05, 1.0)  # between two looks at a run: the first, and the longest


class RemoteClusterings:
    """The runs of a server, as `Clusterings` offers them; the server does them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def make(self, settings: ClusteringSettings, progress: Progress | None = None) -> Clustering:
        """Have the server recluster its words, follow that, and return the clustering ended; Ctrl-C cancels it.

        Raises InvalidRequest for what can never succeed, TooManyJobs.
        """
        body = settings.model_dump(exclude_defaults=True)
        id = self._connection.ask(Clustering, "POST", "/v1/clusterings", body, writes=True).id
        pause, longest = _LOOKS_S
        try:
            while not (found := self.get(id)).ended:
                if progress is not None:
                    progress(found.progress)
                time.sleep(pause)
                pause = min(2 * pause, longest)
        except KeyboardInterrupt:
            with suppress(TopicdexError):
                self.delete(id)
            raise
        return found

    def all(self) -> ClusteringList:
        """Return all runs, newest first."""
        return self._connection.ask(ClusteringList, "GET", "/v1/clusterings")

    def get(self, id: str) -> Clustering:
        """Return one run; raises NotFound."""
        return self._connection.ask(Clustering, "GET", f"/v1/clusterings/{path_part(id)}")

    def delete(self, id: str) -> None:
        """Remove a run that has ended, call off one that goes on; raises NotFound, Conflict."""
        self._connection.call("DELETE", f"/v1/clusterings/{path_part(id)}", writes=True)

    def pin(self, id: str, pinned: bool = True) -> Clustering:
        """Keep a run however many come later, or no longer; raises NotFound."""
        method = "POST" if pinned else "DELETE"
        return self._connection.ask(Clustering, method, f"/v1/clusterings/{path_part(id)}/pin", writes=True)

    def activate(self, id: str) -> Clustering:
        """Make topic lookups answer from a run that grew from the present topics; raises NotFound, Conflict."""
        return self._connection.ask(Clustering, "POST", f"/v1/clusterings/{path_part(id)}/activate", writes=True)

    def words(self, id: str, limit: int, cursor: str | None = None, cluster: str | None = None) -> ClusterWordPage:
        """Return `limit` words, 1,000 at most, with their clusters, in the order of their ids, from the cursor on."""
        query = {"limit": limit, "cursor": cursor, "cluster": cluster}
        return self._connection.ask(ClusterWordPage, "GET", f"/v1/clusterings/{path_part(id)}/words", query=query)

    def nearest(self, texts: Sequence[str], k: int = 1, id: str | None = None) -> ClusterAnswers:
        """Return the k nearest clusters of each text in the newest finished clustering, or in the one with this id."""
        results = [
            answer
            for batch in batches(texts)
            for answer in self._connection.ask(
                ClusterAnswers, "POST", "/v1/clusters/nearest", {"texts": batch, "k": k}, query={"clustering": id}
            ).results
        ]
        return ClusterAnswers.model_construct(results=results)

    def diff(self, old: str, new: str) -> ClusteringDiff:
        """Return what became of the clusters of one run in another, over the words that are there now."""
        return self._connection.ask(ClusteringDiff, "GET", f"/v1/clusterings/{path_part(old)}/diff/{path_part(new)}")
