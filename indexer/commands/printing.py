"""How results look: a table on a terminal, tab-separated lines in a pipe, JSON where it is asked for."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import click


def print_json(value: Any) -> None:
    """Print one JSON document; `value` may be a pydantic model."""
    if hasattr(value, "model_dump"):
        value = value.model_dump(mode="json")
    click.echo(json.dumps(value, ensure_ascii=True, indent=2))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under their columns; numbers to the right, scores with three digits."""
    cells = [[_cell(value) for value in row] for row in rows]
    if not sys.stdout.isatty():
        for row in [list(columns), *cells]:
            click.echo("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for i, column in enumerate(columns):
        numeric = bool(cells) and all(_is_number(row[i]) for row in cells)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


def print_pages(
    pages: Iterator[list[Any]], columns: Sequence[str], row: Callable[[Any], Sequence[object]], as_json: bool
) -> None:
    """Print words page by page: lines with tabs, or one JSON document, never whole in memory."""
    if not as_json:
        click.echo("\t".join(columns))
        for page in pages:
            for word in page:
                click.echo("\t".join(_cell(value) for value in row(word)))
        return
    click.echo('{"words": [', nl=False)
    first = True
    for page in pages:
        for word in page:
            click.echo(("\n" if first else ",\n") + json.dumps(word.model_dump()), nl=False)
            first = False
    click.echo("\n]}")


def paged(page_of: Callable[[int, str | None], Any], limit: int | None) -> Iterator[list[Any]]:
    """Yield pages of words until there are no more, or `limit` words have come; `page_of` takes a size and a cursor."""
    cursor: str | None = None
    while limit is None or limit > 0:
        page = page_of(min(limit or 1000, 1000), cursor)
        yield page.words
        limit = None if limit is None else limit - len(page.words)
        cursor = page.next
        if cursor is None:
            return


def say(message: str) -> None:
    """Print a line for people on standard error."""
    click.echo(message, err=True)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3f}"
    # a text may hold anything: what would move the cursor or break the line is shown as its escape
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(value))


def _is_number(cell: str) -> bool:
    return cell == "-" or cell.replace(".", "", 1).lstrip("-").isdigit()
