"""What makes a server quick: the model, the words in memory and the null scores, loaded ahead of the callers."""

from __future__ import annotations

import atexit
import logging
import threading

from indexer.engine import Engine
from indexer.errors import OverBudget, StoreUnavailable

_LOOK_S = 0.5  # until null scores and snapshot are looked at again: topics and words may have changed
_RETRY_S = 10.0  # until all is tried again, where the store did not answer or the day's budget is spent
_PATIENCE_S = 10.0  # at the end of the process, for a step that is under way
_log = logging.getLogger("topicdex")


class Warmup:
    """A thread that warms one engine and keeps it warm until that is closed; `failure` says why it could not.

    It also writes the snapshot of the words, where that is due.
    """

    def __init__(self, engine: Engine) -> None:
        self.failure: Exception | None = None
        self._engine = engine
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="topicdex-warmup", daemon=True)
        self._thread.start()
        atexit.register(self._end)

    def join(self) -> None:
        """Wait until all is warm, or has failed."""
        self._ended.wait()

    def _end(self) -> None:
        """Let the step under way end: a process that exits while a thread is inside a C++ library is aborted."""
        self._engine.words.close()
        self._thread.join(_PATIENCE_S)

    def _run(self) -> None:
        engine, closed, wait = self._engine, self._engine.words.closed, 0.0
        while not closed.wait(wait):
            try:
                engine.words.load_if_quick()  # a snapshot is opened in less time than the model
                engine.embedder()
                engine.words.load()
                engine.words.save_snapshot()
                engine.topics.null_scores()
                self.failure, wait = None, _LOOK_S
                self._ended.set()
            except Exception as error:  # nobody else would say what went wrong in this thread
                if not closed.is_set():
                    self.failure = error
                    _log.error("%s: %s", getattr(error, "code", "internal"), error)
                if not isinstance(error, StoreUnavailable | OverBudget):
                    break
                wait = _RETRY_S
        self._ended.set()
