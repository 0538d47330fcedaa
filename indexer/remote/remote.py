"""A corpus that a topicdex server owns, as commands use it in the place of an engine."""

from collections.abc import Sequence
from types import TracebackType

from indexer.answers import Info, Similarity
from indexer.errors import ModelMismatch
from indexer.remote.clusterings import RemoteClusterings
from indexer.remote.connection import Connection
from indexer.remote.corpus import RemoteCorpus
from indexer.remote.topics import RemoteTopics
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
        self.corpus = RemoteCorpus(self._connection, self.check_model)
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

    def similarity(self, rows: Sequence[str]) -> Similarity:
        """Return the cosine of every row with every other."""
        self.check_model()
        return self._connection.ask(Similarity, "POST", "/v1/similarity", {"rows": list(rows)})

    def info(self) -> Info:
        """Return what is running there, on what."""
        return self._connection.ask(Info, "GET", "/v1/info")

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def __enter__(self) -> "Remote":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
