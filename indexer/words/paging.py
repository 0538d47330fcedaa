"""Cursors of pages: a value that a caller hands back as it came, safe in an address."""

import base64
import json
from typing import Any

from indexer.errors import InvalidRequest


def cursor_of(value: Any) -> str:
    """Return the cursor that holds a JSON value."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def bad_cursor() -> InvalidRequest:
    """Return the error for a cursor that no page gave."""
    return InvalidRequest("the cursor is none that a page gave; begin without one")


def value_of(cursor: str) -> Any:
    """Return the value that a cursor holds; raises InvalidRequest for what is no cursor."""
    try:
        return json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, RecursionError):
        raise bad_cursor() from None
