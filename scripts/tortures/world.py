"""What every torture works with: texts, clients that ask all the while, and the search for what was lost."""

from __future__ import annotations

import csv
import json
import re
import statistics
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from scripts.processes import REPOSITORY, Client, start

_PATHS = ("/v1/topics/nearest?text=Mango", "/v1/words/nearest?text=Mango&k=3", "/v1/words?limit=20", "/v1/info")


class Lost(Exception):
    """What was acknowledged is not there, or a client saw an error."""


@dataclass
class Tally:
    """What a torture went through."""

    rounds: int = 0
    texts: int = 0
    asked: int = 0
    latencies: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        said = f"{self.rounds} rounds, {self.texts} texts acknowledged, each found; nothing lost"
        if self.latencies:
            ordered = sorted(self.latencies)
            said += (
                f"; {self.asked} questions answered meanwhile without an error, "
                f"median {statistics.median(ordered) * 1e3:.0f} ms, 99th percentile "
                f"{ordered[int(0.99 * (len(ordered) - 1))] * 1e3:.0f} ms"
            )
        return said


def texts(count: int, first: int = 0) -> list[str]:
    """Return texts of three words each, all different, in the order of their tokens too."""
    with (REPOSITORY / "indexer/examples/words.csv").open(encoding="utf-8", newline="") as file:
        words = list(dict.fromkeys(row["word"] for row in csv.DictReader(file)))
    third = len(words) // 3
    assert first + count <= third**3
    return [
        f"{words[i % third]} {words[third + i // third % third]} {words[2 * third + i // third**2]}"
        for i in range(first, first + count)
    ]


def write_file(path: Path, lines: Sequence[str]) -> Path:
    """Write a text a line."""
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def acknowledged(words: list[str], said: str) -> list[str]:
    """Return those words of an indexer's file that its last line of progress had counted."""
    on_disk = re.findall(r"(\d+) of \d+ words on disk", said)
    return words[: int(on_disk[-1]) if on_disk else 0]


def finished(process: subprocess.Popen[str]) -> str:
    """Wait for a command that must succeed; return what it said on standard error. Raises Lost."""
    out, said = process.communicate(timeout=3600)
    if process.returncode != 0:
        raise Lost(f"{process.args} ended with {process.returncode}: {out}{said}")
    return said


def check_sound(*store: object, env: dict[str, str] | None = None) -> None:
    """Let the doctor look at every word: nothing is wrong that a kill does not explain, and that it mends. Raises Lost."""
    doctor = start("doctor", "--all", "--json", *store, env=env)
    out, said = doctor.communicate(timeout=3600)
    if not out:
        raise Lost(f"the doctor ended with {doctor.returncode}: {said}")
    if found := json.loads(out)["findings"]:
        if not {finding["code"] for finding in found} <= {"lost", "cut"}:
            raise Lost(f"the doctor finds {found}")
        finished(start("doctor", "--repair", *store, env=env))


def check_found(url: str, asked: Sequence[str], tally: Tally) -> None:
    """Ask for every text over HTTP; each must find itself, or one with an equal vector. Raises Lost."""
    missing = []
    with Client(url) as client:
        for first in range(0, len(asked), 1000):
            batch = asked[first : first + 1000]
            results = client.call("POST", "/v1/words/nearest", {"texts": batch, "k": 1})["results"]
            for text, result in zip(batch, results, strict=True):
                matches = result["matches"]
                if not matches or (matches[0]["text"] != text and matches[0]["score"] < 1 - 1e-5):
                    missing.append(text)
    if missing:
        raise Lost(f"{len(missing)} of {len(asked)} texts do not find themselves, such as {missing[:3]}")
    tally.texts += len(asked)


def check_count(url: str, count: int) -> None:
    """Check how many words there are. Raises Lost."""
    with Client(url) as client:
        counted = client.call("GET", "/v1/info")["counts"]["words"]
    if counted != count:
        raise Lost(f"there are {counted} words, and should be {count}")


class Asking:
    """Clients that ask one question after another for as long as the block lasts; every answer must be a 200."""

    def __init__(self, url: str, clients: int, tally: Tally) -> None:
        self._url, self._tally = url, tally
        self._until = threading.Event()
        self.errors: list[str] = []
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(clients)]
        self._asked = [0] * clients

    def __enter__(self) -> Asking:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: object, *raised: object) -> None:
        self._until.set()
        for thread in self._threads:
            thread.join()
        if kind is None and (self.errors or not all(self._asked)):
            raise Lost(f"clients saw {len(self.errors)} errors, such as {self.errors[:1]}; asked {self._asked}")
        self._tally.asked += sum(self._asked)

    def _ask(self, number: int) -> None:
        with Client(self._url) as client:
            while not self._until.is_set():
                path = _PATHS[(self._asked[number] + number) % len(_PATHS)]
                self._asked[number] += 1
                begin = time.monotonic()
                try:
                    answer = client.get(path)
                except httpx.HTTPError as error:
                    self.errors.append(f"{path}: {error!r}")
                    return
                self._tally.latencies.append(time.monotonic() - begin)
                if answer.status_code != 200:
                    self.errors.append(f"{path}: {answer.status_code} {answer.text}")
