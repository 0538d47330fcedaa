"""The space on the disk of an embedded store: a write that would not fit is refused before it begins.

Where the disk fills up in the middle of a write, Chroma 1.5.9 cuts off the list of its index, so that the store opens
no more, or waits for its own lock for ever and holds Python's (both seen on a tmpfs of 4 MB).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from indexer.errors import StoreUnavailable

_SPARE = 2**20  # bytes that always stay free: for journals
_VECTOR = 4  # times its bytes: in the queue, in the index, and links between vectors
_TEXT = 32  # times its bytes: in the queue, as it is, and in SQLite's full-text index
_ROW = 1_024  # bytes of ids, metadata and their indexes
# Of a copy of all rows: 20,000 titles with vectors of 384 dimensions took 64 MB, and 31 MB more in the snapshot.
_COPIED_VECTOR = 2  # times its bytes: in the index and in the snapshot
_COPIED_TEXT = 16
_COPIED_ROW = 1_024  # bytes of ids, metadata, their indexes, and links between vectors


class DiskSpace:
    """The space on the disk that holds one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def check(self, vectors: npt.NDArray[np.generic] | None = None, documents: Sequence[str] = ()) -> None:
        """Raise StoreUnavailable where these rows do not fit; without rows, where nothing at all can be written."""
        rows = 0 if vectors is None else _VECTOR * vectors.nbytes
        texts = sum(_ROW + _TEXT * len(document.encode("utf-8", "replace")) for document in documents)
        needed = _SPARE + rows + texts + self._rewritten()
        free = shutil.disk_usage(self._folder).free
        if free < needed:
            raise StoreUnavailable(
                f"the disk is full ({free // 2**20} MB are free, {-(-needed // 2**20)} MB are needed); "
                "nothing that was acknowledged is lost, make room and run again"
            )

    def check_copy(self, rows: int, dimension: int, sample: Sequence[str]) -> None:
        """Raise StoreUnavailable where all rows do not fit a second time, with vectors of this dimension.

        `sample`: some of their texts.
        """
        length = sum(len(text.encode("utf-8", "replace")) for text in sample) / max(1, len(sample))
        needed = _SPARE + round(max(0, rows) * (_COPIED_VECTOR * 4 * dimension + _COPIED_ROW + _COPIED_TEXT * length))
        free = shutil.disk_usage(self._folder).free
        if free < needed:
            raise StoreUnavailable(
                f"{rows} words with vectors of {dimension} dimensions need about {-(-needed // 2**20)} MB beside the "
                f"old ones, and {free // 2**20} MB are free; make room and run again"
            )

    def _rewritten(self) -> int:
        """Return the bytes of the files that describe Chroma's indexes, which it writes again each time."""
        total = 0
        for header in self._folder.glob("*/header.bin"):
            for file in header.parent.glob("*"):
                if file.name != "data_level0.bin":
                    with suppress(FileNotFoundError):  # another thread deletes a collection
                        total += file.stat().st_size
        return total
