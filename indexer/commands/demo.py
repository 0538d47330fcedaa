"""`topicdex demo`: the bundled example, indexed, served and asked."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import click

from indexer.commands.options import setting_type
from indexer.commands.printing import say
from indexer.settings import Settings

FOLDER = Path("topicdex-demo")


@click.command()
@click.option("--port", type=setting_type("port"), default=8000, show_default=True, help="port to listen on")
@click.option("--no-serve", is_flag=True, help="stop after indexing")
def demo(port: int, no_serve: bool) -> None:
    """Index the bundled example in ./topicdex-demo, serve it, and show what to ask."""
    settings = Settings(data=FOLDER, port=port)
    index_example(settings)
    if no_serve:
        return
    from server.serve import serve

    serve(settings, on_listen=lambda url: threading.Thread(target=_show, args=(url,), daemon=True).start())


def index_example(settings: Settings) -> None:
    """Index the bundled words and topics into the store of the settings; what is there already stays."""
    from importlib.resources import as_file, files

    from indexer.connect import connect
    from indexer.readers import read_topics, read_words
    from indexer.readers.survey import survey
    from indexer.words.indexing import Indexing

    example = files("indexer") / "examples"
    with (
        as_file(example / "words.csv") as words,
        as_file(example / "topics.csv") as topics,
        connect(settings) as service,
    ):
        sources = [lambda: read_words(words)]
        summary = Indexing(service, sources, survey(sources)).run()
        wanted = read_topics(topics)
        if [t.name for t in service.topics.all().topics] != [t.name for t in wanted]:
            service.topics.replace(wanted)
    counts = summary.counts
    say(
        f"{settings.data}: {counts.added} words added, {counts.unchanged} were there, "
        f"{counts.embedded} texts embedded, {len(wanted)} topics"
    )


def _show(url: str) -> None:
    import httpx

    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        while not client.get("/readyz").is_success:
            time.sleep(0.1)
        click.echo(f"Open {url}/ in a browser.\n")
        click.echo("Ask for the topic of any word there, then change a topic under Topics and ask again.")
        click.echo(f"Any program can ask as well; {url}/docs describes how:\n")
        for path, body in (
            ("/v1/topics/nearest?text=Papaya", None),
            ("/v1/words/nearest?text=thunderstorm&k=3", None),
            ("/v1/clusterings?wait=30", {"k": 12}),
        ):
            data = f" \\\n    -H 'Content-Type: application/json' -d '{json.dumps(body)}'" if body else ""
            text = json.dumps(client.request("POST" if body else "GET", path, json=body).json(), ensure_ascii=False)
            click.echo(f"  curl '{url}{path}'{data}")
            click.echo(f"  {text if len(text) < 700 else text[:700] + ' ...'}\n")
        click.echo("Ctrl-C ends it.")
