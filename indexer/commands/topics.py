"""`topicdex topics`: set, add, list and delete topics."""

from pathlib import Path
from typing import Any

import click

from indexer.commands.options import MODEL, json_option, settings_of, settings_options
from indexer.commands.printing import print_json, print_table
from indexer.errors import InvalidRequest
from indexer.records import Topic, text_problem


@click.group()
def topics() -> None:
    """Set, add, list and delete topics."""


@topics.command("list")
@settings_options(MODEL)
@json_option
def list_topics(as_json: bool, **flags: Any) -> None:
    """List the topics."""
    from indexer.connect import connect

    with connect(settings_of(flags), create=False) as engine:
        _show(engine.topics.all(), as_json)


@topics.command("set")
@click.argument("file", type=click.Path(path_type=Path))
@settings_options(MODEL)
@json_option
def set_topics(file: Path, as_json: bool, **flags: Any) -> None:
    """Make the topics in FILE (.txt, .csv, .tsv, .json, .jsonl) the whole set."""
    from indexer.connect import connect
    from indexer.readers import read_topics

    found = read_topics(file)
    with connect(settings_of(flags)) as engine:
        _show(engine.topics.replace(found), as_json)


@topics.command("add")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--description", default="", help="what the topic is about, for a single NAME")
@click.option("--example", "examples", multiple=True, help="a text of the topic, for a single NAME; repeat it")
@settings_options(MODEL)
@json_option
def add_topics(
    names: tuple[str, ...], description: str, examples: tuple[str, ...], as_json: bool, **flags: Any
) -> None:
    """Add topics, or replace those with the same name."""
    from indexer.connect import connect

    if len(names) > 1 and (description or examples):
        raise click.UsageError("--description and --example go with a single NAME")
    for text in (*names, *filter(None, [description]), *examples):
        if reason := text_problem(text):
            raise InvalidRequest(f"{text!r}: {reason}")
    with connect(settings_of(flags)) as engine:
        added = [Topic(name, description, examples) for name in dict.fromkeys(names)]
        _show(engine.topics.add(added), as_json)


@topics.command("delete")
@click.argument("name")
@settings_options(MODEL)
@json_option
def delete_topic(name: str, as_json: bool, **flags: Any) -> None:
    """Delete one topic."""
    from indexer.connect import connect

    with connect(settings_of(flags), create=False) as engine:
        _show(engine.topics.delete(name), as_json)


def _show(found: Any, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    print_table(
        ("topic", "description", "examples"),
        [(t.name, t.description, " | ".join(t.examples)) for t in found.topics],
    )
