"""The errors of Chroma, as ours: each says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from chromadb.errors import ChromaError

from indexer.errors import StoreUnavailable

# Chroma's messages for a row whose vector is gone from the index; it refuses all rows of the same read
_GONE = ("Error finding id", "Error getting embedding")


def raise_unless_gone(error: ChromaError) -> None:
    """Raise StoreUnavailable, except where Chroma says that the vectors of rows are gone."""
    if not any(message in str(error) for message in _GONE):
        raise StoreUnavailable(_explain(error)) from error


@contextmanager
def chroma_errors() -> Iterator[None]:
    """Turn what Chroma raises into StoreUnavailable, with what to do."""
    try:
        yield
    except (ChromaError, httpx.HTTPError, OSError, ValueError, RuntimeError) as error:
        raise StoreUnavailable(_explain(error)) from error


def _explain(error: Exception) -> str:
    message = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
    low = message.lower()
    if "disk is full" in low or "no space" in low or "disk i/o" in low:
        return "the disk is full; nothing that was acknowledged is lost, make room and run again"
    if "readonly" in low or "read-only" in low:
        return "the store cannot be written (read-only); check its owner and its disk"
    if isinstance(error, httpx.HTTPError) or "connect" in low:
        return f"the Chroma server does not answer ({message}); check TOPICDEX_CHROMA_URL"
    return f"Chroma failed ({message}); run again, and topicdex doctor if it stays"
