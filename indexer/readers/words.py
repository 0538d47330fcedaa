"""Words, and texts with their labels, from files and from standard input, one at a time.

A row that cannot be a word is skipped with its reason, and the caller counts it; a file that is not what its name
says is an InputError.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from typing import BinaryIO, Literal

from indexer.contract.exports import OWN, name_of
from indexer.errors import InputError
from indexer.readers.columns import ID_COLUMNS, LABEL_COLUMNS, TEXT_COLUMNS, optional_column, required_column
from indexer.readers.formats import Record, read_records, text_records
from indexer.readers.lines import File
from indexer.records import INT64, LabelledText, Scalar, Word, id_problem, metadata_problem, text_hash, text_problem


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that is skipped, and why."""

    line: int
    reason: str


Row = Word | Skipped


class _Refused(Exception):
    """The reason why a row is skipped; never leaves this file."""


def read_words(file: File, *, text_column: str | None = None, id_column: str | None = None) -> Iterator[Row]:
    """Yield the words of a .txt, .csv, .tsv, .jsonl or .parquet file, each also .gz, reading as it goes.

    In a .txt file every line is a text, as is a line of .jsonl that is a bare JSON string. Elsewhere the text is in
    `text_column`, else in the first of the columns text, word, name (in upper or lower case), else in the only one;
    the id is in `id_column`, else in a column called id, else it follows from the text. The other columns are
    metadata. Cells that are empty, null or (Parquet) NaN are left out; dates become ISO text, decimals and whole
    numbers over 64 bit text, lists and objects their JSON text. An export of ours gives the words that it was made of:
    topics, clusters and the like are no metadata of them.

    Raises InputError, once iteration gets there, naming the file and the line.
    """
    columns: tuple[str, str] | None = None
    for record in read_records(file):
        if isinstance(record.values, str):
            yield _word(record.line, record.values)
            continue
        if columns is None:
            columns = _columns(record, str(file), text_column, "id", id_column)
        values = {name: value for name, value in record.values.items() if not _is_missing(value)}
        others = {name: value for name, value in values.items() if name not in columns}
        if record.exported:
            others = {name_of(column): value for column, value in others.items() if column not in OWN}
        yield _word(record.line, values.get(columns[0]), values.get(columns[1]), others)


def read_lines(stream: BinaryIO, name: str) -> Iterator[Row]:
    """Yield a word for each line of a UTF-8 stream, such as standard input, which messages call `name`.

    Raises InputError where it is not UTF-8, and where it is empty.
    """
    record = None
    for record in text_records(stream, name):
        yield _word(record.line, record.values)
    if record is None:
        raise InputError(f"{name}: it is empty; send a text a line")


def read_labelled(
    file: File, *, text_column: str | None = None, label_column: str | None = None
) -> Iterator[LabelledText | Skipped]:
    """Yield texts with their labels from a .csv, .tsv, .jsonl or .parquet file, each also .gz.

    The text is found as `read_words` finds it; the label is in `label_column`, else in the first of the columns label,
    topic, category, else in the only one that is left. Rows without a text or a label are skipped. Raises InputError,
    naming the file and the line.
    """
    columns: tuple[str, str] | None = None
    for record in read_records(file):
        if columns is None:
            columns = _columns(record, str(file), text_column, "label", label_column)
        values = record.values if isinstance(record.values, dict) else {columns[0]: record.values}
        yield _labelled(record.line, values.get(columns[0]), values.get(columns[1]))


def _columns(
    record: Record, source: str, text_column: str | None, what: Literal["id", "label"], column: str | None
) -> tuple[str, str]:
    """Return the columns of the text and of the id or label; that of the id need not exist."""
    where = f"{source}, line {record.header}"
    text = required_column(record, where, TEXT_COLUMNS, "choose one with --text-column", given=text_column)
    if what == "id" and column is None:  # the first JSON object may lack the id that later ones have
        return text, optional_column(record, ID_COLUMNS) or "id"
    usual, advice = ID_COLUMNS if what == "id" else LABEL_COLUMNS, f"choose one with --{what}-column"
    return text, required_column(record, where, usual, advice, given=column, besides=[text])


def _word(line: int, text: object, id: object = None, others: dict[str, object] | None = None) -> Row:
    """Return the word that a row makes, or why it makes none."""
    try:
        accepted = _accepted_text(text)
        word_id = text_hash(accepted) if id is None else _key(id, "id")
        metadata = {name: _flat(value, name) for name, value in (others or {}).items()}
    except _Refused as reason:
        return Skipped(line, str(reason))
    problem = id_problem(word_id) or metadata_problem(metadata)
    return Skipped(line, problem) if problem else Word(accepted, word_id, metadata)


def _labelled(line: int, text: object, label: object) -> LabelledText | Skipped:
    """Return the labelled text that a row makes, or why it makes none."""
    try:
        accepted = _accepted_text(text)
        name = "" if label is None else _key(label, "label")
    except _Refused as reason:
        return Skipped(line, str(reason))
    return Skipped(line, "the text has no label") if text_problem(name) else LabelledText(accepted, name)


def _accepted_text(value: object) -> str:
    if not isinstance(value, str):
        raise _Refused("the text is blank" if value is None else "the text is not a string")
    if problem := text_problem(value):
        raise _Refused(problem)
    return value


def _key(value: object, what: str) -> str:
    """Return an id or a label as text; in files these are often whole numbers."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise _Refused(f"the {what} is neither text nor a whole number")
    return value


def _is_missing(value: object) -> bool:
    return value is None or value != value  # NaN, which data frames write for an empty cell


def _flat(value: object, name: str) -> Scalar:
    """Return a value of a row as metadata can hold it; bytes cannot be held."""
    match value:
        case bytes():
            raise _Refused(f"the column {name!r} holds bytes")
        case str() | bool() | float():
            return value
        case int():
            return value if value in INT64 else str(value)
        case list() | dict():
            return json.dumps(value, ensure_ascii=False, default=_as_text)
        case _:
            return _as_text(value)


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, date | time) else str(value)  # a datetime is a date
