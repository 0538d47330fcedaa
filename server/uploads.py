"""Files that callers send: received to disk, whatever their size, and measured before anything reads them.

A file is kept without a name in the folder for temporary files (TMPDIR), where the web server collects bodies too: no
path can be chosen for it, nobody else can open it, and it is gone with the process however that ends. Beside the store
it could fill the disk that the store needs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Annotated, BinaryIO, cast

from flask import request
from flask_openapi3 import RawModel
from pydantic import AfterValidator, Field, WithJsonSchema

from indexer.errors import InputError, InvalidRequest, StoreUnavailable, TooLarge
from indexer.readers import Spooled
from indexer.readers.formats import ENDINGS, ending_problem
from indexer.readers.lines import GZIP_ERRORS, open_file
from server.draining import MAKE_ROOM
from server.schemas import Query, checked

# The most bytes of a body by endpoint, for those that take a file; all others take JSON.
MOST_BYTES = {"imports.start_import": 128 * 2**20, "labelled.read_rows": 16 * 2**20}
MOST_UNPACKED = 8  # times these bytes: texts become a third to an eighth with gzip, and zeros a thousandth
BYTES = "application/octet-stream"
_BLOCK = 2**20  # bytes in memory at a time

_FORMAT = "|".join("".join(f"[{letter}{letter.upper()}]" for letter in ending[1:]) for ending in ENDINGS)
_ENDING = rf"\.({_FORMAT})(\.[gG][zZ])?$"
FileName = Annotated[
    str,
    Field(min_length=1, max_length=255),
    AfterValidator(checked(ending_problem)),
    WithJsonSchema({"type": "string", "maxLength": 255, "pattern": rf"^[\s\S]+{_ENDING}", "example": "words.csv"}),
]


class FileQuery(Query):
    """The name of a file, whose end says what it is, and the column of its texts where no usual name shows it."""

    name: FileName
    text_column: str | None = None


class FileBody(RawModel):
    """The bytes of a file."""

    mimetypes = [BYTES]


def receive(name: str) -> Spooled:
    """Return the body of the call as a file, which the caller closes.

    Raises TooLarge, InvalidRequest where it is empty or cut off, StoreUnavailable where the disk is full.
    """
    assert request.endpoint is not None
    most, length = MOST_BYTES[request.endpoint], request.content_length
    file = _temporary_file()
    try:
        received = _copy(file, most) if (length or 0) <= most else length or 0
        if received > most:
            raise TooLarge(f"a file may have {most >> 20} MB here; send it in parts, or packed with gzip")
        if not received:
            raise InvalidRequest("the body is empty; send the bytes of the file")
        if length is not None and received < length:
            raise InvalidRequest(f"the body was cut off after {received} of {length} bytes; send it again")
    except BaseException:
        file.close()
        raise
    return Spooled(file, name)


def _copy(file: BinaryIO, most: int) -> int:
    """Write the body to a file and return its length; a longer one is read no further than beyond `most` bytes."""
    received = 0
    request.max_content_length = most + _BLOCK  # else it is that of JSON
    while received <= most and (block := request.stream.read(_BLOCK)):
        received += len(block)
        try:
            file.write(block)
            file.flush()
        except OSError as error:
            raise _full(error) from error
    return received


def check_unpacked(file: Spooled, most: int, progress: Callable[[], None] = lambda: None) -> None:
    """Raise InputError where a packed file has more than `most` bytes; `progress` is called after each block."""
    if not file.name.lower().endswith(".gz"):
        return
    unpacked = 0
    with open_file(file) as stream:
        try:
            while block := stream.read(_BLOCK):
                unpacked += len(block)
                if unpacked > most:
                    raise InputError(f"{file}: more than {most >> 20} MB when it is unpacked; send it in parts")
                progress()
        except GZIP_ERRORS:
            return  # whoever reads it names the line


def for_callers(error: InputError) -> str:
    """Return what is wrong with a file, with the options of the command line as the parameters of a call."""
    message = str(error)
    for column in ("text", "id", "label"):
        message = message.replace(f"--{column}-column", f"{column}_column")
    return message


def _temporary_file() -> BinaryIO:
    try:
        return cast(BinaryIO, tempfile.TemporaryFile(prefix="topicdex-"))
    except OSError as error:
        raise _full(error) from error


def _full(error: OSError) -> StoreUnavailable:
    return StoreUnavailable(f"the body cannot be kept ({error.strerror}); {MAKE_ROOM}")
