"""How results look: a table on a terminal, tab-separated lines in a pipe, JSON where it is asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:  # the contract loads pydantic, which --help does not need
    from indexer.contract.answer import Answer
    from indexer.contract.clusterings import ClusterWord, ClusterWordPage
    from indexer.contract.words import WordPage, WordRecord


@dataclass(frozen=True)
class Table:
    """Rows under their columns."""

    columns: Sequence[str]
    rows: Iterable[Sequence[object]]


class Output:
    """The result of a command: one JSON document, or `blocks` for people, tables and the lines between them."""

    def __init__(self, result: Answer | Mapping[str, object], *blocks: Table | str) -> None:
        self._result, self._blocks = result, blocks

    def show(self, as_json: bool) -> None:
        """Print the document, or else the tables on standard output and the lines on standard error."""
        if as_json:
            print_json(self._result)
            return
        for block in self._blocks:
            say(block) if isinstance(block, str) else _print_table(block)


@dataclass(frozen=True)
class Pages:
    """Stored words that are read and printed page by page, `limit` of them or all; columns are their fields.

    `page_of` returns the page of a size from a cursor on.
    """

    columns: Sequence[str]
    page_of: Callable[[int, str | None], WordPage | ClusterWordPage]
    limit: int | None

    def show(self, as_json: bool) -> None:
        """Print a line with tabs for each word, or one JSON document."""
        if not as_json:
            click.echo("\t".join(self.columns))
            for word in self._words():
                click.echo("\t".join(_cell(getattr(word, column)) for column in self.columns))
            return
        click.echo('{"words": [', nl=False)
        comma = ""
        for word in self._words():
            click.echo(f"{comma}\n{json.dumps(word.model_dump())}", nl=False)
            comma = ","
        click.echo("\n]}")

    def _words(self) -> Iterator[WordRecord | ClusterWord]:
        cursor, left = None, self.limit
        while left is None or left > 0:
            page = self.page_of(min(left or 1000, 1000), cursor)
            yield from page.words
            left = None if left is None else left - len(page.words)
            cursor = page.next
            if cursor is None:
                return


def print_json(value: Answer | Mapping[str, object]) -> None:
    """Print one JSON document."""
    document = value if isinstance(value, Mapping) else value.model_dump(mode="json")
    click.echo(json.dumps(document, ensure_ascii=True, indent=2))


def say(message: str) -> None:
    """Print a line for people on standard error."""
    click.echo(message, err=True)


def _print_table(table: Table) -> None:
    """Print a table, on a terminal with numbers to the right."""
    cells = [[_cell(value) for value in row] for row in table.rows]
    if not sys.stdout.isatty():
        for row in [table.columns, *cells]:
            click.echo("\t".join(row))
        return
    from rich import table as rich_table
    from rich.console import Console
    from rich.text import Text

    drawn = rich_table.Table(box=None, header_style="bold", pad_edge=False)
    for i, column in enumerate(table.columns):
        numeric = bool(cells) and all(_is_number(row[i]) for row in cells)
        drawn.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in cells:
        drawn.add_row(*(Text(cell) for cell in row))
    Console().print(drawn)


def _cell(value: object) -> str:
    """Return a value as it stands in a table: scores with three digits, metadata as JSON, "-" for nothing."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False)
    # a text may hold anything: what would move the cursor or break the line is shown as its escape
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(value))


def _is_number(cell: str) -> bool:
    return cell == "-" or cell.replace(".", "", 1).lstrip("-").isdigit()
