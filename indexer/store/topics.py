"""The topics, as Chroma keeps them: one row a text (a name, a description, an example), in versions of the whole set.

A new set is written beside the old one and then made the present one in a single step, so that a crash leaves
either the old topics or the new ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from indexer.records import Role, text_hash
from indexer.store.chroma import Collection
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
class InspectedSet:
    """One version of the set as an inspection finds it, its parts in order.

    `whole`: every part is there; `broken`: the positions of parts whose vector is gone or wrong (zeros stand there).
    """

    version: str
    parts: list[TopicText]
    whole: bool
    broken: list[int]


class TopicTable:
    """The collection of topics; which version of the set is the present one stands in the store's state."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    def write(self, version: str, parts: Sequence[TopicText], vectors: Vectors) -> None:
        """Write a whole set, shapes: vectors (n parts, dimension); it is not the present one yet."""
        self._collection.upsert(
            [f"{version}/{i}" for i in range(len(parts))],
            vectors,
            [part.text for part in parts],
            [{_SET: version, _TOPIC: part.topic, _ROLE: part.role, _POSITION: i} for i, part in enumerate(parts)],
        )

    def read(self, version: str) -> list[TopicText]:
        """Return the parts of a set in the order in which they were given."""
        found: list[tuple[int, TopicText]] = []
        for rows in self._collection.having(_SET, [version], "embeddings", "documents", "metadatas"):
            for text, vector, m in zip(rows.documents, rows.vectors, rows.metadatas, strict=True):
                found.append((int(m[_POSITION]), TopicText(m[_TOPIC], m[_ROLE], text, vector)))
        return [part for _, part in sorted(found, key=lambda pair: pair[0])]

    def drop(self, version: str) -> None:
        """Delete a set."""
        for rows in self._collection.having(_SET, [version]):
            self._collection.delete(rows.ids)

    def inspect(self) -> list[InspectedSet]:
        """Return every set that has rows, in the order in which they were written; rows that are not ours are in ""."""
        found: dict[str, list[tuple[int, TopicText, bool]]] = {}
        for rows in self._collection.inspect():
            for row in rows:
                vector = np.zeros(1, dtype=np.float32) if row.vector is None else row.vector
                m = row.metadata
                part = TopicText(str(m.get(_TOPIC, "")), m.get(_ROLE, "example"), row.document, vector)
                place = (int(m.get(_POSITION, -1)), part, row.vector is None)
                found.setdefault(str(m.get(_SET, "")), []).append(place)
        sets = []
        for version, places in found.items():
            places.sort(key=lambda place: place[0])
            parts = [part for _, part, _ in places]
            broken = [i for i, (_, _, is_broken) in enumerate(places) if is_broken]
            sets.append(InspectedSet(version, parts, set_version(parts) == version, broken))
        return sets


def set_version(parts: Sequence[TopicText]) -> str:
    """Return a name for this very set: the same topics in the same order give the same one."""
    return text_hash("\0".join(f"{part.topic}\1{part.role}\1{part.text}" for part in parts))
