"""SIGKILL at random moments of a change of the model, there and back, beside a server and alone."""

from __future__ import annotations

import os
import random
import signal
import time
from itertools import count
from pathlib import Path
from typing import Any

from indexer.settings import model_name
from scripts.processes import Server, serving, start
from scripts.tortures.world import (
    Asking,
    Lost,
    Tally,
    check_count,
    check_found,
    check_sound,
    finished,
    texts,
    write_file,
)

_TOPICS = {"topics": [{"name": name} for name in ("Fruit", "Country", "Company")]}


def reembeddings(
    folder: Path, models: tuple[str, str], tally: Tally, *, rounds: int, size: int, longest_s: float, seed: int = 0
) -> None:
    """Change between two models again and again, and kill each change, in turn a server's and a command's.

    After each kill all words are there by one of the two models; resumed, the change comes to its end.
    """
    store, words, choose = ("--data", folder / "store"), texts(size), random.Random(seed)
    finished(start("index", write_file(folder / "words.txt", words), *store, "--model", models[0]))
    with serving(*store, "--model", models[0]) as server:
        server.client.call("PUT", "/v1/topics", _TOPICS)
        before = _state(server)
    present = models[0]
    for turn in count():
        if tally.rounds == rounds:
            break
        coming = models[1 - models.index(present)]
        env = {**os.environ, "TOPICDEX_MODELS": ",".join(models), "TOPICDEX_MODEL": present}
        if turn % 2:
            killed = _kill_command(store, coming, choose.uniform(0, longest_s))
        else:
            killed = _kill_server(env, store, coming, choose.uniform(0, longest_s), tally)
        _, said = (resumed := start("reembed", "--model", coming, *store)).communicate(timeout=3600)
        if resumed.returncode and " already; " not in said:  # the kill came after the exchange
            raise Lost(f"the change to {coming} does not go on: {said}")
        present = coming
        with serving(*store, "--model", present) as server:
            check_found(server.url, words, tally)
            check_count(server.url, size)
            if (found := _state(server)) != before:
                raise Lost(f"after the change to {present} there is {found}, and was {before}")
        tally.rounds += killed
    check_sound(*store, "--model", present)


def _kill_command(store: tuple[object, ...], model: str, moment: float) -> bool:
    """Start a change of the model and kill it; return whether it was still at work."""
    command = start("reembed", "--model", model, *store)
    time.sleep(moment)
    working = command.poll() is None
    command.kill()
    command.communicate()
    return working


def _kill_server(env: dict[str, str], store: tuple[object, ...], model: str, moment: float, tally: Tally) -> bool:
    """Let a server change its model while it is asked, and kill it; return whether it was still at work."""
    with serving(*store, env=env) as server:
        with Asking(server.url, 2, tally):
            job = server.client.call("POST", "/v1/reembeddings", {"model": model_name(model)})
            time.sleep(moment)
            job = server.client.call("GET", f"/v1/reembeddings/{job['id']}")
        if job["status"] == "failed":
            raise Lost(f"the change of the model failed: {job}")
        server.end(signal.SIGKILL)
        return str(job["status"]) == "running"


def _state(server: Server) -> Any:
    return server.client.call("GET", "/v1/topics")
