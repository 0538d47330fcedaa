"""The journal of a snapshot in the data folder: the ids of the words that changed since, noted ahead of each write.

What stands in it is read again from Chroma at the next start, so a crash at any moment leaves no old row in use.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Self


class Journal:
    """The journal in one file, a JSON list of ids a line; `ids` are those that are on disk."""

    def __init__(self, path: Path, ids: Iterable[str] = ()) -> None:
        self.path = path
        self.ids = set(ids)

    @classmethod
    def make(cls, path: Path) -> Self:
        """Return a new journal; the caller syncs the folder. Raises OSError."""
        path.open("x").close()
        return cls(path)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the journal of an earlier process; raises OSError, and ValueError where the file is damaged.

        A last line that is cut off is cut off entirely: its write had not begun.
        """
        with path.open("r+b") as file:
            *lines, torn = file.read().split(b"\n")
            if torn:
                file.truncate(sum(len(line) + 1 for line in lines))
                os.fsync(file.fileno())
        return cls(path, (id for line in lines for id in json.loads(line)))

    def note(self, ids: Iterable[str]) -> None:
        """Add ids; they are on disk when this returns. Raises OSError, also where the file is gone."""
        if new := [id for id in ids if id not in self.ids]:
            with self.path.open("r+b") as file:
                file.seek(0, os.SEEK_END)
                file.write(json.dumps(new).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            self.ids.update(new)
