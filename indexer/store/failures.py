"""What Chroma raises, in our words, with what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from chromadb.errors import ChromaError

from indexer.errors import StoreUnavailable

# what Chroma says of a row whose vector is not in the index any more; it refuses all rows asked for with it
_GONE = ("Error finding id", "Error getting embedding")


def raise_unless_gone(error: ChromaError) -> None:
    """Raise StoreUnavailable but where Chroma says that the vectors of rows are gone."""
    if not any(told in str(error) for told in _GONE):
        raise StoreUnavailable(_explain(error)) from error


@contextmanager
def chroma_errors() -> Iterator[None]:
    """Turn what Chroma raises into StoreUnavailable, with what to do."""
    try:
        yield
    except (ChromaError, httpx.HTTPError, OSError, ValueError, RuntimeError) as error:
        raise StoreUnavailable(_explain(error)) from error


def _explain(error: Exception) -> str:
    told = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
    low = told.lower()
    if "disk is full" in low or "no space" in low or "disk i/o" in low:
        return "the disk is full; nothing that was acknowledged is lost, make room and run again"
    if "readonly" in low or "read-only" in low:
        return "the store cannot be written (read-only); check its owner and its disk"
    if isinstance(error, httpx.HTTPError) or "connect" in low:
        return f"the Chroma server does not answer ({told}); check TOPICDEX_CHROMA_URL"
    return f"Chroma failed ({told}); run again, and topicdex doctor if it stays"
