"""The files of Chroma's index that a write left half way, when the disk was full or the process was killed.

Chroma 1.5.9 writes the list of an index's ids anew after every thousand rows, in place; cut off, the list cannot be
read, and without it no row of that collection, though texts and metadata are safe in SQLite.
"""

import pickletools
from pathlib import Path

_LIST = "index_metadata.pickle"


def cut_off(folder: Path) -> list[Path]:
    """Return the folders of those indexes in a store whose list of ids ends half way."""
    return [listed.parent for listed in sorted(folder.glob(f"*/{_LIST}")) if not _ends(listed)]


def _ends(listed: Path) -> bool:
    """Tell whether a list is whole; it is read as opcodes, and none is carried out."""
    try:
        with listed.open("rb") as file:
            return all(True for _ in pickletools.genops(file))
    except ValueError:
        return False
