"""Prototypes that come along to the vectors of another model, by their words; arithmetic on arrays alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from indexer.prototypes import Prototypes
from indexer.vectors import Floats, Ints, Vectors, unit


class CarriedPrototypes:
    """The prototypes of one clustering in the space of another model, from its words, which come in pages.

    Each becomes the mean of the words that were nearest to it before, of unit length as in spherical k-means; where
    vectors were centred, they are centred on the mean of all words again.
    """

    def __init__(self, before: Prototypes, dimension: int) -> None:
        self._before = before
        self._sums: Floats = np.zeros((len(before), dimension))
        self._counts: Ints = np.zeros(len(before), dtype=np.intp)

    def add(self, old: Vectors, new: Vectors) -> None:
        """Take words with their vectors by both models, (n, dimension before) and (n, dimension)."""
        nearest = self._before.scores(old).argmax(axis=1)
        np.add.at(self._sums, nearest, new)
        self._counts += np.bincount(nearest, minlength=len(self._before))

    def result(self, label_of: Callable[[int], Vectors], labelled: Sequence[int] = ()) -> Prototypes:
        """Return the prototypes; `label_of` gives a vector (dimension,) in the place of words.

        It is asked for the prototypes without words, and for the `labelled`, which did not follow their words before.
        """
        centre = None
        if self._before.centre is not None and self._counts.any():
            centre = (self._sums.sum(axis=0) / self._counts.sum()).astype(np.float32)
        rows = self._sums / np.maximum(self._counts, 1)[:, None]
        for i in {*np.flatnonzero(self._counts == 0).tolist(), *labelled}:
            rows[i] = label_of(i)
        return Prototypes(self._before.names, unit(rows if centre is None else rows - centre), centre)


class Assigned:
    """How many words are nearest to each prototype, and how near; the words come in pages."""

    def __init__(self, prototypes: Prototypes) -> None:
        self._prototypes = prototypes
        self._counts: Ints = np.zeros(len(prototypes), dtype=np.intp)
        self._total = 0.0

    def add(self, vectors: Vectors) -> None:
        """Take words with their vectors, (n, dimension)."""
        scores = self._prototypes.scores(vectors)
        self._counts += np.bincount(scores.argmax(axis=1), minlength=len(self._prototypes))
        self._total += float(scores.max(axis=1).sum())

    @property
    def sizes(self) -> list[int]:
        """Return the number of words of each prototype."""
        return [int(count) for count in self._counts]

    @property
    def score(self) -> float:
        """Return the mean cosine of the words to their prototypes; 0 without words."""
        return self._total / max(1, int(self._counts.sum()))
