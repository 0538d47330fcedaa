"""How similar texts are to each other; nothing is stored, and nothing that is stored is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from indexer.contract.words import Similarity
from indexer.vectors import Vectors


def similarity(
    embed: Callable[[Sequence[str]], Vectors], rows: Sequence[str], columns: Sequence[str] | None = None
) -> Similarity:
    """Return the cosine of every row with every column; no columns = the rows. A text is embedded once."""
    columns = rows if columns is None else columns
    position = {text: i for i, text in enumerate(dict.fromkeys([*rows, *columns]))}
    vectors = embed(list(position))
    left, right = (vectors[[position[text] for text in texts]] for texts in (rows, columns))
    return Similarity(rows=list(rows), columns=list(columns), matrix=np.clip(left @ right.T, -1, 1).tolist())
