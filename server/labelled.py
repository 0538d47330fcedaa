"""Labelled files over HTTP: their rows, as evaluations and calibrations take them."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from indexer.contract.evaluations import MOST_ROWS
from indexer.contract.imports import LabelledRow, LabelledRows
from indexer.errors import InputError, InvalidRequest, TooLarge
from indexer.readers import Spooled, read_labelled
from indexer.records import LabelledText
from server.context import answer
from server.problems import V1, answers
from server.uploads import (
    MOST_BYTES,
    MOST_UNPACKED,
    FileBody,
    FileQuery,
    check_unpacked,
    for_callers,
    receive,
)


class LabelledQuery(FileQuery):
    """What the file is called, and which columns hold the text and the label where no usual name shows them."""

    label_column: str | None = None


labelled = APIBlueprint(
    "labelled", __name__, url_prefix="/v1", abp_security=[{"key": []}], abp_tags=[Tag(name="Topics")]
)


@labelled.post("/evaluations/rows", responses=answers(LabelledRows, *V1, "too_large"))
def read_rows(query: LabelledQuery, raw: FileBody) -> Response:
    """Read the labelled texts of a file of at most 16 MB and 20,000 rows, for `rows` of the calls that take them.

    The body is the file as it is (.csv, .tsv, .jsonl or .parquet, each also .gz). Nothing is stored.
    """
    file = receive(query.name)
    with file.stream:
        try:
            return answer(_rows(file, query.text_column, query.label_column))
        except InputError as error:
            raise InvalidRequest(for_callers(error)) from error


def _rows(file: Spooled, text_column: str | None, label_column: str | None) -> LabelledRows:
    check_unpacked(file, MOST_UNPACKED * MOST_BYTES["labelled.read_rows"])
    rows, skipped = list[LabelledRow](), 0
    for row in read_labelled(file, text_column=text_column, label_column=label_column):
        if isinstance(row, LabelledText):
            rows.append(LabelledRow(text=row.text, label=row.label))
        else:
            skipped += 1
        if len(rows) + skipped > MOST_ROWS:
            raise TooLarge(f"{file}: more than {MOST_ROWS} rows; send fewer, drawn at random from all")
    return LabelledRows(rows=rows, skipped=skipped)
