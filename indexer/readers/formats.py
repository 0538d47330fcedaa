"""The rows of a file, whatever its columns mean: one reader for each format, chosen by the end of the file's name."""

from __future__ import annotations

import csv
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, NoReturn

from indexer.contract.exports import MARK, VECTOR, Kind, kinds_of, scalar_of, unguarded, value_of
from indexer.errors import InputError
from indexer.readers.lines import GZIP_ERRORS, LINE_BYTES, File, decoded_lines, open_file, without_end
from indexer.records import metadata_name_problem

PARQUET_ROWS = 1_000  # of a Parquet file that are in memory at a time


@dataclass(frozen=True, slots=True)
class Record:
    """One row: a bare text, or its values by column (None where a cell is empty)."""

    line: int  # 1 is the first; in Parquet and JSON lists, the number of the row
    values: str | dict[str, Any]
    header: int = 1  # the line where its columns are named
    exported: bool = False  # of an export of ours, all values as they were


def read_records(file: File) -> Iterator[Record]:
    """Yield the rows of a .txt, .csv, .tsv, .jsonl or .parquet file, each also .gz, reading as it goes.

    Raises InputError, naming file and line, where the file is not what its name says, and where it has no rows.
    """
    with open_file(file) as stream:
        if problem := ending_problem(file.name):
            raise InputError(f"{file}: {problem}; rename or convert it")
        record = None
        for record in _FORMATS[_ending(file.name)](stream, str(file)):
            yield record
    if record is None:
        raise InputError(f"{file}: the file has no rows; nothing was read, check how it was made")


def ending_problem(name: str) -> str | None:
    """Return why no reader takes a file of this name, or None where one does."""
    return (
        None if _ending(name) in _FORMATS else f"the name must end in one of {', '.join(_FORMATS)}, or these with .gz"
    )


def _ending(name: str) -> str:
    stem, dot, ending = name.lower().removesuffix(".gz").rpartition(".")
    return dot + ending if stem else ""


def text_records(stream: BinaryIO, name: str) -> Iterator[Record]:
    """Yield every line as a bare text."""
    for number, line in enumerate(decoded_lines(stream, name), start=1):
        if line:  # a first line that is only a byte order mark does not count
            yield Record(number, without_end(line))


def _delimited_records(stream: BinaryIO, name: str, *, delimiter: str) -> Iterator[Record]:
    """Yield the rows below a header. Cells may be in double quotes as spreadsheets write them, line ends included."""
    csv.field_size_limit(LINE_BYTES)
    rows = csv.reader(decoded_lines(stream, name), delimiter=delimiter, strict=True)
    start = 1
    try:
        header = next(rows, None)
        if header is None:
            return
        kinds = _exported_kinds(header)
        columns = [cell.strip() for cell in header] if kinds is None else [unguarded(cell) for cell in header]
        if not any(columns):
            raise InputError(f"{name}, line 1: no column names; the first line must name the columns")
        if kinds is not None:
            columns = ["" if column.startswith(MARK) else column for column in columns]
        _check_columns(columns, name)
        if len(columns) == 1 and any(other in columns[0] for other in ",;\t" if other != delimiter):
            raise InputError(f"{name}, line 1: the columns are not separated by {delimiter!r}; save it so")
        while True:
            start = rows.line_num + 1
            cells = next(rows, None)
            if cells is None:
                return
            if cells and len(cells) != len(columns):
                raise InputError(
                    f"{name}, line {start}: {len(cells)} cells where the header names {len(columns)}; "
                    "put a cell that holds the separator into double quotes"
                )
            # A blank line has no cells at all: it becomes a row of empty ones.
            filled = dict(zip(columns, cells, strict=False))
            values: dict[str, Any] = {column: filled.get(column) or None for column in columns if column}
            if kinds is not None:
                values |= {c: value_of(cell, kinds.get(c, "text")) for c, cell in values.items() if cell is not None}
            yield Record(start, values, exported=kinds is not None)
    except csv.Error as error:
        _refuse_row(error, name, start)


def _exported_kinds(header: Sequence[str]) -> Mapping[str, Kind] | None:
    """Return the kinds by column that the header of a CSV export names; None where it is none of ours."""
    mark = next((cell for cell in header if cell.startswith(MARK)), None)
    return None if mark is None else kinds_of(mark.removeprefix(MARK))


def _refuse_row(error: csv.Error, name: str, line: int) -> NoReturn:
    match str(error):
        case "unexpected end of data":
            problem = "a double quote is opened in this row and never closed; close it, or write it twice"
        case text if text.startswith("field larger"):
            problem = f"a cell of more than {LINE_BYTES >> 20} MB; is a double quote left open?"
        case text if text.startswith("new-line character"):
            problem = "a carriage return outside double quotes; save the file with ordinary line ends"
        case text if text.endswith("expected after '\"'"):
            problem = "text after a closing double quote; write double quotes inside a quoted cell twice"
        case text:
            problem = f"{text}; correct the row"
    raise InputError(f"{name}, line {line}: {problem}") from None


def _json_records(stream: BinaryIO, name: str) -> Iterator[Record]:
    """Yield one object, or one bare string, a line."""
    for number, line in enumerate(decoded_lines(stream, name), start=1):
        if line and not line.isspace():
            yield json_record(parse_json(without_end(line), name, number), f"{name}, line {number}", number)
        elif line:
            yield Record(number, "")


def parse_json(text: str, name: str, line: int) -> object:
    """Return the value of a JSON text; raises InputError, also at NaN, Infinity and a name that an object has twice."""
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_distinct)
    except json.JSONDecodeError as error:
        reason, line = f"{error.msg} at character {error.colno}", line + error.lineno - 1
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    raise InputError(f"{name}, line {line}: no valid JSON ({reason}); correct the line") from None


def json_record(value: object, where: str, line: int) -> Record:
    """Return one row from JSON. Raises InputError, which begins with `where`, at anything else."""
    if not isinstance(value, dict | str):
        raise InputError(f"{where}: neither a JSON object nor a string; write one of them")
    return Record(line, value, header=line)


def _no_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number in JSON")


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("an object has the same name twice")
    return values


def _parquet_records(stream: BinaryIO, name: str) -> Iterator[Record]:
    """Yield the rows of a Parquet file, a batch in memory at a time."""
    import pyarrow as pa  # 0.1 s, and only this format needs it
    import pyarrow.parquet as pq

    number = 0
    with tempfile.TemporaryFile() as unpacked:
        try:
            if name.lower().endswith(".gz"):  # Parquet is read from its end, which a gzip stream cannot offer
                shutil.copyfileobj(stream, unpacked)
                stream = unpacked
            if not stream.seek(0, 2):
                return
            parquet = pq.ParquetFile(stream)
            names = parquet.schema_arrow.names
            _check_columns(names, name)
            mark = (parquet.schema_arrow.metadata or {}).get(MARK.encode())
            mixed: list[str] = []
            if mark is not None:
                names = [column for column in names if column != VECTOR]  # long, and made again
                kinds = kinds_of(mark.decode("utf-8", "replace"))
                mixed = [column for column in names if kinds.get(column) == "mixed"]
            for batch in parquet.iter_batches(batch_size=PARQUET_ROWS, columns=names):
                # Python's datetime knows microseconds: nanoseconds are cut off, where Arrow would raise an error.
                fields = [
                    pa.field(f.name, pa.timestamp("us", f.type.tz))
                    if pa.types.is_timestamp(f.type) and f.type.unit == "ns"
                    else f
                    for f in batch.schema
                ]
                table = pa.Table.from_batches([batch]).cast(pa.schema(fields), safe=False)
                for values in table.to_pylist():
                    number += 1
                    values |= {c: scalar_of(values[c]) for c in mixed if values[c] is not None}
                    yield Record(number, values, exported=mark is not None)
        except GZIP_ERRORS:
            raise InputError(f"{name}: the gzip data is broken or cut off; pack it again") from None
        except (pa.ArrowException, ValueError, OverflowError, OSError) as error:
            reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
            raise InputError(f"{name}, line {number + 1}: no readable Parquet ({reason}); write it again") from None


def _check_columns(columns: Sequence[str], name: str) -> None:
    """Raise InputError for two columns of one name and a name that metadata cannot have; no name is fine."""
    named = [column for column in columns if column]
    for column in named:
        if named.count(column) > 1:
            raise InputError(f"{name}, line 1: two columns are called {column!r}; rename one")
        if problem := metadata_name_problem(column):
            raise InputError(f"{name}, line 1: {problem}; rename the column")


_FORMATS: dict[str, Callable[[BinaryIO, str], Iterator[Record]]] = {
    ".txt": text_records,
    ".csv": partial(_delimited_records, delimiter=","),
    ".tsv": partial(_delimited_records, delimiter="\t"),
    ".jsonl": _json_records,
    ".parquet": _parquet_records,
}
ENDINGS = tuple(_FORMATS)
