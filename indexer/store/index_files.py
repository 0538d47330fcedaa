"""The files of Chroma's index that a full disk or a kill cut off in the middle of a write.

Chroma 1.5.9 rewrites the list of an index's ids in place after every thousand rows. Without a whole list, no vector of
that collection can be read; texts and metadata are safe in SQLite.
"""

from __future__ import annotations

import pickletools
from pathlib import Path

_LIST = "index_metadata.pickle"


def cut_off(folder: Path) -> list[Path]:
    """Return the folders of those indexes in a store whose list of ids is cut off."""
    return [path.parent for path in sorted(folder.glob(f"*/{_LIST}")) if not _is_whole(path)]


def _is_whole(path: Path) -> bool:
    """Tell whether a pickle is whole; its opcodes are read, and none is executed."""
    try:
        with path.open("rb") as file:
            return all(True for _ in pickletools.genops(file))
    except ValueError:
        return False
