"""`topicdex topics`: set, add, list and delete topics."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from indexer.commands.options import MODEL, answers, prepared
from indexer.commands.printing import Output, Table
from indexer.records import Topic, valid_text

if TYPE_CHECKING:
    from indexer.contract.service import Service
    from indexer.contract.topics import TopicSet


@click.group()
def topics() -> None:
    """Set, add, list and delete topics."""


@topics.command("list")
@answers(MODEL)
def list_topics(service: Service) -> Output:
    """List the topics."""
    return _table(service.topics.all())


def _from_file(file: Path) -> list[Topic]:
    from indexer.readers import read_topics

    return read_topics(file)


@topics.command("set")
@click.argument("file", type=click.Path(path_type=Path))
@prepared("topics", _from_file)
@answers(MODEL, create=True)
def set_topics(service: Service, topics: list[Topic]) -> Output:
    """Make the topics in FILE (.txt, .csv, .tsv, .json, .jsonl) the whole set."""
    return _table(service.topics.replace(topics))


def _from_names(names: tuple[str, ...], description: str, examples: tuple[str, ...]) -> list[Topic]:
    if len(names) > 1 and (description or examples):
        raise click.UsageError("--description and --example go with a single NAME")
    if description:
        valid_text(description)
    return [Topic(name, description, examples) for name in dict.fromkeys(names)]


@topics.command("add")
@click.argument("names", nargs=-1, required=True, metavar="NAME...", type=valid_text)
@click.option("--description", default="", help="what the topic is about, for a single NAME")
@click.option("--example", "examples", multiple=True, type=valid_text, help="a text of it, for one NAME; repeat it")
@prepared("topics", _from_names)
@answers(MODEL, create=True)
def add_topics(service: Service, topics: list[Topic]) -> Output:
    """Add topics, or replace those with the same name."""
    return _table(service.topics.add(topics))


@topics.command("delete")
@click.argument("name")
@answers(MODEL)
def delete_topic(service: Service, name: str) -> Output:
    """Delete one topic."""
    return _table(service.topics.delete(name))


def _table(topics: TopicSet) -> Output:
    rows = [(t.name, t.description, " | ".join(t.examples)) for t in topics]
    return Output(topics, Table(("topic", "description", "examples"), rows))
