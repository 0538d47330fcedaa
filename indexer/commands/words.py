"""`topicdex words`: list, get and delete stored words."""

import json
from typing import Any

import click

from indexer.commands.options import STORE, json_option, settings_of, settings_options
from indexer.commands.printing import paged, print_json, print_pages, print_table, say


@click.group()
def words() -> None:
    """List, get and delete stored words."""


@words.command("list")
@click.option("--limit", type=click.IntRange(1), help="words to show; all where it is not given")
@settings_options(STORE)
@json_option
def list_words(limit: int | None, as_json: bool, **flags: Any) -> None:
    """List the words in the order in which they first came; id, text and metadata, a line each."""
    from indexer.connect import connect

    with connect(settings_of(flags), create=False) as engine:
        print_pages(paged(engine.words.page, limit), ("id", "text", "metadata"), _row, as_json)


@words.command("get")
@click.argument("id")
@settings_options(STORE)
@json_option
def get_word(id: str, as_json: bool, **flags: Any) -> None:
    """Show one word."""
    from indexer.connect import connect

    with connect(settings_of(flags), create=False) as engine:
        word = engine.words.get(id)
    if as_json:
        print_json(word)
    else:
        print_table(("name", "value"), [("id", word.id), ("text", word.text), *word.metadata.items()])


@words.command("delete")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@settings_options(STORE)
@json_option
def delete_words(ids: tuple[str, ...], as_json: bool, **flags: Any) -> None:
    """Delete words."""
    from indexer.connect import connect

    with connect(settings_of(flags), create=False) as engine:
        removed = engine.words.delete(ids)
    if as_json:
        print_json({"removed": removed})
    else:
        say(f"{removed} removed, {len(set(ids)) - removed} not there")


def _row(word: Any) -> tuple[str, str, str]:
    return word.id, word.text, json.dumps(word.metadata, ensure_ascii=False)
