"""The changes of a server's model: started, followed until they end, gone back, forgotten."""

from __future__ import annotations

from collections.abc import Callable

from indexer.contract.reembeddings import Reembedded, Reembedding, ReembeddingList
from indexer.contract.runs import Reembeddings
from indexer.errors import Cancelled, by_code
from indexer.progress import Progress
from indexer.remote.connection import Connection, path_part
from indexer.remote.following import watched
from indexer.settings import model_name

_PATH = "/v1/reembeddings"


class RemoteReembeddings(Reembeddings):
    """The protocol `Reembeddings` over HTTP; the server does the work, also after Ctrl-C."""

    def __init__(self, connection: Connection, changed: Callable[[str], None]) -> None:
        """Call `changed` with the name of the model that answers from now on."""
        self._connection = connection
        self._changed = changed

    def make(self, model: str, progress: Progress | None = None) -> Reembedded:
        return self._followed("", {"model": model_name(model)}, progress)

    def back(self, progress: Progress | None = None, model: str | None = None) -> Reembedded:
        return self._followed("/back", None, progress)

    def forget(self) -> ReembeddingList:
        return self._connection.ask(ReembeddingList, "POST", f"{_PATH}/forget", writes=True)

    def abandon(self) -> ReembeddingList:
        return self._connection.ask(ReembeddingList, "POST", f"{_PATH}/abandon", writes=True)

    def all(self) -> ReembeddingList:
        return self._connection.ask(ReembeddingList, "GET", _PATH)

    def _get(self, id: str) -> Reembedding:
        return self._connection.ask(Reembedding, "GET", f"{_PATH}/{path_part(id)}")

    def _followed(self, path: str, body: object, progress: Progress | None) -> Reembedded:
        started = self._connection.ask(Reembedding, "POST", f"{_PATH}{path}", body, writes=True)
        record = watched(started, self._get, progress)
        if record.status == "cancelled":
            raise Cancelled("the reembedding was cancelled; what was embedded stays, the same again goes on")
        if record.status == "failed":
            raise by_code(record.code or "internal")(record.error or "the reembedding failed")
        self._changed(record.model)
        fields = record.model_dump(include=set(Reembedded.model_fields))
        return Reembedded(**fields)
