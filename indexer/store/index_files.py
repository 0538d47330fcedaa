"""The files of Chroma's index that a full disk or a kill cut off in the middle of a write.

Chroma 1.5.9 rewrites all files of an index in place after every thousand rows, one after the other; so a process that
is killed meanwhile leaves one of them short (measured: 14 of 14 kills within that time). Chroma then refuses to read
the vectors of that collection, or ends the process with a segmentation fault at the next write. Texts and metadata are
safe in SQLite.
"""

from __future__ import annotations

import pickletools
import sqlite3
import struct
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

_HEADER, _VECTORS, _LENGTHS, _LINKS = "header.bin", "data_level0.bin", "length.bin", "link_lists.bin"
_IDS = "index_metadata.pickle"
_DATABASE = "chroma.sqlite3"
# hnswlib's HierarchicalNSW::saveIndex, as Chroma keeps it: version, six sizes, the highest level and the entry point,
# three numbers of links, and two settings
_FIELDS = struct.Struct("<i6QiI3QdQ")
_NUMBER = struct.Struct("<I")


def cut_off(folder: Path) -> list[Path]:
    """Return the folders of those indexes in a store of which a file is cut off."""
    return [path.parent for path in sorted(folder.glob(f"*/{_HEADER}")) if not _is_whole(path.parent)]


def index_names(folder: Path, collections: Iterable[str]) -> list[str]:
    """Return the names of the folders that hold the indexes of these collections, by their ids, in a store."""
    wanted, database = set(collections), f"{(folder / _DATABASE).absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(database, uri=True)) as opened:
        found = opened.execute("SELECT id, collection FROM segments WHERE scope = 'VECTOR'").fetchall()
    return [name for name, collection in found if collection in wanted]


def _is_whole(folder: Path) -> bool:
    """Tell whether the files of an index hold all that its header says."""
    try:
        header = (folder / _HEADER).read_bytes()
        if len(header) != _FIELDS.size:
            return False
        _, _, _, count, row_size, _, _, highest, _, most_links, *_ = _FIELDS.unpack(header)
        return count == 0 or (
            (folder / _VECTORS).stat().st_size >= count * row_size
            and (folder / _LENGTHS).stat().st_size >= count * _NUMBER.size
            and _links_are_whole(folder / _LINKS, count, highest, (most_links + 1) * _NUMBER.size)
            and _ids_are_whole(folder / _IDS)
        )
    except FileNotFoundError:
        return False


def _links_are_whole(file: Path, count: int, highest: int, level_size: int) -> bool:
    """Tell whether a file has the links of each row above the ground level: their size in bytes, and so many bytes."""
    longest = max(0, highest) * level_size
    if file.stat().st_size > count * (longest + _NUMBER.size):  # a damaged index may say that it has terabytes
        return False
    links, at = file.read_bytes(), 0
    for _ in range(count):
        if at + _NUMBER.size > len(links):
            return False
        (size,) = _NUMBER.unpack_from(links, at)
        if size % level_size or size > longest:
            return False
        at += _NUMBER.size + size
    return at == len(links)


def _ids_are_whole(file: Path) -> bool:
    """Tell whether the pickle of the ids is whole; its opcodes are read, and none is executed."""
    try:
        with file.open("rb") as opened:
            return all(True for _ in pickletools.genops(opened))
    except ValueError:
        return False
