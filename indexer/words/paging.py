"""Cursors of pages, and how a page holds its place while words are deleted."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from indexer.errors import InvalidRequest

_ANCHORS = 8  # words that a cursor remembers


def cursor_of(value: Any) -> str:
    """Return the cursor that holds a JSON value; it can stand in an address as it is."""
    return base64.urlsafe_b64encode(json.dumps(value, ensure_ascii=False).encode()).decode()


def value_of(cursor: str) -> Any:
    """Return the value that a cursor holds; raises InvalidRequest for a text that is no cursor."""
    try:
        return json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, RecursionError):
        raise _bad_cursor() from None


@dataclass(frozen=True)
class Place:
    """A place in the order of all words: how many words are before it, and as `anchors` the last that were seen.

    So a place of one process is one of another too, whose words may stand a little otherwise in its memory.
    """

    offset: int = 0
    anchors: tuple[str, ...] = ()

    @classmethod
    def of(cls, cursor: str, positions: Callable[[Sequence[str], int], Sequence[int]]) -> Place:
        """Return where the place of a cursor is now: behind the last anchor that is still there.

        `positions` gives the positions, in ascending order and below a number, of those of the ids that are there.
        Words that were deleted before a place move it forward; a word that is deleted and added again comes last, so
        its new position says nothing. Where all anchors are gone, begin again: the caller does not know what is there
        then, or has chosen not to delete it. Raises InvalidRequest for a cursor that no page gave.
        """
        match value_of(cursor):
            case [int(offset), [_, *_] as anchors] if 0 < offset < 2**40 and all(isinstance(a, str) for a in anchors):
                pass
            case _:
                raise _bad_cursor()
        left = positions(anchors, offset)
        return cls(left[-1] + 1 if left else 0, tuple(anchors))

    def cursor_after(self, ids: Sequence[str], offset: int) -> str:
        """Return the cursor of a later place, `offset` words on from the first, where these words were seen between."""
        return cursor_of([offset, [*self.anchors, *ids][-_ANCHORS:]])


def positions_in(
    page_ids: Callable[[int, int], Sequence[str]],
) -> Callable[[Sequence[str], int], Sequence[int]]:
    """Return the `positions` of `Place.of` among ids of which `page_ids` gives `limit` from `offset` on.

    Most often nothing was deleted, so the last id is looked for where it was.
    """

    def positions(ids: Sequence[str], before: int) -> Sequence[int]:
        if page_ids(1, before - 1) == [ids[-1]]:
            return [before - 1]
        return [position for position, id in enumerate(page_ids(before, 0)) if id in ids]

    return positions


def _bad_cursor() -> InvalidRequest:
    return InvalidRequest("the cursor is none that a page gave; begin without one")
