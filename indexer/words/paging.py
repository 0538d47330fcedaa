"""Cursors of pages, and how a page holds its place while words are deleted."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from indexer.errors import InvalidRequest
from indexer.records import text_hash

_ANCHORS = 8  # words that a cursor remembers


def cursor_of(value: Any) -> str:
    """Return the cursor that holds a JSON value; it can stand in an address as it is."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def value_of(cursor: str) -> Any:
    """Return the value that a cursor holds; raises InvalidRequest for a text that is no cursor."""
    try:
        return json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, RecursionError):
        raise _bad_cursor() from None


@dataclass(frozen=True)
class Place:
    """A place in the order of all words: how many words are before it, and the last of these as `anchors`."""

    offset: int = 0
    anchors: tuple[str, ...] = ()

    @classmethod
    def of(cls, cursor: str, page_ids: Callable[[int, int], Sequence[str]]) -> Place:
        """Return where the place of a cursor is now: behind the last anchor that is still there.

        `page_ids` gives `limit` ids from `offset` on. Words that were deleted before a place move it forward. Where
        all anchors are gone, begin again: the caller does not know what is there then, or has chosen not to delete it.
        Raises InvalidRequest for a cursor that no page gave.
        """
        match value_of(cursor):
            case [int(offset), [_, *_] as anchors] if 0 < offset < 2**40 and all(isinstance(a, str) for a in anchors):
                pass
            case _:
                raise _bad_cursor()
        last = page_ids(1, offset - 1)
        if not last or _anchor(last[0]) != anchors[-1]:
            left = [position for position, id in enumerate(page_ids(offset, 0)) if _anchor(id) in anchors]
            offset = left[-1] + 1 if left else 0
        return cls(offset, tuple(anchors))

    def cursor_after(self, ids: Sequence[str]) -> str:
        """Return the cursor of the place behind the words with these ids, which follow this place."""
        return cursor_of([self.offset + len(ids), [*self.anchors, *map(_anchor, ids)][-_ANCHORS:]])


def _anchor(id: str) -> str:
    return text_hash(id)[:12]


def _bad_cursor() -> InvalidRequest:
    return InvalidRequest("the cursor is none that a page gave; begin without one")
