"""What a server does before it is quick: load the model, then read the words into memory."""

import logging
import threading

from indexer.engine import Engine
from indexer.errors import TopicdexError

_log = logging.getLogger("topicdex")


class Warming:
    """A thread that warms one engine; `failure` says why it could not."""

    def __init__(self, engine: Engine) -> None:
        self.failure: TopicdexError | None = None
        self._engine = engine
        self._thread = threading.Thread(target=self._warm, name="topicdex-warming", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait until all is warm, or has failed."""
        self._thread.join()

    def _warm(self) -> None:
        try:
            self._engine.embedder()
            self._engine.corpus.load()
        except TopicdexError as error:
            if self._engine.corpus.closed:
                return
            self.failure = error
            _log.error("%s: %s", error.code, error)
