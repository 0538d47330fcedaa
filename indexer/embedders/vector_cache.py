"""Vectors that were paid for: one SQLite file beside all stores, which outlives them and serves many processes.

It is a cache: where it cannot be read or written, work goes on without it, and a warning says so. Keys are hashes; no
text is kept. Only its owner may read it.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from indexer.vectors import Vectors

FILE = "vectors.sqlite3"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (key BLOB UNIQUE NOT NULL, used INTEGER NOT NULL, vector BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS by_use ON vectors (used);
"""
_KEYS = 500  # in one query
_BUSY_S = 30.0  # that another process may write
_DAY_S = 86_400  # a use is noted once a day: a read need not write
_ROOM = 0.9  # of the limit, that is left when it was passed

Result = TypeVar("Result")
_log = logging.getLogger("topicdex")


@dataclass(frozen=True)
class CacheSize:
    """How many vectors a cache has, and the bytes of its file."""

    vectors: int
    bytes: int


class VectorCache:
    """The vectors of texts by model; safe in many threads and processes. The least recently used go first."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        """Keep at most so many bytes in a folder, which is made when the first vector comes."""
        self.file = folder / FILE
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._failed = False

    def get(self, model: Sequence[str], texts: Sequence[str]) -> dict[str, Vectors]:
        """Return the vectors that are there, by text; `model`: all that a vector depends on beside its text."""
        keys = {_key(model, text): text for text in texts}

        def read(connection: sqlite3.Connection) -> dict[str, Vectors]:
            found, stale, today = {}, [], _today()
            for some in _lists(list(keys), _KEYS):
                marks = ",".join("?" * len(some))
                for key, used, vector in connection.execute(
                    f"SELECT key, used, vector FROM vectors WHERE key IN ({marks})", some
                ):
                    found[keys[key]] = np.frombuffer(vector, dtype="<f4")
                    if used < today:
                        stale.append((today, key))
            if stale:
                with connection:
                    connection.executemany("UPDATE vectors SET used = ? WHERE key = ?", stale)
            return found

        return self._with({}, read, make=False) if keys else {}

    def put(self, model: Sequence[str], vectors: Mapping[str, Vectors]) -> None:
        """Keep vectors by text; they are on disk when this returns."""
        today = _today()
        rows = [(_key(model, text), today, np.asarray(v, dtype="<f4").tobytes()) for text, v in vectors.items()]

        def write(connection: sqlite3.Connection) -> None:
            with connection:
                connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)
            if _bytes(connection) > self._most_bytes:
                _shrink(connection, int(_ROOM * self._most_bytes))

        self._with(None, write)

    def size(self) -> CacheSize:
        """Return how much is kept."""

        def read(connection: sqlite3.Connection) -> CacheSize:
            (count,) = connection.execute("SELECT count(*) FROM vectors").fetchone()
            return CacheSize(count, _bytes(connection))

        return self._with(CacheSize(0, 0), read, make=False)

    def prune(self, most_bytes: int) -> CacheSize:
        """Remove the least recently used vectors until the file has at most so many bytes; return what is left."""
        self._with(None, lambda connection: _shrink(connection, most_bytes), make=False)
        return self.size()

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _with(self, otherwise: Result, work: Callable[[sqlite3.Connection], Result], *, make: bool = True) -> Result:
        """Return what `work` gives for the open file; `otherwise` where there is none, or it cannot be used."""
        with self._lock:
            if self._connection is None and not make and not self.file.exists():
                return otherwise
            try:
                if self._connection is None:
                    self._connection = _opened(self.file)
                return work(self._connection)
            except (OSError, sqlite3.Error) as error:
                if not self._failed:  # once, not for every batch
                    _log.warning(
                        "the cache %s cannot be used (%s); going on without it: a text that comes again is paid again",
                        self.file,
                        error,
                    )
                self._failed = True
                return otherwise


def _opened(file: Path) -> sqlite3.Connection:
    """Open the file, made where it is not there; one that is damaged is put aside."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))  # SQLite gives its other files the same rights
    for again in (True, False):
        connection = sqlite3.connect(file, timeout=_BUSY_S, check_same_thread=False)
        try:
            connection.execute("PRAGMA page_size = 16384")  # in pages of 4 KB a third would be empty
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")  # what was paid for survives a power cut
            connection.executescript(_SCHEMA)
            return connection
        except sqlite3.DatabaseError as error:
            connection.close()
            if isinstance(error, sqlite3.OperationalError) or not again:  # busy, or a full disk: not damaged
                raise
            _log.warning("the cache %s is damaged (%s); it begins anew", file, error)
            file.replace(file.with_suffix(".damaged"))
    raise AssertionError("the loop returns or raises")


def _bytes(connection: sqlite3.Connection) -> int:
    (pages,), (size,) = (connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size"))
    return int(pages) * int(size)


def _shrink(connection: sqlite3.Connection, most_bytes: int) -> None:
    """Delete the least recently used vectors until the file has at most so many bytes, or no vector."""
    while (excess := _bytes(connection) - most_bytes) > 0:
        (count,) = connection.execute("SELECT count(*) FROM vectors").fetchone()
        if not count:
            return
        number = -(-count * excess // _bytes(connection))
        with connection:
            connection.execute(
                "DELETE FROM vectors WHERE rowid IN (SELECT rowid FROM vectors ORDER BY used LIMIT ?)", (number,)
            )
        connection.execute("VACUUM")  # only then the file is smaller


def _key(model: Sequence[str], text: str) -> bytes:
    digest = hashlib.sha256()
    for part in (*model, text):
        data = part.encode("utf-8")
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.digest()


def _lists(keys: Sequence[bytes], size: int) -> Iterator[Sequence[bytes]]:
    return (keys[first : first + size] for first in range(0, len(keys), size))


def _today() -> int:
    return int(time.time() // _DAY_S)
