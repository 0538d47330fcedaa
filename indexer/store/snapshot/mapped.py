"""A snapshot of all words in files beside the store: mapped into memory, so that a start reads nothing from Chroma.

It is a cache: what Chroma says counts. The files of one folder, all little-endian:

- `vectors.f32`: (n, dimension) float32, a row for each word;
- `by_id.i32`: (n,) int32, the rows in the order of their ids;
- `words.arrow`: id, text and codes of the metadata of each row, in blocks of `BLOCK` rows (Arrow IPC, uncompressed);
- `pairs.arrow`: what a code means, a name and its value as JSON; each pair that any word has stands there once.

pyarrow takes 0.15 s to import: it is loaded when the first id, text or metadata is read.
"""

from __future__ import annotations

import json
import mmap
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from indexer.records import Scalar, Word
from indexer.vectors import Bools, Vectors

if TYPE_CHECKING:
    import pyarrow as pa

Rows = npt.NDArray[np.integer]
Codes = npt.NDArray[np.int32]

FILES = VECTORS, BY_ID, WORDS, PAIRS = "vectors.f32", "by_id.i32", "words.arrow", "pairs.arrow"
BLOCK = 16_384  # rows; a larger block holds Python's lock for longer while it is written
_DECODED = 65_536  # pairs that are kept as Python objects
_MASKS = 8  # answers of `having`, and of `containing`, that are kept, of n bytes each


class Snapshot:
    """The words of one snapshot, read from its files when they are asked for; read-only, and safe in many threads.

    A row is a word; rows are in the order in which the words were added. `vectors` (n, dimension): mapped, unit rows;
    `by_id` (n,): the rows in the order of their ids. The files may be removed while it is in use.
    """

    def __init__(self, folder: Path, dimension: int) -> None:
        """Map the files of a folder; raises OSError and ValueError where they are not those of a snapshot."""
        self.folder = folder
        self.vectors: Vectors = np.frombuffer(_mapped(folder / VECTORS), np.dtype("<f4")).reshape(-1, dimension)
        by_id = _mapped(folder / BY_ID)
        self.by_id: Rows = np.frombuffer(by_id, np.dtype("<i4"))
        self._by_id = memoryview(by_id).cast("i")
        if len(self.by_id) != len(self.vectors):
            raise ValueError(f"{folder} has {len(self.vectors)} vectors and {len(self.by_id)} ids")
        self._words_file, self._pairs_file = _mapped(folder / WORDS), _mapped(folder / PAIRS)
        self._pair = lru_cache(_DECODED)(self._decode)
        self._mask = lru_cache(_MASKS)(self._scan)
        self._found = lru_cache(_MASKS)(self._search)

    def __len__(self) -> int:
        """Return the number of words."""
        return len(self.by_id)

    def words(self, rows: Rows | Sequence[int]) -> list[Word]:
        """Return the words of these rows, in their order."""
        ids, texts, codes, pair = self._ids, self._texts, self._codes, self._pair
        return [
            Word(texts[row], ids[row], dict(map(pair, codes[row]))) for row in np.asarray(rows, dtype=np.int64).tolist()
        ]

    def ids(self, rows: Rows | Sequence[int]) -> list[str]:
        """Return the ids of the words of these rows, in their order."""
        ids = self._ids
        return [ids[row] for row in np.asarray(rows, dtype=np.int64).tolist()]

    def texts(self, rows: Rows | Sequence[int]) -> list[str]:
        """Return the texts of these rows, in their order."""
        texts = self._texts
        return [texts[row] for row in np.asarray(rows, dtype=np.int64).tolist()]

    def row_of(self, id: str) -> int | None:
        """Return the row of a word; None where it is not there."""
        wanted, ids = id.encode("utf-8", "surrogatepass"), self._ids  # bytes are in the order of the characters
        place = bisect_left(self._by_id, wanted, key=ids.bytes)
        if place == len(self) or ids.bytes(row := self._by_id[place]) != wanted:
            return None
        return row

    def having(self, where: Mapping[str, Scalar]) -> Bools:
        """Tell of each row whether its word has all of this metadata, (n,); true is not 1. Do not write to it."""
        return self._mask(json.dumps(where, sort_keys=True))

    def containing(self, folded: str) -> Bools:
        """Tell of each row whether its text contains this one, which is casefolded, (n,). Do not write to it."""
        return self._found(folded)

    def values(self, name: str) -> tuple[Codes, list[Scalar]]:
        """Return the values that any word has under a name of metadata, and of each row the place of its own, (n,).

        It is -1 where a word has none.
        """
        import pyarrow.compute as pc

        begin = json.dumps([name])[:-1] + ", "
        there = [np.asarray(pc.starts_with(block.column(0), begin)) for block in self._pairs_blocks]
        codes = np.flatnonzero(np.concatenate([np.empty(0, dtype=bool), *there]))
        pairs = [self._pairs[code] for code in codes.tolist()]
        return self._codes.places(codes, sum(map(len, there)), len(self)), [json.loads(pair)[1] for pair in pairs]

    def _search(self, folded: str) -> Bools:
        mask = self._texts.containing(folded)
        mask.flags.writeable = False
        return mask

    def _scan(self, where: str) -> Bools:
        mask = np.ones(len(self), dtype=bool)
        for name, value in json.loads(where).items():
            mask &= self._codes.rows_having(self._codes_of(name, value), len(self))
        mask.flags.writeable = False
        return mask

    def _codes_of(self, name: str, value: Scalar) -> Codes:
        """Return the codes of all pairs that are equal to this one."""
        import pyarrow as pa
        import pyarrow.compute as pc

        texts = pa.array([encoded(name, equal) for equal in _equals(value)], pa.large_string())
        there = [np.asarray(pc.is_in(block.column(0), texts)) for block in self._pairs_blocks]
        return np.flatnonzero(np.concatenate([np.empty(0, dtype=bool), *there])).astype(np.int32)

    def _decode(self, code: int) -> tuple[str, Scalar]:
        name, value = json.loads(self._pairs[code])
        return name, value

    @cached_property
    def _blocks(self) -> list[pa.RecordBatch]:
        return _blocks(self._words_file)

    @cached_property
    def _pairs_blocks(self) -> list[pa.RecordBatch]:
        return _blocks(self._pairs_file)

    @cached_property
    def _ids(self) -> _Texts:
        return _Texts(block.column(0) for block in self._blocks)

    @cached_property
    def _texts(self) -> _Texts:
        return _Texts(block.column(1) for block in self._blocks)

    @cached_property
    def _codes(self) -> _Codes:
        return _Codes(block.column(2) for block in self._blocks)

    @cached_property
    def _pairs(self) -> _Texts:
        return _Texts(block.column(0) for block in self._pairs_blocks)


class _Texts:
    """The texts of one column, as UTF-8 in the mapped file."""

    def __init__(self, column: Iterable[pa.LargeStringArray]) -> None:
        self._blocks = []
        for block in column:
            _, offsets, texts = block.buffers()
            self._blocks.append((memoryview(offsets).cast("B").cast("q"), memoryview(texts or b"").cast("B")))

    def __getitem__(self, row: int) -> str:
        block, place = divmod(row, BLOCK)
        offsets, texts = self._blocks[block]
        return str(texts[offsets[place] : offsets[place + 1]], "utf-8")

    def bytes(self, row: int) -> bytes:
        """Return the text of a row in UTF-8."""
        block, place = divmod(row, BLOCK)
        offsets, texts = self._blocks[block]
        return bytes(texts[offsets[place] : offsets[place + 1]])

    def containing(self, folded: str) -> Bools:
        """Tell of each row whether its text, casefolded, contains this one, (n,)."""
        found = [_containing(np.frombuffer(o, np.int64), t, folded) for o, t in self._blocks]
        return np.concatenate([np.empty(0, dtype=np.bool_), *found])


class _Codes:
    """The codes of the metadata of each row."""

    def __init__(self, column: Iterable[pa.ListArray]) -> None:
        # the numbers of a list array are those of its rows one after another; offsets (rows + 1,) say where each begins
        self._blocks: list[tuple[Codes, Codes]] = [
            (_numbers(block.offsets), _numbers(block.values)) for block in column
        ]

    def __getitem__(self, row: int) -> list[int]:
        block, place = divmod(row, BLOCK)
        offsets, codes = self._blocks[block]
        return codes[offsets[place] : offsets[place + 1]].tolist()  # type: ignore[no-any-return]

    def rows_having(self, wanted: Codes, n: int) -> Bools:
        """Tell of each of n rows whether it has one of these codes, (n,)."""
        mask = np.zeros(n, dtype=bool)
        for number, (offsets, codes) in enumerate(self._blocks if len(wanted) else ()):
            hits = np.flatnonzero(codes == wanted[0] if len(wanted) == 1 else np.isin(codes, wanted))
            mask[number * BLOCK + np.searchsorted(offsets, hits, side="right") - 1] = True
        return mask

    def places(self, wanted: Rows, codes: int, n: int) -> Codes:
        """Return of each of n rows the place among `wanted` of the code that it has, -1 where it has none of them."""
        place = np.full(codes, -1, dtype=np.int32)
        place[wanted] = np.arange(len(wanted), dtype=np.int32)
        found = np.full(n, -1, dtype=np.int32)
        for number, (offsets, its) in enumerate(self._blocks if len(wanted) else ()):
            hits = np.flatnonzero(place[its] >= 0)
            found[number * BLOCK + np.searchsorted(offsets, hits, side="right") - 1] = place[its[hits]]
        return found


def _containing(offsets: npt.NDArray[np.int64], texts: memoryview, folded: str) -> Bools:
    """Tell of each text of a block whether, casefolded, it contains `folded`; `offsets` (n + 1,) say where each begins.

    An ASCII character folds to its lower case, so whole blocks of bytes are compared at once. Other characters may fold
    to ASCII too, "\u00df" to "ss"; only the texts that have any are folded one by one.
    """
    found = np.zeros(len(offsets) - 1, dtype=np.bool_)
    if folded.isascii():
        wanted = folded.encode()
        content = np.frombuffer(bytes(texts).lower(), dtype=np.uint8)
        places = np.flatnonzero(content[: max(0, len(content) - len(wanted) + 1)] == wanted[0])
        for i in range(1, len(wanted)):
            places = places[content[places + i] == wanted[i]]
        found = _any_within(places, offsets[:-1], offsets[1:] - len(wanted) + 1)
    beyond_ascii = np.flatnonzero(np.frombuffer(texts, dtype=np.uint8) > 127)
    for row in np.flatnonzero(_any_within(beyond_ascii, offsets[:-1], offsets[1:]) & ~found).tolist():
        found[row] = folded in str(texts[offsets[row] : offsets[row + 1]], "utf-8").casefold()
    return found


def _any_within(places: Rows, starts: Rows, ends: Rows) -> Bools:
    """Tell of each range from a start to before an end whether one of the places, in ascending order, is in it."""
    return np.searchsorted(places, starts) < np.searchsorted(places, ends)


def _numbers(array: pa.Int32Array) -> Codes:
    """Return the numbers of an array as they lie in the file; `to_numpy` would import pandas."""
    content = array.buffers()[1]
    return np.frombuffer(content or b"", dtype="<i4")[array.offset : array.offset + len(array)]


def encoded(name: str, value: Scalar) -> str:
    """Return a name and its value as they stand in the file of pairs; 1, 1.0, true and "1" differ."""
    return json.dumps([name, value])


def _equals(value: Scalar) -> Iterator[Scalar]:
    """Yield every value that is equal to this one; true is not 1."""
    yield value
    if isinstance(value, float):
        if value.is_integer():
            yield int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        with suppress(OverflowError):  # a whole number that no float can be
            if float(value) == value:
                yield float(value)
    if value == 0 and not isinstance(value, bool):
        yield -0.0
        yield 0.0


def _mapped(path: Path) -> mmap.mmap | bytes:
    """Return the content of a file, mapped; an empty file cannot be."""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if path.stat().st_size else b""


def _blocks(content: mmap.mmap | bytes) -> list[pa.RecordBatch]:
    import pyarrow as pa
    import pyarrow.ipc

    with pyarrow.ipc.open_file(pa.py_buffer(content)) as file:
        return [file.get_batch(number) for number in range(file.num_record_batches)]
