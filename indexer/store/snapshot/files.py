"""The files of a snapshot while they are written; `mapped.py` says what stands in them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

import numpy as np

from indexer.records import Scalar, Word
from indexer.store.snapshot.mapped import BLOCK, BY_ID, PAIRS, VECTORS, WORDS, encoded
from indexer.vectors import Vectors

if TYPE_CHECKING:
    import pyarrow as pa

_AS_THEY_ARE = (str, int, bool)


class SnapshotFiles:
    """The files of one snapshot in a new folder, written a page of words at a time. Close it, or use it in a `with`."""

    def __init__(self, folder: Path, *, private: bool, reserve: int) -> None:
        """Make the files; `private`: only the user may read them; `reserve`: bytes that stay free on the disk.

        Raises OSError, then and in all methods, where the disk refuses or is too small.
        """
        import pyarrow.ipc

        self._folder = folder
        self._mode = 0o600 if private else 0o666
        self._reserve = reserve
        self._files: list[IO[bytes]] = []
        self._pending: list[Word] = []
        self._codes: dict[tuple[str, type, Scalar], int] = {}  # by the pair
        self._pairs: list[str] = []
        self._ids: list[pa.LargeStringArray] = []
        with ExitStack() as stack:
            self._vectors = stack.enter_context(self._new(VECTORS))
            self._words = stack.enter_context(pyarrow.ipc.new_file(stack.enter_context(self._new(WORDS)), _schema()))
            self._stack = stack.pop_all()

    def add(self, words: Sequence[Word], vectors: Vectors) -> None:
        """Write words with their vectors, (n, dimension)."""
        self._check_space(vectors.nbytes)
        self._vectors.write(np.ascontiguousarray(vectors, dtype="<f4").data)
        self._pending += words
        while len(self._pending) >= BLOCK:
            self._write_block()

    def finish(self) -> None:
        """Write what is left, and sync the files to the disk."""
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.ipc

        if self._pending:
            self._write_block()
        self._words.close()
        ids = pa.chunked_array(self._ids, pa.large_string())
        self._check_space(4 * len(ids) + sum(map(len, self._pairs)))
        with self._new(BY_ID) as file:
            file.write(np.asarray(pc.sort_indices(ids), dtype="<i4").data)  # in the order of UTF-8, as str has it
            _sync(file)
        schema = pa.schema([("pair", pa.large_string())])
        with self._new(PAIRS) as file:
            with pyarrow.ipc.new_file(file, schema) as pairs:
                for i in range(0, len(self._pairs), BLOCK):
                    block = pa.array(self._pairs[i : i + BLOCK], pa.large_string())
                    pairs.write_batch(pa.record_batch([block], schema=schema))
            _sync(file)
        for file in self._files[:2]:
            _sync(file)

    def close(self) -> None:
        """Close the files."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def _write_block(self) -> None:
        import pyarrow as pa

        words, self._pending = self._pending[:BLOCK], self._pending[BLOCK:]
        codes = [self._code(name, value) for word in words for name, value in word.metadata.items()]
        offsets = np.cumsum([0, *(len(word.metadata) for word in words)], dtype=np.int32)
        ids = pa.array([word.id for word in words], pa.large_string())
        texts = pa.array([word.text for word in words], pa.large_string())
        lists = pa.ListArray.from_arrays(offsets, pa.array(codes, pa.int32()))
        block = pa.record_batch([ids, texts, lists], schema=_schema())
        self._check_space(block.nbytes)
        self._words.write_batch(block)
        self._ids.append(ids)

    def _code(self, name: str, value: Scalar) -> int:
        kind = type(value)  # 1, 1.0 and true are equal keys, 0.0 and -0.0 too
        key = (name, kind, value if kind in _AS_THEY_ARE else repr(value))
        code = self._codes.setdefault(key, len(self._pairs))
        if code == len(self._pairs):
            self._pairs.append(encoded(name, value))
        return code

    def _check_space(self, size: int) -> None:
        free = shutil.disk_usage(self._folder).free
        if free < size + self._reserve:
            raise OSError(f"{free // 2**20} MB are free, and {(size + self._reserve) // 2**20} MB are needed")

    def _new(self, name: str) -> IO[bytes]:
        file = os.fdopen(os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, self._mode), "wb")
        self._files.append(file)
        return file


def _schema() -> Any:
    import pyarrow as pa

    columns = [("id", pa.large_string()), ("text", pa.large_string()), ("pairs", pa.list_(pa.int32()))]
    return pa.schema(columns)


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())
