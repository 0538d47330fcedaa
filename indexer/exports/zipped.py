"""Several files as one zip that is sent while it is made."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from indexer.exports.sink import Sink

_LEVEL = 1  # of deflate


@dataclass(frozen=True)
class Entry:
    """A file in a zip; `packed`: made smaller."""

    name: str
    parts: Iterator[bytes]
    packed: bool = True


def zipped(entries: Sequence[Entry]) -> Iterator[bytes]:
    """Yield a zip of these files; the sizes follow behind each file, since nobody can go back in a stream.

    All dates are the first that a zip knows, so the same words give the same bytes.
    """
    sink = Sink()
    with zipfile.ZipFile(sink, "w") as archive:
        for entry in entries:
            info = zipfile.ZipInfo(entry.name)
            info.compress_type = zipfile.ZIP_DEFLATED if entry.packed else zipfile.ZIP_STORED
            info.external_attr = 0o644 << 16
            info._compresslevel = _LEVEL  # type: ignore[attr-defined]
            with archive.open(info, "w", force_zip64=True) as file:
                for part in entry.parts:
                    file.write(part)
                    if ready := sink.taken():
                        yield ready
    yield sink.taken()
