"""The texts that make up a topic: a topic taken apart into them, and put together from them again."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from indexer.contract.topics import Evidence, TopicRecord
from indexer.records import Role, Topic
from indexer.store.topics import TopicText
from indexer.topics.adaptation import TopicVectors
from indexer.vectors import Vectors

# A name alone is no text like those of a corpus; in a sentence it is nearer to some. These fit any topic.
SENTENCES = ("This is about {}.", "Something related to {}.", "An example of {}")


class Speakers:
    """Which of the texts that a person gave for a topic is nearest to a text, where more than a name was given."""

    def __init__(self, parts: Sequence[TopicText]) -> None:
        self._given = parts
        self._parts: dict[str, tuple[list[TopicText], Any]] = {}

    def of(self, topic: str, vector: Vectors) -> Evidence | None:
        """Return the part of `topic` that is nearest to `vector`."""
        if topic not in self._parts:
            parts = [part for part in self._given if part.topic == topic]
            self._parts[topic] = parts, np.stack([part.vector for part in parts])
        parts, vectors = self._parts[topic]
        if len(parts) == 1:
            return None
        cosines = vectors @ vector
        best = int(cosines.argmax())
        return Evidence(role=parts[best].role, text=parts[best].text, score=float(cosines[best]))


def evidence(parts: Sequence[TopicText]) -> list[TopicVectors]:
    """Return the vectors that were given for each topic, in the order of the topics."""
    by_topic: dict[str, dict[str, list[Vectors]]] = {}
    for part in parts:
        by_topic.setdefault(part.topic, {}).setdefault(part.role, []).append(part.vector)
    return [
        TopicVectors(
            name=given["name"][0],
            description=given.get("description", [None])[0],
            examples=np.array(given.get("example", []), dtype=np.float32).reshape(-1, len(given["name"][0])),
        )
        for given in by_topic.values()
    ]


def in_sentences(
    topics: Sequence[TopicVectors], names: Sequence[str], embed: Callable[[Sequence[str]], Vectors]
) -> list[TopicVectors]:
    """Return the topics with their names also put into SENTENCES, which `embed` is asked for all at once."""
    rows = embed([sentence.format(name) for name in names for sentence in SENTENCES])
    by_topic = rows.reshape(len(names), len(SENTENCES), -1)
    return [replace(topic, sentences=vectors) for topic, vectors in zip(topics, by_topic, strict=True)]


def texts_of(topic: Topic) -> list[tuple[Role, str]]:
    """Return every text that was given for a topic, its name first."""
    described: list[tuple[Role, str]] = [("name", topic.name)]
    if topic.description.strip():
        described.append(("description", topic.description))
    return [*described, *(("example", example) for example in topic.examples)]


def topics_of(parts: Sequence[TopicText]) -> tuple[Topic, ...]:
    """Return the topics that these parts make up, in their order."""
    by_name: dict[str, list[TopicText]] = {}
    for part in parts:
        by_name.setdefault(part.topic, []).append(part)
    return tuple(
        Topic(
            name,
            next((p.text for p in its if p.role == "description"), ""),
            tuple(p.text for p in its if p.role == "example"),
        )
        for name, its in by_name.items()
    )


def shown(topic: Topic) -> TopicRecord:
    """Return a topic as the contract shows it."""
    return TopicRecord(name=topic.name, description=topic.description, examples=list(topic.examples))
