"""`topicdex serve`: the HTTP API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from indexer.commands.options import LISTEN, MODEL, settings_options
from indexer.commands.printing import say

if TYPE_CHECKING:
    from indexer.settings import Settings


@click.command()
@settings_options(tuple(name for name in (*MODEL, *LISTEN) if name != "server"))
def serve(settings: Settings) -> None:
    """Serve the store over HTTP until Ctrl-C or SIGTERM; the API is described at /docs."""
    from server.serve import serve as run

    store = settings.chroma_url or settings.data
    run(settings, on_listen=lambda url: say(f"topicdex serves {store} at {url}, docs at {url}/docs"))
