"""The rows of a collection, as they are read and as an inspection finds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from indexer.vectors import Vectors

VectorFault = Literal["gone", "wrong"]


@dataclass(frozen=True)
class Row:
    """One row as an inspection finds it; its vector (dimension,) is None where it is `gone` or `wrong` (another row's).

    `proven`: its checksum can tell its vector from every other one.
    """

    id: str
    document: str
    metadata: dict[str, Any]
    vector: Vectors | None
    fault: VectorFault | None
    proven: bool


@dataclass(frozen=True)
class Rows:
    """The rows of one read, column by column; a column that was not asked for is empty."""

    ids: list[str]
    vectors: Vectors
    documents: list[str]
    metadatas: list[dict[str, Any]]
    distances: list[float]

    @classmethod
    def read(cls, answer: Any, position: int | None = None) -> Rows:
        """Return the rows of Chroma's answer; where it answers several queries, those of the one at `position`."""

        def column(name: str) -> Any:
            values = answer.get(name)
            return values if values is None or position is None else values[position]

        vectors = column("embeddings")
        return cls(
            ids=list(column("ids")),
            vectors=np.asarray([] if vectors is None else vectors, dtype=np.float32),
            documents=[d or "" for d in column("documents") or []],
            metadatas=[dict(m or {}) for m in column("metadatas") or []],
            distances=[float(d) for d in column("distances") or []],
        )
