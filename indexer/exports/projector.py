"""Vectors and metadata for TensorFlow's Embedding Projector, in the form that its standalone page loads.

Its reader (`vz_projector/data-provider.ts` in TensorBoard) splits at tabs and line feeds and knows no quotes, so a tab
or a line end in a text becomes a blank. A first line of column names stands where there is more than one column, which
is always so here; an empty cell is no value.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.csv

from indexer.contract.exports import FILES, ID, TEXT, Export
from indexer.exports.columns import columns_of
from indexer.exports.parquet import numbers
from indexer.exports.zipped import Entry, zipped
from indexer.records import Scalar

_DECIMALS = 6  # of a vector; float32 has few more
_BREAKS = re.compile(r"[\t\n\r]")


def projector(export: Export) -> Iterator[bytes]:
    """Yield a zip of `vectors.tsv`, `metadata.tsv` and `config.json`, which names them."""
    vectors, metadata, config = FILES["projector"]
    embedding = {
        "tensorName": "topicdex",
        "tensorShape": [export.words, export.dimension],
        "tensorPath": vectors,
        "metadataPath": metadata,
    }
    about = json.dumps({"embeddings": [embedding]}, indent=2).encode()
    entries = [Entry(vectors, _vectors(export)), Entry(metadata, _metadata(export)), Entry(config, iter([about]))]
    yield from zipped(entries)


def _vectors(export: Export) -> Iterator[bytes]:
    names = [str(i) for i in range(export.dimension)]
    options = pyarrow.csv.WriteOptions(include_header=False, delimiter="\t")
    for vectors in export.vectors():
        lines = io.BytesIO()
        batch = pa.record_batch([numbers(column) for column in np.round(vectors, _DECIMALS).T], names)
        pyarrow.csv.write_csv(batch, lines, options)
        yield lines.getvalue()


def _metadata(export: Export) -> Iterator[bytes]:
    columns = columns_of(export.kinds)
    # the first column labels the points
    columns.sort(key=lambda column: (column.name != TEXT, column.name != ID))
    yield _line(column.name for column in columns)
    for page in export.pages():
        cells = [[_cell(value) for value in column.values(page)] for column in columns]
        yield b"".join(_line(row) for row in zip(*cells, strict=True))


def _line(cells: Iterable[str]) -> bytes:
    return ("\t".join(_BREAKS.sub(" ", cell) for cell in cells) + "\n").encode()


def _cell(value: Scalar | None) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
