"""The format of a store: which one this version writes, and the refusal of those that it does not know."""

from __future__ import annotations

from pathlib import Path

from indexer.errors import StoreFormat, StoreUnavailable
from indexer.store.lock import MARKER, PLAIN, WITH_SNAPSHOT, folder_format, mark_folder

FORMAT = 1  # of the collections: an older one is migrated, a newer one refused


def check_marker(folder: Path) -> None:
    """Mark a new folder as a store before Chroma writes to it; refuse one of a newer format unopened."""
    marker = folder / MARKER
    try:
        format = folder_format(folder)
    except (OSError, ValueError):
        raise StoreFormat(f'{marker} is damaged; write {{"format": {PLAIN}}} into it') from None
    if format is None:
        try:
            mark_folder(folder, PLAIN)
        except OSError as error:
            raise StoreUnavailable(f"{marker} cannot be written ({error.strerror}); check its disk") from error
    else:
        check_format(format, WITH_SNAPSHOT)


def check_format(format: object, known: int) -> None:
    """Refuse a format that is none, or newer than the one that this version knows; raises StoreFormat."""
    if not isinstance(format, int):
        raise StoreFormat(
            "these collections do not say that topicdex made them; use another store, or topicdex doctor if it did"
        )
    if format > known:
        raise StoreFormat(
            f"the store has format {format}, this version of topicdex knows up to {known}; upgrade topicdex"
        )
