"""Writers beside readers: an indexer beside a server, and indexers beside the workers of a Chroma server."""

from __future__ import annotations

import os
import time
from pathlib import Path

from scripts.processes import chroma, gunicorn, serving, start
from scripts.tortures.world import Asking, Tally, check_count, check_found, check_sound, finished, texts, write_file

FRESH_S = 2.0  # what one process wrote, every other sees within this, says the README
_TOPICS = {"topics": [{"name": name} for name in ("Fruit", "Country", "Company")]}


def beside_a_server(folder: Path, model: str, tally: Tally, *, size: int, clients: int) -> None:
    """Index beside a server that is asked all the while; every text finds itself, then and after a restart."""
    store, words = ("--data", folder / "store", "--model", model), texts(size)
    file = write_file(folder / "words.txt", words)
    with serving(*store) as server:
        server.client.call("PUT", "/v1/topics", _TOPICS)
        with Asking(server.url, clients, tally):
            finished(start("index", file, *store))
        _all_there(server.url, words, tally)
    with serving(*store) as server:
        _all_there(server.url, words, tally)
    check_sound(*store)
    tally.rounds += 1


def beside_workers(folder: Path, model: str, tally: Tally, *, size: int, clients: int, workers: int = 4) -> None:
    """The same with a real Chroma server, gunicorn's workers and two indexers at once."""
    words = texts(size)
    halves = [write_file(folder / f"{i}.txt", words[i::2]) for i in range(2)]
    for first in (True, False):
        with chroma(folder / "chroma") as url:
            env = {**os.environ, "TOPICDEX_CHROMA_URL": url, "TOPICDEX_MODEL": model}
            with gunicorn(workers, env) as server:
                server.ready()
                if first:
                    server.client.call("PUT", "/v1/topics", _TOPICS)
                    time.sleep(FRESH_S)
                    with Asking(server.url, clients, tally):
                        for indexer in [start("index", half, env=env) for half in halves]:
                            finished(indexer)
                    time.sleep(FRESH_S)
                _all_there(server.url, words, tally)
            check_sound(env=env)
    tally.rounds += 1


def _all_there(url: str, words: list[str], tally: Tally) -> None:
    check_count(url, len(words))
    check_found(url, words, tally)
