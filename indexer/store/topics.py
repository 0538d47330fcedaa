"""The topics in Chroma: a row for each text (a name, a description, an example), in versions of the whole set.

A new set is written beside the old one and becomes the present one in a single step, so that a crash leaves either the
old topics or the new ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from indexer.records import Role, text_hash
from indexer.store.collection import Collection
from indexer.store.rows import Row
from indexer.vectors import Vectors

_SET = "topicdex:set"
_TOPIC = "topicdex:topic"
_ROLE = "topicdex:role"
_POSITION = "topicdex:position"


@dataclass(frozen=True)
class TopicText:
    """One text that a person gave for a topic, with its vector (dimension,)."""

    topic: str
    role: Role
    text: str
    vector: Vectors


@dataclass(frozen=True)
class InspectedTopics:
    """One version of the set as an inspection finds it, its texts in order.

    `whole`: every text is there; `broken`: the positions of texts whose vector is gone or wrong (zeros stand for it);
    `unproven`: the positions of those whose checksum cannot prove their vector.
    """

    version: str
    texts: list[TopicText]
    whole: bool
    broken: list[int]
    unproven: list[int]


class TopicTable:
    """The collection of topics; the store's state says which version of the set is the present one."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    def write(self, version: str, texts: Sequence[TopicText], vectors: Vectors) -> None:
        """Write a whole set, vectors (n texts, dimension); it is not the present one yet."""
        self._collection.upsert(
            [f"{version}/{i}" for i in range(len(texts))],
            vectors,
            [text.text for text in texts],
            [{_SET: version, _TOPIC: text.topic, _ROLE: text.role, _POSITION: i} for i, text in enumerate(texts)],
        )

    def write_checksums(self, version: str, positions: Sequence[int], vectors: Vectors) -> None:
        """Note that these vectors, (n, dimension), are those of the texts at these positions; nothing else changes."""
        self._collection.write_checksums([f"{version}/{i}" for i in positions], vectors)

    def read(self, version: str) -> list[TopicText]:
        """Return the texts of a set in the order in which they were given."""
        texts: list[tuple[int, TopicText]] = []
        for rows in self._collection.having(_SET, [version], "embeddings", "documents", "metadatas"):
            for text, vector, m in zip(rows.documents, rows.vectors, rows.metadatas, strict=True):
                texts.append((int(m[_POSITION]), TopicText(m[_TOPIC], m[_ROLE], text, vector)))
        return [text for _, text in sorted(texts, key=lambda pair: pair[0])]

    def drop(self, version: str) -> None:
        """Delete a set."""
        for rows in self._collection.having(_SET, [version]):
            self._collection.delete(rows.ids)

    def inspect(self) -> list[InspectedTopics]:
        """Return every set that has rows, oldest first; rows of another program are in the one called ""."""
        sets: dict[str, list[Row]] = {}
        for rows in self._collection.inspect():
            for row in rows:
                sets.setdefault(str(row.metadata.get(_SET, "")), []).append(row)
        return [_inspected(version, rows) for version, rows in sets.items()]


def set_version(texts: Sequence[TopicText]) -> str:
    """Return a name for this very set: the same topics in the same order give the same one; "" is that of no topic."""
    return text_hash("\0".join(f"{text.topic}\1{text.role}\1{text.text}" for text in texts)) if texts else ""


def _inspected(version: str, rows: list[Row]) -> InspectedTopics:
    rows.sort(key=lambda row: int(row.metadata.get(_POSITION, -1)))
    none = np.zeros(1, dtype=np.float32)
    texts = [
        TopicText(
            str(row.metadata.get(_TOPIC, "")),
            row.metadata.get(_ROLE, "example"),
            row.document,
            none if row.vector is None else row.vector,
        )
        for row in rows
    ]
    broken = [i for i, row in enumerate(rows) if row.vector is None]
    unproven = [i for i, row in enumerate(rows) if row.vector is not None and not row.proven]
    return InspectedTopics(version, texts, set_version(texts) == version, broken, unproven)
