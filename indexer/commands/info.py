"""`topicdex info`: what is here, on what."""

from typing import Any

import click

from indexer.commands.options import MODEL, json_option, settings_of, settings_options
from indexer.commands.printing import print_json, print_table


@click.command()
@settings_options(MODEL)
@json_option
def info(as_json: bool, **flags: Any) -> None:
    """Show the model, the counts and the store."""
    from indexer.connect import connect

    with connect(settings_of(flags), create=False) as engine:
        found = engine.info()
    if as_json:
        print_json(found)
        return
    print_table(
        ("what", "value"),
        [
            ("version", found.version),
            ("model", found.model.name),
            ("dimension", found.model.dimension),
            ("words", found.counts.words),
            ("topics", found.counts.topics),
            ("store", f"{found.store.mode}, format {found.store.format}"),
        ],
    )
