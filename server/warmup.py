"""What a server does before it is quick: load the model, then read the words into memory."""

from __future__ import annotations

import logging
import threading

from indexer.engine import Engine
from indexer.errors import StoreUnavailable, TopicdexError

_RETRY_S = 10.0  # until the words are read again, where the store did not answer
_log = logging.getLogger("topicdex")


class Warmup:
    """A thread that warms one engine; `failure` says why it could not."""

    def __init__(self, engine: Engine) -> None:
        self.failure: Exception | None = None
        self._engine = engine
        self._thread = threading.Thread(target=self._warm, name="topicdex-warming", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait until all is warm, or has failed."""
        self._thread.join()

    def _warm(self) -> None:
        corpus = self._engine.words
        while not corpus.closed.is_set():
            try:
                self._engine.embedder()
                corpus.load()
                self.failure = None
                return
            except StoreUnavailable as error:
                if not corpus.closed.is_set():
                    self._failed(error.code, error)
                corpus.closed.wait(_RETRY_S)
            except TopicdexError as error:
                return self._failed(error.code, error)
            except Exception as error:
                return self._failed("internal", error)

    def _failed(self, code: str, error: Exception) -> None:
        self.failure = error
        _log.error("%s: %s", code, error)
