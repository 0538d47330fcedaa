"""Who owns the folder: a lock of the operating system, and a note beside it that says who holds it.

Two processes on one embedded Chroma store lose vectors without a word, so the lock is held for as long as the
store is open. The lock goes with its process, however that dies; the note may outlive it and then says nothing.
"""

import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from indexer.errors import StoreBusy, StoreFormat, StoreUnavailable

LOCK = "topicdex.lock"
NOTE = "topicdex-owner.json"
_POLL = 0.1  # seconds between two looks at a lock that another process holds


@dataclass(frozen=True)
class OwnerNote:
    """What an owner says of itself; `url` is set where it is a server."""

    pid: int
    command: str
    since: str
    url: str | None = None

    def __str__(self) -> str:
        at = f" at {self.url}" if self.url else ""
        return f"`{self.command}`{at}, process {self.pid}, since {self.since}"


class OwnerLock:
    """The right to open one folder; released by `release` or by the end of the process."""

    def __init__(self, folder: Path, *, url: str | None = None) -> None:
        self._folder = folder
        self._url = url
        self._lock = FileLock(folder / LOCK)

    def acquire(self, wait: float) -> None:
        """Take the lock, waiting `wait` seconds at most; raises StoreBusy, naming the owner."""
        end = time.monotonic() + wait
        while not self._try():
            if time.monotonic() >= end:
                owner = read_note(self._folder)
                raise StoreBusy(
                    f"{self._folder} is in use by {owner or 'another process'}; wait for it, or give --wait SECONDS"
                )
            time.sleep(_POLL)
        self._write_note()

    def release(self) -> None:
        """Give the folder back; harmless where it is not held."""
        if self._lock.is_locked:
            (self._folder / NOTE).unlink(missing_ok=True)
            self._lock.release()

    def _try(self) -> bool:
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        except OSError as error:
            raise StoreUnavailable(
                f"{self._folder} cannot be written ({error.strerror}); check its owner and its disk"
            ) from error
        return True

    def _write_note(self) -> None:
        command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]])
        since = datetime.now(UTC).isoformat(timespec="seconds")
        note = OwnerNote(os.getpid(), command, since, self._url)
        try:
            replace_json(self._folder / NOTE, asdict(note))
        except OSError as error:
            self._lock.release()
            raise StoreUnavailable(
                f"{self._folder} cannot be written ({error.strerror}); check its owner and its disk"
            ) from error


def read_note(folder: Path) -> OwnerNote | None:
    """Return the note of the owner; None where there is none that can be read."""
    try:
        return OwnerNote(**json.loads((folder / NOTE).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def running_server(folder: Path) -> OwnerNote | None:
    """Return the note of the server that owns the folder now; None where no living process holds the lock."""
    note = read_note(folder)
    if note is None or note.url is None:
        return None
    probe = FileLock(folder / LOCK)
    try:
        probe.acquire(timeout=0)
    except Timeout:
        return note
    except OSError:
        return None
    probe.release()
    return None


def replace_json(path: Path, value: object) -> None:
    """Write `value` as JSON so that a reader sees the old file or the new one, never half of it."""
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        draft.write_text(json.dumps(value), "utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


MARKER = "topicdex.json"


def prepare_folder(folder: Path) -> None:
    """Make the folder, or check that it is empty or a store.

    Raises StoreFormat where it holds other things, StoreUnavailable where it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        strange = {p.name for p in folder.iterdir()} - {LOCK, NOTE}
    except OSError as error:
        raise StoreUnavailable(f"{folder} cannot be used as a store ({error.strerror}); give another --data") from error
    if strange and MARKER not in strange:
        raise StoreFormat(
            f"{folder} holds files ({sorted(strange)[0]!r}, ...) and is no topicdex store; "
            "give --data an empty folder or a store"
        )
