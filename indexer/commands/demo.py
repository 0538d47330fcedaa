"""`topicdex demo`: the bundled example, indexed, served and asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

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
    _wait(url)
    click.echo(f"topicdex answers at {url}, its description is at {url}/docs. Try:\n")
    for path, body in (
        ("/v1/topics/nearest?" + urlencode({"text": "Papaya"}), None),
        ("/v1/words/nearest?" + urlencode({"text": "thunderstorm", "k": 3}), None),
        ("/v1/clusterings?wait=30", {"k": 12}),
    ):
        data = f" \\\n    -H 'Content-Type: application/json' -d '{json.dumps(body)}'" if body else ""
        click.echo(f"  curl '{url}{path}'{data}")
        click.echo(f"  {_short(_call(url + path, body))}\n")
    click.echo("Ctrl-C ends it.")


def _wait(url: str) -> None:
    from http.client import HTTPException

    while True:
        try:
            _call(f"{url}/readyz", None)
            return
        except (OSError, HTTPException):
            time.sleep(0.1)


def _call(url: str, body: Mapping[str, object] | None) -> Any:
    from urllib.request import ProxyHandler, Request, build_opener

    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {"Content-Type": "application/json"})
    with build_opener(ProxyHandler({})).open(request, timeout=60) as answer:  # loopback needs no proxy
        return json.loads(answer.read())


def _short(answer: Any) -> str:
    text = json.dumps(answer, ensure_ascii=False)
    return text if len(text) < 700 else text[:700] + " ..."
