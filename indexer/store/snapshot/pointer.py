"""The pointer to the snapshot of a store: a small file that says where the snapshot lies and what it is of."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from indexer.embedders import ModelIdentity
from indexer.settings import Settings
from indexer.store.lock import replace_json
from indexer.store.snapshot.mapped import FILES, Snapshot

FORMAT = 1  # of the files of a snapshot; another one is not read
_POINTER = "topicdex-snapshot.json"


@dataclass(frozen=True)
class Place:
    """Where snapshots lie: `files` holds a folder for each; `private`: only the user may read them.

    `pointer` lies in the data folder, wherever the files lie, so that no process writes to that store unnoticed. With
    a Chroma server it lies beside the files, in a folder that is named after the collection of the words.
    """

    files: Path
    pointer: Path
    private: bool

    @classmethod
    def of(cls, settings: Settings, collection: str) -> Place | None:
        """Return where the snapshots of a store lie, also where they are off; None where no folder is known."""
        named = None if settings.snapshot is None or settings.snapshot_off else Path(settings.snapshot).absolute()
        if settings.chroma_url is None:
            data = settings.data.absolute()
            return cls(named / collection if named else data / "snapshot", data / _POINTER, named is not None)
        if named is None and settings.cache_folder:
            named = settings.cache_folder / "snapshots"
        return cls(named / collection, named / collection / _POINTER, True) if named else None

    def make(self) -> None:
        """Make the folder; raises OSError."""
        self.files.mkdir(0o700 if self.private else 0o777, parents=True, exist_ok=True)


@dataclass(frozen=True)
class Pointer:
    """What a snapshot is of: a collection of Chroma by its id, and a model; `words` of vectors of `dimension`.

    `created`: RFC 3339; `stamp`: unlike that of any other; `folder`: as seen from the pointer; `sizes`: of its files,
    in bytes; `anchor`: the entry of the change log since which all changes are known, with a Chroma server.
    """

    format: int
    collection: str
    model: dict[str, Any]
    dimension: int
    words: int
    created: str
    stamp: str
    folder: str
    sizes: dict[str, int]
    anchor: str | None

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return the pointer in a file; None where it cannot be read."""
        try:
            return cls(**json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, path: Path) -> None:
        """Write it in one step; it is on disk when this returns. Raises OSError."""
        replace_json(path, asdict(self), synced=True)

    @property
    def bytes(self) -> int:
        """Return how much of the disk the snapshot takes."""
        return sum(self.sizes.values())

    def is_of(self, collection: str, model: ModelIdentity | None) -> bool:
        """Tell whether the snapshot has a format that is known, and the words of this collection and model."""
        if model is None or self.model != model.to_fields():
            return False
        return self.format == FORMAT and self.collection == collection

    def open(self, path: Path) -> Snapshot:
        """Return the snapshot; `path`: the file of the pointer. Raises OSError and ValueError where it is not whole."""
        folder = path.parent / self.folder
        if sizes(folder) != self.sizes:
            raise ValueError(f"the files in {folder} do not have the sizes that its pointer names")
        snapshot = Snapshot(folder, self.dimension)
        if len(snapshot) != self.words:
            raise ValueError(f"the files in {folder} do not have the words that its pointer names")
        return snapshot


def sizes(folder: Path) -> dict[str, int]:
    """Return the size of each file in a folder, in bytes."""
    return {file.name: file.stat().st_size for file in sorted(folder.iterdir())}


def remove_files(folder: Path) -> None:
    """Remove the files of a snapshot and their folder, and nothing else that may be there; raises OSError."""
    if folder.exists():
        for name in FILES:
            (folder / name).unlink(missing_ok=True)
        with suppress(OSError):  # it holds something else
            folder.rmdir()
