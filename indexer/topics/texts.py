"""The texts that a person gave for a topic, and their vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from indexer.contract.topics import Evidence
from indexer.records import Role, Topic
from indexer.store.topics import TopicText
from indexer.topics.adaptation import TopicVectors
from indexer.vectors import Vectors

# The texts of a corpus are seldom bare names; some are nearer to a name in a sentence. These fit any topic.
SENTENCES = ("This is about {}.", "Something related to {}.", "An example of {}")


@dataclass(frozen=True)
class TopicTexts:
    """The texts of one topic, its name first, and their vectors (m, dimension)."""

    rows: tuple[TopicText, ...]
    vectors: Vectors

    def topic(self) -> Topic:
        """Return the topic that these texts make up."""
        description = next((row.text for row in self.rows if row.role == "description"), "")
        return Topic(self.rows[0].text, description, tuple(row.text for row in self.rows if row.role == "example"))

    def by_role(self) -> TopicVectors:
        """Return the vectors as name, description and examples."""
        roles = np.array([row.role for row in self.rows])
        description = self.vectors[roles == "description"]
        return TopicVectors(
            self.vectors[0], description[0] if len(description) else None, self.vectors[roles == "example"]
        )

    def strongest_evidence(self, vector: Vectors) -> Evidence | None:
        """Return the text nearest to a unit vector (dimension,); None where the topic has a name and no more."""
        if len(self.rows) == 1:
            return None
        cosines = self.vectors @ vector
        best = int(cosines.argmax())
        return Evidence(role=self.rows[best].role, text=self.rows[best].text, score=float(cosines[best]))


def texts_by_topic(rows: Iterable[TopicText]) -> dict[str, TopicTexts]:
    """Return the texts of each topic by its name, in the order of the rows; a topic whose name is lost is left out."""
    by_topic: dict[str, list[TopicText]] = {}
    for row in rows:
        by_topic.setdefault(row.topic, []).append(row)
    return {
        name: TopicTexts(tuple(its), np.stack([row.vector for row in its]))
        for name, its in by_topic.items()
        if its[0].role == "name"
    }


def given_texts(topic: Topic) -> list[tuple[Role, str]]:
    """Return every text that was given for a topic, its name first."""
    described: list[tuple[Role, str]] = [("description", topic.description)] if topic.description.strip() else []
    return [("name", topic.name), *described, *(("example", example) for example in topic.examples)]


def in_sentences(
    topics: Sequence[TopicVectors], names: Sequence[str], embed: Callable[[Sequence[str]], Vectors]
) -> list[TopicVectors]:
    """Return the topics with the vectors of their names in SENTENCES as well; `embed` is called once for all."""
    rows = embed([sentence.format(name) for name in names for sentence in SENTENCES])
    by_topic = rows.reshape(len(names), len(SENTENCES), -1)
    return [replace(topic, sentences=vectors) for topic, vectors in zip(topics, by_topic, strict=True)]
