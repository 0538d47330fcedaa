"""CSV as spreadsheets read it (RFC 4180, UTF-8): the columns without the vectors.

A text that a spreadsheet would compute gets an apostrophe in front, a number never does. The name of the last column,
which is empty, says which columns are no text, so the readers find every value as it was.
"""

from __future__ import annotations

import csv as table
import io
from collections.abc import Iterable, Iterator, Sequence

from indexer.contract.exports import MARK, Export, ExportPage, Kind, guarded
from indexer.exports.columns import Column, columns_of
from indexer.records import Scalar


def csv(export: Export) -> Iterator[bytes]:
    """Yield a CSV file; no value is an empty cell, an empty text an apostrophe."""
    columns = columns_of(export.kinds)
    yield _lines([[*(guarded(column.name) for column in columns), MARK + export.mark()]])
    for page in export.pages():
        yield _lines(zip(*(_cells(column, page) for column in columns), [""] * len(page.ids), strict=True))


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    table.writer(text).writerows(rows)
    return text.getvalue().encode()


def _cells(column: Column, page: ExportPage) -> list[str]:
    return ["" if value is None else _cell(value, column.kind) for value in column.values(page)]


def _cell(value: Scalar, kind: Kind) -> str:
    if kind == "text":
        return guarded(str(value))
    return str(value).lower() if isinstance(value, bool) else str(value)
