"""The choice of the columns that hold text, id and label: those that the user names, else those with a usual name."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.errors import InputError
from indexer.readers.formats import Record

TEXT_COLUMNS = ("text", "word", "name")
ID_COLUMNS = ("id",)
LABEL_COLUMNS = ("label", "topic", "category")


def required_column(
    record: Record,
    where: str,
    usual: Sequence[str],
    advice: str,
    *,
    given: str | None = None,
    besides: Sequence[str] = (),
) -> str:
    """Return the column `given`, else the first with a usual name, else the only one beside ids and `besides`.

    Raises InputError where there is none, which lists the columns and gives the advice; `where` is the file and the
    place in it.
    """
    columns = column_names(record)
    if given is not None:
        if given in columns:
            return given
        problem = f"there is no column {given!r}"
    else:
        others = [name for name in columns if name.casefold() not in ID_COLUMNS and name not in besides]
        found = optional_column(record, usual) or (others[0] if len(others) == 1 else None)
        if found is not None:
            return found
        problem = f"no column is called {' or '.join(usual)}"
    names = ", ".join(columns) or "none"
    raise InputError(f"{where}: {problem}; {advice} (the columns are: {names})")


def optional_column(record: Record, usual: Sequence[str]) -> str | None:
    """Return the first column with a usual name, in upper or lower case, or None."""
    columns = {name.casefold(): name for name in reversed(column_names(record))}
    return next((columns[name] for name in usual if name in columns), None)


def column_names(record: Record) -> list[str]:
    """Return the names of the columns of a row; a bare text has none."""
    return [] if isinstance(record.values, str) else list(record.values)
