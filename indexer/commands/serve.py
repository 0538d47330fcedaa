"""`topicdex serve`: the HTTP API."""

from typing import Any

import click

from indexer.commands.options import LISTEN, MODEL, settings_of, settings_options
from indexer.commands.printing import say


@click.command()
@settings_options(tuple(name for name in (*MODEL, *LISTEN) if name != "server"))
def serve(**flags: Any) -> None:
    """Serve the store over HTTP until Ctrl-C or SIGTERM; the API is described at /docs."""
    from server.serve import serve as run

    settings = settings_of(flags)
    run(settings, on_listen=lambda url: say(f"topicdex serves {_what(settings)} at {url}, docs at {url}/docs"))


def _what(settings: Any) -> str:
    return str(settings.chroma_url or settings.data)
