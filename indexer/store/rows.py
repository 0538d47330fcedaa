"""What comes back from a collection: rows as they are read, and a row as an inspection finds it."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from indexer.vectors import Vectors


@dataclass(frozen=True)
class Row:
    """One row as an inspection finds it; a vector (dimension,) that is gone, or not the row's own, is None."""

    id: str
    document: str
    metadata: dict[str, Any]
    vector: Vectors | None
    fault: Literal["gone", "wrong"] | None


@dataclass(frozen=True)
class Rows:
    """What a read gives; a part that was not asked for is empty."""

    ids: list[str]
    vectors: Vectors
    documents: list[str]
    metadatas: list[dict[str, Any]]
    distances: list[float]

    @classmethod
    def read(cls, answer: Any, position: int | None = None) -> "Rows":
        """Return the rows of what Chroma answered; where it answered several queries, those at a position."""

        def part(name: str) -> Any:
            found = answer.get(name)
            return found if found is None or position is None else found[position]

        vectors = part("embeddings")
        return cls(
            ids=list(part("ids")),
            vectors=np.asarray([] if vectors is None else vectors, dtype=np.float32),
            documents=[d or "" for d in part("documents") or []],
            metadatas=[dict(m or {}) for m in part("metadatas") or []],
            distances=[float(d) for d in part("distances") or []],
        )
