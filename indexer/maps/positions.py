"""Where the words of a map are: those that were drawn stay where they were, later ones are placed once."""

from __future__ import annotations

import threading

import numpy as np

from indexer.maps.drawing import Drawing
from indexer.maps.placing import Positions
from indexer.maps.rows import Keys, MapRows
from indexer.vectors import Bools
from indexer.words.rows import BLOCK


class PlacedWords:
    """The positions of the words of one map, for whatever words are there; safe to use from many threads."""

    def __init__(self, drawing: Drawing, keys: Keys, positions: Positions) -> None:
        """Begin with the words that were drawn: their keys, (n,), and positions, (n, 2)."""
        self.drawing = drawing
        self._drawn = keys, positions
        self._later: tuple[Keys, Positions] = np.empty(0, np.uint64), np.empty((0, 2), np.uint16)
        self._last: tuple[str, Positions] | None = None
        self._placing = threading.Lock()

    def positions(self, rows: MapRows) -> Positions:
        """Return the position of each row, (n, 2); do not write to it."""
        with self._placing:
            if self._last is None or self._last[0] != rows.order:
                self._last = rows.order, self._placed(rows)
            return self._last[1]

    def _placed(self, rows: MapRows) -> Positions:
        keys, positions = self._drawn
        if np.array_equal(keys, rows.keys):
            return positions
        found, drawn = _found(rows.keys, keys, positions)
        placed, known = _found(rows.keys, *self._later)
        found[known & ~drawn] = placed[known & ~drawn]
        missing = np.flatnonzero(~drawn & ~known)
        for start in range(0, len(missing), BLOCK):
            some = missing[start : start + BLOCK]
            found[some] = self.drawing.place(rows.view.vectors(rows.rows[some])).positions
        later = np.flatnonzero(~drawn)
        order = np.argsort(rows.keys[later])
        self._later = rows.keys[later[order]], found[later[order]]
        return found


def _found(wanted: Keys, keys: Keys, positions: Positions) -> tuple[Positions, Bools]:
    """Return the positions of those of n words that are among `keys`, (n, 2), and which these are, (n,)."""
    found, known = np.zeros((len(wanted), 2), dtype=np.uint16), np.zeros(len(wanted), dtype=np.bool_)
    least = min(len(keys), len(wanted))
    known[:least] = keys[:least] == wanted[:least]  # most often all rows are where they were
    found[:least] = positions[:least]
    rest = np.flatnonzero(~known)
    if len(rest) and len(keys):
        rest = rest[np.argsort(wanted[rest])]  # sorted ones are looked up in a fifth of the time
        order = np.argsort(keys)
        place = np.minimum(np.searchsorted(keys[order], wanted[rest]), len(keys) - 1)
        known[rest] = keys[order[place]] == wanted[rest]
        found[rest] = positions[order[place]]
    return found, known
