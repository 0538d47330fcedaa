"""Parquet: every column with its type, texts as they are, vectors as lists of one size.

`pandas.read_parquet` opens it, with `columns=` those that are wanted; the vectors are
`numpy.stack(frame["vector"])`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from indexer.contract.exports import MARK, VECTOR, Export, Kind
from indexer.exports.columns import Values, columns_of
from indexer.exports.sink import Sink
from indexer.vectors import Vectors

_TYPES: dict[Kind, pa.DataType] = {
    "text": pa.string(),
    "mixed": pa.string(),
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "number": pa.float64(),
}


def parquet(export: Export, *, vectors: bool = True) -> Iterator[bytes]:
    """Yield a Parquet file of all columns, with the vectors or without them; a page is a row group.

    The key `topicdex:` of its schema says that the readers may take it back: they leave out what follows from the words
    and their vectors. The vectors too are computed again, since nothing in a file proves which model made them.
    """
    columns = columns_of(export.kinds)
    fields = [pa.field(column.name, _TYPES[column.kind]) for column in columns]
    vectors = vectors and export.dimension > 0
    if vectors:
        fields.append(pa.field(VECTOR, pa.list_(pa.float32(), export.dimension)))
    schema = pa.schema(fields, metadata={MARK: export.mark()})
    plain = [column.name for column in columns if column.name != "id"]  # ids and vectors have no value twice
    sink = Sink()
    with pq.ParquetWriter(sink, schema, use_dictionary=plain, write_statistics=False) as writer:
        for page in export.pages():
            arrays = [array(column.values(page), column.kind) for column in columns]
            if vectors:
                arrays.append(pa.FixedSizeListArray.from_arrays(numbers(page.vectors), export.dimension))
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            yield sink.taken()
    yield sink.taken()


def array(values: Values, kind: Kind) -> pa.Array:
    """Return the values of a column for Arrow; `pa.array` would import pandas where it is installed, 50 MB."""
    n = len(values)
    there = pa.py_buffer(np.packbits([value is not None for value in values], bitorder="little"))
    if kind in ("text", "mixed"):
        texts = [str(value).encode() if value is not None else b"" for value in values]
        ends = np.cumsum([0, *map(len, texts)], dtype=np.int32)
        return pa.StringArray.from_buffers(n, pa.py_buffer(ends), pa.py_buffer(b"".join(texts)), there)
    if kind == "boolean":
        content = np.packbits([value is True for value in values], bitorder="little")
    else:
        content = np.array(
            [0 if value is None else value for value in values], np.int64 if kind == "integer" else np.float64
        )
    return pa.Array.from_buffers(_TYPES[kind], n, [there, pa.py_buffer(content)])


def numbers(rows: Vectors) -> pa.FloatArray:
    """Return the numbers of float32 rows one after another."""
    return pa.Array.from_buffers(pa.float32(), rows.size, [None, pa.py_buffer(np.ascontiguousarray(rows))])
