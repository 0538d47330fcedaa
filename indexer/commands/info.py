"""`topicdex info`: what is here, on what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from indexer.commands.options import MODEL, answers
from indexer.commands.printing import Output, Table

if TYPE_CHECKING:
    from indexer.contract.service import Service


@click.command()
@answers(MODEL)
def info(service: Service) -> Output:
    """Show the model, the counts and the store."""
    info = service.info()
    snapshot = info.snapshot
    rows = [
        ("version", info.version),
        ("model", info.model.name),
        ("dimension", info.model.dimension),
        ("words", info.counts.words),
        ("topics", info.counts.topics),
        ("store", f"{info.store.mode}, format {info.store.format}"),
        (
            "snapshot",
            f"{snapshot.words} words, {snapshot.bytes / 1e6:.1f} MB, {snapshot.created}" if snapshot else "none",
        ),
    ]
    return Output(info, Table(("what", "value"), rows))
