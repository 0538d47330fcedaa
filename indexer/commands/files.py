"""Files that commands write: beside their name, and under it once they are whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile

from indexer.errors import InputError

_BLOCK = 2**20  # bytes of a file in a zip that are in memory


def check_free(path: Path, force: bool) -> None:
    """Raise InputError where there is something under this name, unless `force` lets it be replaced."""
    if os.path.lexists(path) and not force:
        raise InputError(f"{path} is there already; give another name, or --force to replace it")


def write_whole(path: Path, parts: Iterable[bytes]) -> int:
    """Write a file and return its bytes; what was under the name stays until the new file is whole and on the disk.

    Raises InputError where it cannot be written.
    """
    with _told(path), _beside(path) as (file, temporary):
        size = sum(file.write(part) for part in parts)
        file.flush()
        os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
        return size


def write_unpacked(folder: Path, parts: Iterable[bytes], names: Sequence[str]) -> int:
    """Write the files of a zip, which must be those of these names, and return their bytes.

    A new folder is there once all of it is; in an old one each file is replaced once it is whole, and others stay.
    Raises InputError where that cannot be written, and where the zip is cut off or has other files.
    """
    with _told(folder), _beside(folder) as (file, _):
        for part in parts:
            file.write(part)
        try:
            with ZipFile(file) as archive:
                if sorted(archive.namelist()) != sorted(names):  # no other name is ever written
                    raise BadZipFile("it has other files")
                if folder.is_dir():
                    return _unpack(archive, folder, names)
                with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent) as new:
                    size = _unpack(archive, Path(new, folder.name), names)
                    Path(new, folder.name).rename(folder)
                    return size
        except BadZipFile as error:
            raise InputError(
                f"{folder}: what was to be written there is no whole export ({error}); run again"
            ) from error


def _unpack(archive: ZipFile, folder: Path, names: Sequence[str]) -> int:
    folder.mkdir(exist_ok=True)
    return sum(write_whole(folder / name, _parts(archive, name)) for name in names)


def _parts(archive: ZipFile, name: str) -> Iterator[bytes]:
    with archive.open(name) as file:
        while part := file.read(_BLOCK):
            yield part


@contextmanager
def _beside(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """Make a file beside a path, and remove it at the end where it is still there."""
    number, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(number, "w+b") as file:
            yield file, temporary
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{path} cannot be written ({reason}); make room, or give another place") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
