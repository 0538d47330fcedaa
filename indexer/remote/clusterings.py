"""The runs of reclustering of a server: started, followed, kept, compared, asked."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields
from typing import TYPE_CHECKING

from indexer.answers import (
    ClusterAnswer,
    ClusterAnswers,
    ClusteringDiff,
    ClusteringList,
    ClusteringShown,
    ClusterWordPage,
)
from indexer.errors import TopicdexError
from indexer.progress import Progress
from indexer.remote.connection import Connection, batches, path_part

if TYPE_CHECKING:  # it loads the arithmetic of clustering
    from indexer.runs import RunSettings

_LOOKS_S = (0.05, 1.0)  # between two looks at a run: the first, and the longest


class RemoteClusterings:
    """The runs of a server, as `Reclustering` offers them; the server does them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(self, settings: "RunSettings") -> str:
        """Start a run and return its id; raises InvalidRequest for what can never succeed, TooManyJobs."""
        body = {f.name: value for f in fields(settings) if (value := getattr(settings, f.name)) != f.default}
        return self._connection.ask(ClusteringShown, "POST", "/v1/clusterings", body, writes=True).id

    def run(self, run: str, progress: Progress) -> ClusteringShown:
        """Follow a run to its end and return it; Ctrl-C calls it off."""
        pause, longest = _LOOKS_S
        try:
            while (found := self.get(run)).status in ("queued", "running"):
                progress(found.progress)
                time.sleep(pause)
                pause = min(2 * pause, longest)
        except KeyboardInterrupt:
            with suppress(TopicdexError):
                self.delete(run)
            raise
        return found

    def all(self) -> ClusteringList:
        """Return all runs, newest first."""
        return self._connection.ask(ClusteringList, "GET", "/v1/clusterings")

    def get(self, run: str) -> ClusteringShown:
        """Return one run; raises NotFound."""
        return self._connection.ask(ClusteringShown, "GET", f"/v1/clusterings/{path_part(run)}")

    def delete(self, run: str) -> None:
        """Remove a run that has ended, call off one that goes on; raises NotFound, Conflict."""
        self._connection.call("DELETE", f"/v1/clusterings/{path_part(run)}", writes=True)

    def pin(self, run: str, pinned: bool) -> ClusteringShown:
        """Keep a run however many come later, or no longer; raises NotFound."""
        method = "POST" if pinned else "DELETE"
        return self._connection.ask(ClusteringShown, method, f"/v1/clusterings/{path_part(run)}/pin", writes=True)

    def activate(self, run: str) -> ClusteringShown:
        """Make topic lookups answer from a run that grew from the present topics; raises NotFound, Conflict."""
        return self._connection.ask(ClusteringShown, "POST", f"/v1/clusterings/{path_part(run)}/activate", writes=True)

    def words(self, run: str, limit: int, cursor: str | None, cluster: str | None) -> ClusterWordPage:
        """Return `limit` words, 1,000 at most, with their clusters, in the order of their ids, from the cursor on."""
        query = {"limit": limit, "cursor": cursor, "cluster": cluster}
        return self._connection.ask(ClusterWordPage, "GET", f"/v1/clusterings/{path_part(run)}/words", query=query)

    def nearest(self, texts: Sequence[str], k: int, run: str | None) -> list[ClusterAnswer]:
        """Return the nearest clusters of each text in the newest finished run, or in `run`."""
        return [
            answer
            for batch in batches(texts)
            for answer in self._connection.ask(
                ClusterAnswers, "POST", "/v1/clusters/nearest", {"texts": batch, "k": k}, query={"clustering": run}
            ).results
        ]

    def diff(self, old: str, new: str) -> ClusteringDiff:
        """Return what became of the clusters of one run in another, over the words that are there now."""
        return self._connection.ask(ClusteringDiff, "GET", f"/v1/clusterings/{path_part(old)}/diff/{path_part(new)}")
