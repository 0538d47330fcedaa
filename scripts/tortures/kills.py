"""SIGKILL at random moments of real work: what was acknowledged is there, and running again finishes."""

from __future__ import annotations

import random
import re
import signal
import threading
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

import httpx

from scripts.processes import Client, serving, start
from scripts.tortures.world import Lost, Tally, acknowledged, check_found, check_sound, finished, texts, write_file

_POSTED = 500_000  # the first of the texts that are posted; those before it are in files


def kills(folder: Path, model: str, tally: Tally, *, rounds: int, size: int, longest_s: float, seed: int = 0) -> None:
    """Kill an indexer alone, an indexer beside a server, and a server, in turn, on one store that grows."""
    store = ("--data", folder / "store", "--model", model)
    choose = random.Random(seed)
    everything: list[str] = []
    for turn in count():
        if tally.rounds == rounds:
            break
        words = texts(size, turn * size)
        file = write_file(folder / "words.txt", words)
        server = serving(*store) if turn % 3 else None
        posting = _Posting(server.url, _POSTED + turn * 10_000) if server and turn % 3 == 2 else None
        indexer = start("index", file, *store)
        time.sleep(choose.uniform(0, longest_s))  # the moment
        working = indexer.poll() is None
        if server and posting:
            server.end(signal.SIGKILL)
            server = None
            _, said = indexer.communicate(timeout=600)
            # one that had not yet found the server finds the folder free, and goes on by itself
            if indexer.returncode and not re.search(r"^topicdex: \w+: .*run .*again", said, re.MULTILINE):
                raise Lost(f"the server was killed, and the indexer ended with {indexer.returncode}: {said}")
        else:
            indexer.kill()
            _, said = indexer.communicate()
        there = words if indexer.returncode == 0 else acknowledged(words, said)
        there = there + (posting.acknowledged() if posting else [])
        with server or serving(*store) as server:
            check_found(server.url, there, tally)
            finished(start("index", file, *store))
            check_found(server.url, words, tally)
        everything += there + words
        tally.rounds += working  # one that had finished by then was not killed
    check_sound(*store)
    with serving(*store) as server:
        check_found(server.url, list(dict.fromkeys(everything)), tally)


class _Posting:
    """A client that posts a hundred words after another until its server dies; a 200 is an acknowledgement."""

    def __init__(self, url: str, first: int) -> None:
        self._acknowledged: list[str] = []
        self._thread = threading.Thread(target=self._post, args=(url, first))
        self._thread.start()

    def acknowledged(self) -> list[str]:
        """Return the texts of every call that was answered, once the server is dead."""
        self._thread.join()
        return self._acknowledged

    def _post(self, url: str, first: int) -> None:
        with Client(url) as client, suppress(httpx.HTTPError):
            while True:
                batch = texts(100, first + len(self._acknowledged))
                client.call("POST", "/v1/words", {"words": [{"text": text} for text in batch]})
                self._acknowledged += batch
