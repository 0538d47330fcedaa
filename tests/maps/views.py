"""Views of vectors alone, and groups of vectors that a map should show."""

from array import array
from collections.abc import Sequence

import numpy as np

from indexer.records import Word
from indexer.vectors import Vectors, unit
from indexer.words.rows import RecentRows, View


def view(vectors: Vectors, buried: Sequence[int] = ()) -> View:
    """A view of recent words with these vectors, of which some have a tombstone; ids are in the order of the rows."""
    rows = RecentRows()
    for i, vector in enumerate(vectors):
        rows.append(Word(id=f"{i:06}", text=f"word {i}"), vector, i)
    for i in buried:
        rows.bury(f"{i:06}")
    return View(None, rows.words, list(rows.blocks), array("q", rows.places), rows.alive())


def topics(n: int, groups: int = 20, dimension: int = 48, seed: int = 0) -> Vectors:
    """Vectors around directions drawn at random, a few directions with many."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(groups, dimension))
    return unit(centres[rng.integers(groups, size=n)] + rng.normal(size=(n, dimension)))
