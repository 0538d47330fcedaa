"""Two topics as the axes of a map: similarity to one against similarity to the other."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from indexer.contract.maps import WIDTH
from indexer.maps.placing import Positions, on_map
from indexer.prototypes import Prototypes
from indexer.vectors import Vectors
from indexer.words.rows import View


class Axes(NamedTuple):
    """Where n words lie by two topics, (n, 2), and the scores at 0 and at the full width of both axes."""

    positions: Positions
    low: float
    high: float


def along(view: View, prototypes: Prototypes, a: int, b: int) -> Axes:
    """Return the words of a view, in the order of their rows, by their scores for prototypes a (x) and b (y).

    Both axes have the same range, that of all these scores, so that the diagonal is where the scores are equal.
    """
    two = replace(prototypes.named([prototypes.names[a], prototypes.names[b]]), vectors=prototypes.vectors[[a, b]])
    blocks: list[Vectors] = list(view.each_block(lambda _, vectors: two.scores(vectors)))
    scores = np.concatenate([np.empty((0, 2), dtype=np.float32), *blocks])
    if not len(scores):
        return Axes(on_map(scores), 0.0, 0.0)
    low, high = float(scores.min()), float(scores.max())
    if low == high:
        return Axes(on_map(np.full(scores.shape, WIDTH / 2)), low, high)
    return Axes(on_map((scores - low) * (WIDTH / (high - low))), low, high)
