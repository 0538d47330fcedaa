"""An open corpus on a topicdex server: the `Service` that commands and notebooks use in the place of an engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Self

from indexer.contract.exports import ExportFormat
from indexer.contract.info import Info
from indexer.contract.service import Service
from indexer.contract.words import Similarity
from indexer.errors import ModelMismatch
from indexer.remote.clusterings import RemoteClusterings
from indexer.remote.connection import Connection, batches
from indexer.remote.maps import RemoteMaps
from indexer.remote.reembeddings import RemoteReembeddings
from indexer.remote.topics import RemoteTopics
from indexer.remote.words import RemoteWords
from indexer.settings import Settings


class Remote(Service):
    """The corpus of a server. Close it, or use it in a `with`; the server stays open to others meanwhile."""

    def __init__(self, settings: Settings, url: str, *, patience: float | None = None) -> None:
        """Ask the server at `url` for its model; it has `patience` seconds to answer.

        Raises ServerUnavailable where it does not answer, Unauthorized where it expects another key, InvalidRequest
        where `url` is no address.
        """
        self.settings = settings
        self._connection = Connection(settings, url)
        try:
            self._model = self._connection.ask(Info, "GET", "/v1/info", patience=patience).model.name
        except BaseException:
            self._connection.close()
            raise
        self.words = RemoteWords(self._connection, self.check_model)
        self.topics = RemoteTopics(self._connection, self.check_model)
        self.clusterings = RemoteClusterings(self._connection, self.check_model)
        self.maps = RemoteMaps(self._connection, self.check_model)
        self.reembeddings = RemoteReembeddings(self._connection, self._changed)

    def similarity(self, rows: Sequence[str], columns: Sequence[str] | None = None) -> Similarity:
        self.check_model()
        columns = rows if columns is None else columns
        matrix: list[list[float]] = []
        for block in batches(rows):
            bodies = [{"rows": block, "columns": batch} for batch in batches(columns)]
            parts = [self._connection.ask(Similarity, "POST", "/v1/similarity", body).matrix for body in bodies]
            matrix += [list(chain(*pieces)) for pieces in zip(*parts, strict=True)] if parts else [[] for _ in block]
        return Similarity(rows=list(rows), columns=list(columns), matrix=matrix)

    def info(self) -> Info:
        return self._connection.ask(Info, "GET", "/v1/info")

    def export(self, format: ExportFormat) -> Iterator[bytes]:
        parts = self._connection.stream_bytes("/v1/export", {"format": format})
        return chain([next(parts, b"")], parts)  # the call itself raises what the server answers

    def check_model(self) -> None:
        asked = self.settings.model_name
        if asked is None:
            return
        self._model = self.info().model.name  # which somebody may have changed since the last call
        if asked != self._model:
            raise ModelMismatch(
                f"the server at {self._connection.url} embeds with {self._model}, asked was {asked}; "
                "leave --model and TOPICDEX_MODEL away, or give another --server"
            )

    def _changed(self, model: str) -> None:
        self._model = model
        if self.settings.model is not None:
            self.settings = replace(self.settings, model=model)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()
