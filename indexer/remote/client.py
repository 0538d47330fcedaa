"""A corpus that a topicdex server owns, as commands use it in the place of an engine."""

from collections.abc import Sequence
from typing import Self

from indexer.contract import Info, Similarity
from indexer.errors import ModelMismatch
from indexer.remote.clusterings import RemoteClusterings
from indexer.remote.connection import Connection
from indexer.remote.topics import RemoteTopics
from indexer.remote.words import RemoteCorpus
from indexer.settings import DEFAULT_MODEL, Settings


class Remote:
    """The corpus of a server. Close it, or use it in a `with`; nothing is held on to in between."""

    def __init__(self, settings: Settings, url: str, *, patience: float | None = None) -> None:
        """Call the server at `url`, which has `patience` seconds to answer.

        Raises ServerUnavailable where it does not, Unauthorized where it asks for another key, InvalidRequest where
        `url` is none.
        """
        self.settings = settings
        self._connection = Connection(settings, url)
        try:
            self._model = self._connection.ask(Info, "GET", "/v1/info", patience=patience).model.name
        except BaseException:
            self._connection.close()
            raise
        self.words = RemoteCorpus(self._connection, self.check_model)
        self.topics = RemoteTopics(self._connection, self.check_model)
        self.clusterings = RemoteClusterings(self._connection)

    def check_model(self) -> None:
        """Raise ModelMismatch where a model was asked for and the server embeds with another one."""
        asked = self.settings.model_name
        if asked not in (DEFAULT_MODEL, self._model):
            raise ModelMismatch(
                f"the server at {self._connection.url} embeds with {self._model}, asked was {asked}; "
                "leave --model and TOPICDEX_MODEL away, or give another --server"
            )

    def similarity(self, rows: Sequence[str], columns: Sequence[str] | None = None) -> Similarity:
        """Return the cosine of every row with every column; no columns = the rows."""
        self.check_model()
        body = {"rows": list(rows), **({} if columns is None else {"columns": list(columns)})}
        return self._connection.ask(Similarity, "POST", "/v1/similarity", body)

    def info(self) -> Info:
        """Return what is running there, on what."""
        return self._connection.ask(Info, "GET", "/v1/info")

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()
