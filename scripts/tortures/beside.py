"""Writers beside readers: an indexer beside a server, and indexers beside the workers of a Chroma server."""

import os
import time
from pathlib import Path

from scripts.processes import Server, chroma, gunicorn, start
from scripts.tortures.world import (
    Asking,
    Tally,
    check_count,
    check_found,
    check_sound,
    end,
    finished,
    serving,
    texts,
    write_file,
)

FRESH_S = 2.0  # what one process wrote, every other sees within this, says the README
_TOPICS = {"topics": [{"name": name} for name in ("Fruit", "Country", "Company")]}


def beside_a_server(folder: Path, model: str, tally: Tally, *, size: int, clients: int) -> None:
    """Index beside a server that is asked all the while; every text finds itself, then and after a restart."""
    store, words = folder / "store", texts(size)
    file = write_file(folder / "words.txt", words)
    server = serving("--data", store, "--model", model)
    assert server.client.put("/v1/topics", json=_TOPICS).status_code == 200
    with Asking(server.url, clients, tally):
        finished(start("index", file, "--data", store, "--model", model))
    _all_there(server, words, tally)
    _all_there(serving("--data", store, "--model", model), words, tally)
    check_sound("--data", store, "--model", model)
    tally.rounds += 1


def beside_workers(folder: Path, model: str, tally: Tally, *, size: int, clients: int, workers: int = 4) -> None:
    """The same with a real Chroma server, gunicorn's workers and two indexers at once."""
    words = texts(size)
    halves = [write_file(folder / f"{i}.txt", words[i::2]) for i in range(2)]
    for first in (True, False):
        with chroma(folder / "chroma") as url:
            env = {**os.environ, "TOPICDEX_CHROMA_URL": url, "TOPICDEX_MODEL": model}
            server = gunicorn(workers, env)
            server.ready()
            if first:
                assert server.client.put("/v1/topics", json=_TOPICS).status_code == 200
                time.sleep(FRESH_S)
                with Asking(server.url, clients, tally):
                    indexers = [start("index", half, env=env) for half in halves]
                    for indexer in indexers:
                        finished(indexer)
                time.sleep(FRESH_S)
            _all_there(server, words, tally)
            check_sound(env=env)
    tally.rounds += 1


def _all_there(server: Server, words: list[str], tally: Tally) -> None:
    check_count(server.url, len(words))
    check_found(server.url, words, tally)
    end(server)
