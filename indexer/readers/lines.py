"""The lines of text in a file, plain or gzip; whatever makes them unreadable is an InputError with file and line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import BinaryIO, cast

from indexer.errors import InputError

LINE_BYTES = 16 * 1024 * 1024  # longest line; a file without any line end must not fill the memory
GZIP_ERRORS = (EOFError, zlib.error, gzip.BadGzipFile)  # raised where a file is cut off, broken, or no gzip at all


@dataclass(frozen=True)
class Spooled:
    """A file that no path leads to, such as one that was sent: its bytes, and the name that it came with."""

    stream: BinaryIO
    name: str

    def __str__(self) -> str:
        return self.name


File = Path | Spooled


@contextmanager
def open_file(file: File) -> Iterator[BinaryIO]:
    """Open a file for reading from its beginning, unpacked where its name ends in .gz.

    Raises InputError where it is missing, is a folder, or may not be read.
    """
    if isinstance(file, Spooled):
        file.stream.seek(0)
        yield _unpacked(file.stream, file.name)
        return
    with _open_path(file) as stream, _unpacked(stream, file.name) as unpacked:
        yield unpacked


def _unpacked(stream: BinaryIO, name: str) -> BinaryIO:
    return cast(BinaryIO, gzip.open(stream)) if name.lower().endswith(".gz") else stream


def _open_path(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; check the name") from None
    except IsADirectoryError:
        raise InputError(f"{path}: this is a folder; name the files in it") from None
    except PermissionError:
        raise InputError(f"{path}: no permission to read it; change its permissions") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: it cannot be opened ({error}); check the name") from None


def decoded_lines(stream: BinaryIO, name: str) -> Iterator[str]:
    r"""Yield the lines of a UTF-8 stream, each with its end; a line ends at \n only, so \r\n stays whole.

    A byte order mark at the beginning is left out. `name` stands for the stream in messages. Raises InputError at
    bytes that are not UTF-8, broken gzip data, a failing disk, and a line of more than 16 MB.
    """
    for number in count(1):
        try:
            raw = stream.readline(LINE_BYTES + 1)
        except GZIP_ERRORS:
            raise InputError(f"{name}, line {number}: the gzip data is broken or cut off; pack it again") from None
        except OSError as error:
            raise InputError(f"{name}, line {number}: reading failed ({error.strerror}); try a copy") from None
        if not raw:
            return
        if len(raw) > LINE_BYTES:
            raise InputError(f"{name}, line {number}: longer than {LINE_BYTES >> 20} MB; break it into shorter texts")
        try:
            yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(
                f"{name}, line {number}: not UTF-8 (its byte {error.start + 1} is 0x{raw[error.start]:02x}); "
                "save it as UTF-8 text"
            ) from None


def without_end(line: str) -> str:
    r"""Return the line without its \n or \r\n; every other character stays, a lone \r too."""
    return line[:-2] if line.endswith("\r\n") else line.removesuffix("\n")
