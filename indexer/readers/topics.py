"""Topics from files: names, with descriptions and examples where there are any."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from indexer.errors import InputError
from indexer.readers.columns import optional_column, required_column
from indexer.readers.formats import Record, json_record, parse_json, read_records
from indexer.readers.lines import decoded_lines, open_file
from indexer.records import Topic, text_problem

NAME_COLUMNS = ("name", "topic", "label")


def read_topics(path: Path) -> list[Topic]:
    """Return the topics of a file, in its order.

    A .txt file has a name on each line. A .csv or .tsv file has a column name, topic or label, and may have the
    columns description and examples, the latter separated by `|`. A .jsonl or .json file has objects with `name`,
    `description`, `examples` (a list), or bare names; .json holds them in a list, or in one under `topics`.

    Raises InputError, naming the file and the line (in .json the number of the topic), at a name that is blank or
    comes twice and at a description or example that is no text.
    """
    is_json = path.name.lower().removesuffix(".gz").endswith(".json")
    places: dict[str, str] = {}
    topics: list[Topic] = []
    for record in _json_list_records(path) if is_json else read_records(path):
        place = f"{'topic' if is_json else 'line'} {record.line}"
        topic = _topic(record, f"{path}, {place}")
        if topic.name in places:
            raise InputError(
                f"{path}, {place}: the name {topic.name!r} is at {places[topic.name]} too; rename or remove one"
            )
        places[topic.name] = place
        topics.append(topic)
    return topics


def _topic(record: Record, where: str) -> Topic:
    if isinstance(record.values, str):
        return Topic(_text(record.values, where, "the name"))
    advice = "name the topic under one of these"
    column = required_column(record, where, NAME_COLUMNS, advice, besides=["description", "examples"])
    description = _value(record, "description")
    examples = _value(record, "examples") or []
    if isinstance(examples, str):
        examples = [example.strip() for example in examples.split("|") if example.strip()]
    if not isinstance(examples, list):
        raise InputError(f"{where}: the examples are no list; write them as a list of texts")
    return Topic(
        _text(record.values[column], where, "the name"),
        "" if description in (None, "") else _text(description, where, "the description"),
        tuple(_text(example, where, "an example") for example in examples),
    )


def _value(record: Record, column: str) -> Any:
    name = optional_column(record, [column])
    return None if name is None or isinstance(record.values, str) else record.values[name]


def _text(value: object, where: str, what: str) -> str:
    if value is None or value == "":
        raise InputError(f"{where}: {what} is blank; write one or remove the line")
    problem = text_problem(value) if isinstance(value, str) else "it is no text"
    if problem or not isinstance(value, str):
        raise InputError(f"{where}: {what} cannot be used ({problem}); correct it")
    return value


def _json_list_records(path: Path) -> Iterator[Record]:
    with open_file(path) as stream:
        text = "".join(decoded_lines(stream, str(path)))
    topics = parse_json(text, str(path), 1)
    if isinstance(topics, dict):
        topics = topics.get("topics")
    if not isinstance(topics, list) or not topics:
        raise InputError(f'{path}: no list of topics; write [{{"name": ...}}, ...] or {{"topics": [...]}}')
    for number, topic in enumerate(topics, start=1):
        yield json_record(topic, f"{path}, topic {number}", number)
