"""`topicdex export`: the corpus as files that other programs read."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from indexer.commands.options import STORE, opens, prepared
from indexer.commands.printing import say

if TYPE_CHECKING:
    from indexer.contract.exports import ExportFormat
    from indexer.contract.service import Service

_FORMATS = ("parquet", "csv", "numpy", "projector")


def _target(format: str, path: Path, force: bool) -> Path:
    from indexer.commands.files import check_free

    if str(path) != "-":
        check_free(path, force)
    elif format != "csv":
        raise click.UsageError("only csv goes to standard output; give a PATH")
    return path


@click.command()
@click.argument("format", type=click.Choice(_FORMATS))
@click.argument("path", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--force", is_flag=True, help="replace what is there under PATH")
@prepared("target", lambda format, path, force: (format, _target(format, path, force)))
@opens(STORE)
def export(service: Service, target: tuple[ExportFormat, Path]) -> None:
    """Write all words with their metadata, topics, clusters and places on the map to PATH.

    parquet: one file, with the vectors; pandas and `topicdex index` read it. csv: one file without the vectors, - for
    standard output; `topicdex index` reads it too. numpy: a folder of vectors.npy and words.parquet. projector: a
    folder for TensorFlow's Embedding Projector.
    """
    from indexer.commands.files import write_unpacked, write_whole
    from indexer.contract.exports import FILES

    format, path = target
    begin = time.monotonic()
    parts = service.export(format)
    if str(path) == "-":
        for part in parts:
            sys.stdout.buffer.write(part)
        sys.stdout.flush()
        return
    size = write_unpacked(path, parts, FILES[format]) if format in FILES else write_whole(path, parts)
    say(f"{path} is written: {size / 1e6:,.1f} MB, {time.monotonic() - begin:.1f} s")
