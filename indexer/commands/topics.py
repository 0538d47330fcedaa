"""`topicdex topics`: set, add, change, list and delete topics, and see their sizes and how alike they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from indexer.commands.options import MODEL, STORE, answers, prepared
from indexer.commands.printing import Output, Table
from indexer.records import Topic, valid_text

if TYPE_CHECKING:
    from indexer.contract.service import Service
    from indexer.contract.topics import TopicChange, TopicChanged, TopicSet


@click.group()
def topics() -> None:
    """Set, add, change, list and delete topics, and see their sizes and how alike they are."""


@topics.command("list")
@answers(MODEL)
def list_topics(service: Service) -> Output:
    """List the topics."""
    return _shown(service.topics.all())


def _from_file(file: Path) -> list[Topic]:
    from indexer.readers import read_topics

    return read_topics(file)


@topics.command("set")
@click.argument("file", type=click.Path(path_type=Path))
@prepared("topics", _from_file)
@answers(MODEL, create=True)
def set_topics(service: Service, topics: list[Topic]) -> Output:
    """Make the topics in FILE (.txt, .csv, .tsv, .json, .jsonl) the whole set."""
    return _shown(service.topics.replace(topics))


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
    return _shown(service.topics.add(topics))


def _change(new_name: str | None, description: str | None, examples: tuple[str, ...]) -> TopicChange:
    if new_name is None and description is None and not examples:
        raise click.UsageError("say what to change: --name, --description or --example")
    if description:
        valid_text(description)
    from indexer.contract.topics import TopicChange

    return TopicChange(name=new_name, description=description, examples=list(examples) or None)


@topics.command("change")
@click.argument("name")
@click.option("--name", "new_name", type=valid_text, metavar="NEW", help="another name for it")
@click.option("--description", help='what the topic is about; "" takes it away')
@click.option(
    "--example", "examples", multiple=True, type=valid_text, help="a text of it; these replace those it has; repeat it"
)
@prepared("change", _change)
@answers(MODEL)
def change_topic(service: Service, name: str, change: TopicChange) -> Output:
    """Change the topic NAME; what is not given stays as it is."""
    return _shown(service.topics.change(name, change))


@topics.command("delete")
@click.argument("name")
@answers(MODEL)
def delete_topic(service: Service, name: str) -> Output:
    """Delete one topic."""
    return _shown(service.topics.delete(name))


@topics.command("sizes")
@answers(STORE)
def topic_sizes(service: Service) -> Output:
    """Count the stored words that are answered with each topic."""
    sizes = service.topics.sizes()
    table = Table(("topic", "words"), [(size.topic, size.words) for size in sizes])
    return Output(sizes, table, f"{sizes.none} of {sizes.words} words have no topic")


@topics.command("similarity")
@answers(STORE)
def topic_similarity(service: Service) -> Output:
    """Compare every topic with every other: the table of their cosines."""
    similarity = service.topics.similarity()
    rows = [(row, *cosines) for row, cosines in zip(similarity.rows, similarity.matrix, strict=True)]
    return Output(similarity, Table(("", *similarity.columns), rows))


def _shown(result: TopicSet | TopicChanged) -> Output:
    """Return a topic, or all of them, as they are now, and whether a change of them has ended an adaptation."""
    from indexer.contract.topics import TopicRecord

    topics = [result] if isinstance(result, TopicRecord) else result
    table = Table(
        ("topic", "description", "examples"), [(t.name, t.description, " | ".join(t.examples)) for t in topics]
    )
    if result.adaptation is None:
        return Output(result, table)
    return Output(result, table, "topic lookups answer from the plain labels again; `topicdex adapt` grows them anew")
