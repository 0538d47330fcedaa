"""Arrays for numpy: the vectors, which `numpy.load` maps without reading, and beside them the words as Parquet.

Parquet and not lines of JSON: it is a third of the size, pandas reads it with its types, and it indexes again.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np

from indexer.contract.exports import FILES, Export
from indexer.exports.parquet import parquet
from indexer.exports.zipped import Entry, zipped


def numpy(export: Export) -> Iterator[bytes]:
    """Yield a zip of `vectors.npy`, float32 of shape (words, dimension), and `words.parquet`, in the same order."""
    vectors, words = FILES["numpy"]
    # as they are: vectors hardly get smaller, and Parquet is packed
    yield from zipped(
        [Entry(vectors, _array(export), packed=False), Entry(words, parquet(export, vectors=False), False)]
    )


def _array(export: Export) -> Iterator[bytes]:
    header = io.BytesIO()
    shape = (export.words, export.dimension)
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": shape})
    yield header.getvalue()
    for vectors in export.vectors():
        yield np.ascontiguousarray(vectors, dtype="<f4").tobytes()
