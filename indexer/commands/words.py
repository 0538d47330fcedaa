"""`topicdex words`: list, get and delete stored words."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from indexer.commands.options import STORE, answers
from indexer.commands.printing import Output, Pages, Table

if TYPE_CHECKING:
    from indexer.contract.service import Service


@click.group()
def words() -> None:
    """List, get and delete stored words."""


@words.command("list")
@click.option("--limit", type=click.IntRange(1), help="words to show; all where it is not given")
@click.option("--contains", metavar="TEXT", help="only words whose text contains this one, upper and lower case alike")
@answers(STORE)
def list_words(service: Service, limit: int | None, contains: str | None) -> Pages:
    """List the words in the order in which they first came; id, text and metadata, a line each."""
    return Pages(("id", "text", "metadata"), partial(service.words.page, contains=contains), limit)


@words.command("get")
@click.argument("id")
@answers(STORE)
def get_word(service: Service, id: str) -> Output:
    """Show one word."""
    word = service.words.get(id)
    return Output(word, Table(("name", "value"), [("id", word.id), ("text", word.text), *word.metadata.items()]))


@words.command("delete")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@answers(STORE)
def delete_words(service: Service, ids: tuple[str, ...]) -> Output:
    """Delete words."""
    removed = service.words.delete(ids)
    return Output({"removed": removed}, f"{removed} removed, {len(set(ids)) - removed} not there")
