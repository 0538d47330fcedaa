"""`topicdex demo`: the bundled example, indexed, served and asked."""

import http.client
import json
import threading
import time
import urllib.parse
import urllib.request
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import click

from indexer.commands.printing import say
from indexer.settings import Settings

FOLDER = Path("topicdex-demo")
_OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({})).open  # loopback needs no proxy


@click.command()
@click.option("--port", type=int, default=8000, show_default=True, help="port to listen on")
@click.option("--no-serve", is_flag=True, help="stop after indexing")
def demo(port: int, no_serve: bool) -> None:
    """Index the bundled example in ./topicdex-demo, serve it, and show what to ask."""
    settings = Settings(data=FOLDER, port=port)
    _index(settings)
    if no_serve:
        return
    from server.serve import serve

    serve(settings, on_listen=lambda url: threading.Thread(target=_show, args=(url,), daemon=True).start())


def _index(settings: Settings) -> None:
    from indexer.connect import connect
    from indexer.readers import read_topics, read_words
    from indexer.readers.survey import survey
    from indexer.words.indexing import Indexing

    example = files("indexer") / "examples"
    with (
        as_file(example / "words.csv") as words,
        as_file(example / "topics.csv") as topics,
        connect(settings) as engine,
    ):
        sources = [lambda: read_words(words)]
        summary = Indexing(engine, sources, survey(sources)).run()
        wanted = read_topics(topics)
        if [t.name for t in engine.topics.all().topics] != [t.name for t in wanted]:
            engine.topics.replace(wanted)
    counts = summary.counts
    say(
        f"{settings.data}: {counts.added} words added, {counts.unchanged} were there, "
        f"{counts.embedded} texts embedded, {len(wanted)} topics"
    )


def _show(url: str) -> None:
    _wait(url)
    click.echo(f"topicdex answers at {url}, its description is at {url}/docs. Try:\n")
    for path, body in (
        ("/v1/topics/nearest?" + urllib.parse.urlencode({"text": "Papaya"}), None),
        ("/v1/words/nearest?" + urllib.parse.urlencode({"text": "thunderstorm", "k": 3}), None),
        ("/v1/clusterings?wait=30", {"k": 12}),
    ):
        data = f" \\\n    -H 'Content-Type: application/json' -d '{json.dumps(body)}'" if body else ""
        click.echo(f"  curl '{url}{path}'{data}")
        click.echo(f"  {_short(_call(url + path, body))}\n")
    click.echo("Ctrl-C ends it.")


def _wait(url: str) -> None:
    while True:
        try:
            _call(f"{url}/readyz", None)
            return
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)


def _call(url: str, body: Any) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with _OPEN(request, timeout=60) as answer:
        return json.loads(answer.read())


def _short(answer: Any) -> str:
    text = json.dumps(answer, ensure_ascii=False)
    return text if len(text) < 700 else text[:700] + " ..."
