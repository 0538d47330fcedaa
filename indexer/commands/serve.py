"""`topicdex serve`: the page and the HTTP API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from indexer.commands.options import LISTEN, MODEL, Configured, settings_options
from indexer.commands.printing import say

if TYPE_CHECKING:
    from indexer.settings import Settings


@click.command(cls=Configured)
@click.option("--open", "show", is_flag=True, help="open the page in the browser")
@settings_options(tuple(name for name in (*MODEL, *LISTEN, "budget") if name != "server"))
def serve(settings: Settings, show: bool) -> None:
    """Serve the store over HTTP until Ctrl-C or SIGTERM: a page to ask and see, and the API."""
    from server.serve import serve as run

    store = settings.chroma_url or settings.data

    def listening(url: str) -> None:
        say(f"topicdex serves {store}: the page is {url}/, the API is described at {url}/docs")
        if show:
            _open(url)

    run(settings, on_listen=listening)


def _open(url: str) -> None:
    """Open the page in the browser, which takes as long as it likes."""
    import threading
    import webbrowser

    # browsers need not know the address that stands for all
    page = url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
    threading.Thread(target=webbrowser.open, args=(f"{page}/",), daemon=True).start()
