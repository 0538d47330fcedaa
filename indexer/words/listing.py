"""The words of one moment in the order in which they first came, to be paged through; all, or those with a text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from indexer.records import Word
from indexer.vectors import Bools, Ints
from indexer.words.rows import View


class Listing:
    """The words of a view whose text contains a text, upper and lower case alike; every text contains "".

    A position is the number of words before a word among all words of the view, whatever their texts.
    """

    def __init__(self, view: View, contains: str) -> None:
        self._view = view
        self._rows = view.in_order()
        found = _containing(view, contains.casefold())[self._rows] if contains else np.ones(len(self._rows), np.bool_)
        self._found = np.flatnonzero(found)

    def __len__(self) -> int:
        """Return the number of words that it lists."""
        return len(self._found)

    @property
    def found(self) -> Ints:
        """Return the positions of the words that it lists, ascending."""
        return self._found

    def page(self, limit: int, offset: int) -> tuple[list[Word], int | None]:
        """Return `limit` words from a position on, and the position behind them; None where no more follow."""
        first = int(np.searchsorted(self._found, offset))
        shown = self._found[first : first + limit]
        behind = int(shown[-1]) + 1 if first + limit < len(self._found) else None
        return self._view.words(self._rows[shown]), behind

    def positions(self, ids: Sequence[str], before: int) -> list[int]:
        """Return the positions of those of the words that are there, at a position below `before`."""
        here = np.isin(self._rows[:before], self._view.rows_of(set(ids)))
        return np.flatnonzero(here).tolist()


def _containing(view: View, folded: str) -> Bools:
    """Tell of each row of a view whether its text contains this one, which is casefolded, (n,)."""
    base = np.empty(0, dtype=np.bool_) if view.base is None else view.base.containing(folded)
    recent = view.recent[: len(view.alive) - view.base_rows]
    return np.concatenate([base, np.array([folded in word.text.casefold() for word in recent], dtype=np.bool_)])
