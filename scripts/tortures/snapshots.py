"""SIGKILL while a snapshot is written, noted for or written again, also on full disks: no old word, and none lost."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from indexer.records import text_hash
from scripts.processes import Client, Server, serving, start, wait_until
from scripts.tortures.disks import mount, small_disk
from scripts.tortures.world import Lost, Tally, acknowledged, check_found, check_sound, finished, texts, write_file

_AT_ONCE = 1_000  # texts a call
_MOST_CALLS = 12  # that are answered before a kill: a tenth of the words changes in a few


class _Words:
    """What must be stored, text by id, and the texts that must be gone; what was on its way at a kill is neither."""

    def __init__(self) -> None:
        self.there: dict[str, str] = {}
        self.gone: set[str] = set()
        self._made = 0

    def fresh(self, count: int) -> list[str]:
        """Return texts that were never used before."""
        self._made += count
        return texts(count, self._made - count)

    def forget(self, ids: list[str]) -> list[str]:
        """Leave words out, as they are about to change; return their texts."""
        return [self.there.pop(id) for id in ids if id in self.there]

    def check(self, server: Server, tally: Tally) -> None:
        """Look for every word in memory, which stands on the snapshot. Raises Lost."""
        server.wait_until_warm()
        check_found(server.url, list(self.there.values()), tally)
        gone = sorted(self.gone)
        for i in range(0, len(gone), _AT_ONCE):
            asked = {"texts": gone[i : i + _AT_ONCE], "k": 1}
            for result in server.client.call("POST", "/v1/words/nearest", asked)["results"]:
                if any(match["text"] == result["text"] for match in result["matches"]):
                    raise Lost(f"{result['text']!r} was deleted or replaced, and is found")


class _Changing:
    """A client that adds, replaces and deletes words until its server dies, or refuses as its disk is full."""

    def __init__(self, url: str, words: _Words, choose: random.Random) -> None:
        self._url, self._words, self._choose = url, words, choose
        self.acknowledged = 0  # calls
        self._refused = ""
        self._thread = threading.Thread(target=self._change)
        self._thread.start()

    def end(self) -> None:
        """Wait for the end, once the server is dead. Raises Lost where it refused for another reason."""
        self._thread.join()
        if self._refused:
            raise Lost(f"a change is answered with {self._refused}")

    def _change(self) -> None:
        with Client(self._url) as client, suppress(httpx.HTTPError):
            while self._write(client) and self._delete(client):
                pass

    def _write(self, client: Client) -> bool:
        """Add some words and replace some; tell whether the server took them."""
        replaced = self._chosen(20)
        fresh = self._words.fresh(60 + len(replaced))
        ids = [*map(text_hash, fresh[:60]), *replaced]
        before = self._words.forget(replaced)
        body = {"words": [{"id": id, "text": text} for id, text in zip(ids, fresh, strict=True)]}
        if not self._taken(client.post("/v1/words", json=body)):
            return False
        self._words.there.update(zip(ids, fresh, strict=True))
        self._words.gone.update(before)
        return True

    def _delete(self, client: Client) -> bool:
        ids = self._chosen(30)
        before = self._words.forget(ids)
        if not self._taken(client.post("/v1/words/delete", json={"ids": ids})):
            return False
        self._words.gone.update(before)
        return True

    def _chosen(self, count: int) -> list[str]:
        return self._choose.sample(sorted(self._words.there), min(count, len(self._words.there)))

    def _taken(self, answer: httpx.Response) -> bool:
        full = answer.status_code == 503 and answer.json()["code"] == "store_unavailable"
        if answer.status_code != 200 and not full:
            self._refused = f"{answer.status_code}: {answer.text}"
        self.acknowledged += answer.status_code == 200
        return answer.status_code == 200


def snapshots(
    folder: Path, model: str, tally: Tally, *, rounds: int, size: int, longest_s: float, seed: int = 0
) -> int:
    """Kill servers whose words change all the while, and indexers; return how many rounds left a snapshot.

    After each kill, the doctor finds the snapshot whole or gone.
    """
    store, choose, words = ("--data", folder / "store", "--model", model), random.Random(seed), _Words()
    words.there = _index(folder, words.fresh(size), store)
    with serving(*store) as server:
        wait_until(lambda: bool(server.client.call("GET", "/v1/info")["snapshot"]), "no snapshot was written")
    left = 0
    for turn in range(rounds):
        if turn % 3 == 2:
            some = words.fresh(size // 4)
            indexer = start("index", write_file(folder / "words.txt", some), *store)
            time.sleep(choose.uniform(0, longest_s))  # the moment
            indexer.kill()
            _, said = indexer.communicate()
            words.there.update({text_hash(text): text for text in acknowledged(some, said)})
        else:
            server = serving(*store)
            changing, calls = _Changing(server.url, words, choose), choose.randrange(1, _MOST_CALLS)
            wait_until(lambda changing=changing, calls=calls: changing.acknowledged >= calls, "nothing was changed")
            time.sleep(choose.uniform(0, longest_s))
            server.end(signal.SIGKILL)
            changing.end()
        left += (folder / "store" / "topicdex-snapshot.json").exists()
        check_sound(*store)
        with serving(*store) as server:
            words.check(server, tally)
        tally.rounds += 1
    return left


def full_snapshots(
    folder: Path, model: str, tally: Tally, *, rounds: int, size: int, megabytes: int, seed: int = 0
) -> None:
    """Let words change until the disk of the store is full, or while that of the snapshot alone is; then kill."""
    choose = random.Random(seed)
    for turn in range(rounds):
        words, here = _Words(), folder / f"full-{turn}"
        with small_disk(here, megabytes) as disk:
            if turn % 2:
                store, env = ("--data", disk / "store", "--model", model), None
            else:
                store, env = (
                    ("--data", folder / f"store-{turn}", "--model", model),
                    {**os.environ, "TOPICDEX_SNAPSHOT": str(disk)},
                )
                (disk / "filler").write_bytes(b"x" * choose.randrange(megabytes * 2**19, megabytes * 2**20))
            words.there = _index(folder, words.fresh(size), store, env)
            with serving(*store, env=env) as server:
                changing = _Changing(server.url, words, choose)
                if turn % 2:
                    changing.end()
                else:
                    time.sleep(choose.uniform(1, 3))
                server.end(signal.SIGKILL)
                changing.end()
            mount(disk, "remount,size=1g")
            check_sound(*store, env=env)
            with serving(*store, env=env) as server:
                words.check(server, tally)
        tally.rounds += 1


def _index(folder: Path, some: list[str], store: tuple[Any, ...], env: dict[str, str] | None = None) -> dict[str, str]:
    """Index texts into a store; return them by their ids."""
    finished(start("index", write_file(folder / "words.txt", some), *store, env=env))
    return {text_hash(text): text for text in some}
