"""The lock on a store's folder, with a note that says which process holds it; and the making of the folder.

Two processes on one embedded Chroma store lose vectors in silence, so one holds the lock for as long as the store is
open. The operating system releases it when the process ends, however it dies; a note left behind means nothing.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from indexer.errors import NotFound, StoreBusy, StoreFormat, StoreUnavailable

LOCK = "topicdex.lock"
NOTE = "topicdex-owner.json"
MARKER = "topicdex.json"
# Of the folder, in its marker. Where there is a snapshot, every write must be noted in its journal; 0.1.0, which knows
# nothing of that, opens a folder of the first format alone.
PLAIN, WITH_SNAPSHOT = 1, 2
POLL_S = 0.1  # seconds between two looks at a lock that another process holds


@dataclass(frozen=True)
class OwnerNote:
    """What the process that holds the lock says of itself; `url` is set where it is a server."""

    pid: int
    command: str
    since: str
    url: str | None = None

    def __str__(self) -> str:
        at = f" at {self.url}" if self.url else ""
        return f"`{self.command}`{at}, process {self.pid}, since {self.since}"


class StoreLock:
    """The lock on one folder, held by one process of the machine; the end of the process releases it too."""

    def __init__(self, folder: Path, *, url: str | None = None) -> None:
        self._folder = folder
        self._url = url
        self._lock = FileLock(folder / LOCK, thread_local=False)  # any thread may release it

    def acquire(self, wait: float) -> None:
        """Take the lock, waiting `wait` seconds at most; raises StoreBusy, which names the owner."""
        end = time.monotonic() + wait
        while not self.try_acquire():
            if time.monotonic() >= end:
                raise self.busy()
            time.sleep(POLL_S)

    def try_acquire(self) -> bool:
        """Take the lock where nobody holds it, and return whether it was taken."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            self._write_note()
        except OSError as error:
            self._lock.release()
            raise self._unwritable(error) from error
        return True

    def busy(self) -> StoreBusy:
        """Return the error that names the owner."""
        owner = read_note(self._folder)
        remedy = "end it, as a server does not end by itself" if owner and owner.url else "wait for it"
        return StoreBusy(f"{self._folder} is in use by {owner or 'another process'}; {remedy}, or give --wait SECONDS")

    def release(self) -> None:
        """Release the lock; harmless where it is not held."""
        if self._lock.is_locked:
            (self._folder / NOTE).unlink(missing_ok=True)
            self._lock.release()

    def _write_note(self) -> None:
        command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]])
        since = datetime.now(UTC).isoformat(timespec="seconds")
        replace_json(self._folder / NOTE, asdict(OwnerNote(os.getpid(), command, since, self._url)))

    def _unwritable(self, error: OSError) -> StoreUnavailable:
        return StoreUnavailable(f"{self._folder} cannot be written ({error.strerror}); check its owner and its disk")


def read_note(folder: Path) -> OwnerNote | None:
    """Return the note of the owner; None where no note can be read."""
    try:
        return OwnerNote(**json.loads((folder / NOTE).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def replace_json(path: Path, value: object, *, synced: bool = False) -> None:
    """Write `value` as JSON; a reader sees the old file or the new one, never half of it.

    `synced`: it is on the disk when this returns, and so are files made or removed beside it before.
    """
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(json.dumps(value))
            if synced:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(path)
        if synced:
            sync_folder(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Bring the names of a folder's files to the disk: those that were made, renamed or removed."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def folder_format(folder: Path) -> object:
    """Return the format that a folder's marker names; None where there is no marker. Raises OSError, ValueError."""
    marker = folder / MARKER
    content = json.loads(marker.read_text("utf-8")) if marker.exists() else {"format": None}
    return content.get("format") if isinstance(content, dict) else ""


def mark_folder(folder: Path, format: int) -> None:
    """Write the marker that makes a folder a store, and names its format; it is on disk when this returns."""
    replace_json(folder / MARKER, {"format": format}, synced=True)


def prepare_folder(folder: Path, *, create: bool) -> None:
    """Make the folder, or check that it is empty or a store.

    Raises NotFound where there is no store and `create` is false, StoreFormat where the folder holds other files,
    StoreUnavailable where it cannot be made.
    """
    if not create and not (folder / MARKER).exists():
        raise NotFound(f"there is no store in {folder}; make one with topicdex index, or give --data")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # another process that is making the store right now leaves drafts of its note and its marker
        files = {p.name for p in folder.iterdir() if not p.match("topicdex*.tmp")} - {LOCK, NOTE}
    except OSError as error:
        raise StoreUnavailable(f"{folder} cannot be used as a store ({error.strerror}); give another --data") from error
    if files - {MARKER} and not (folder / MARKER).exists():
        raise StoreFormat(
            f"{folder} holds files ({sorted(files)[0]!r}, ...) and is no topicdex store; "
            "give --data an empty folder or a store"
        )
