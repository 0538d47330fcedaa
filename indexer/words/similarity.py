"""How similar texts are to each other; nothing is stored and nothing that is stored is read."""

from collections.abc import Sequence

import numpy as np

from indexer.contract.words import Similarity
from indexer.embedders import Embedder


def similarity(embedder: Embedder, rows: Sequence[str], columns: Sequence[str] | None = None) -> Similarity:
    """Return the cosine of every row with every column; no columns = the rows."""
    columns = rows if columns is None else columns
    position = {text: i for i, text in enumerate(dict.fromkeys([*rows, *columns]))}
    vectors = embedder.embed(list(position))
    matrix = np.clip(
        vectors[[position[text] for text in rows]] @ vectors[[position[text] for text in columns]].T, -1, 1
    )
    return Similarity(rows=list(rows), columns=list(columns), matrix=matrix.tolist())
