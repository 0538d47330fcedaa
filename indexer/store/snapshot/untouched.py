"""The note that says how the database of a data folder was left, by which anybody else's work on it is seen."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from indexer.store.lock import replace_json

_NOTE = "topicdex-closed.json"
_DATABASE = "chroma.sqlite3"  # every change of a store, and its opening too, writes to it


def note_closed(folder: Path) -> None:
    """Note how the database is left; to be called once it is closed. Without a note it counts as touched."""
    with suppress(OSError):
        replace_json(folder / _NOTE, _state(folder))


def take_note(folder: Path) -> bool:
    """Tell whether the database is as the last process has left it; to be called before it is opened.

    The note is removed: a process that is killed leaves none.
    """
    try:
        noted = json.loads((folder / _NOTE).read_text("utf-8"))
        (folder / _NOTE).unlink()
        return bool(noted == _state(folder))
    except (OSError, ValueError):
        return False


def _state(folder: Path) -> list[int]:
    found = (folder / _DATABASE).stat()
    return [found.st_size, found.st_mtime_ns, found.st_ino]
