"""What the benchmarks share: the texts, stores of them, and how a figure is taken."""

from __future__ import annotations

import csv
import gzip
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import Any

from scripts.processes import TOPICDEX

TITLES = "reddit_topical_titles.csv.gz"
LARGE = "reddit_titles_500k.csv.gz"
_numbers = count()


def describe() -> str:
    """Return what machine this is, and how busy it is."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.split(":")[1].strip() for line in lines if "model name" in line), platform.processor())
    return f"{cpu}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"


def new_text() -> str:
    """Return a text that no call had before: a server keeps the vectors of recent questions."""
    return f"a new word {next(_numbers)}"


@dataclass(frozen=True)
class Work:
    """Where the texts are, where stores are kept, and how often and for how long a figure is taken.

    `before` is the folder of an older checkout to compare with, `duration` the seconds of a run with many callers, and
    `minutes` those of the long one.
    """

    data: Path
    folder: Path
    rounds: int
    before: Path | None = None
    duration: float = 5.0
    minutes: float = 10.0

    def texts(self, name: str, most: int) -> list[str]:
        """Return the first texts of a set, all different."""
        path = self.data / name
        with (
            gzip.open(path, "rt", encoding="utf-8", newline="")
            if path.suffix == ".gz"
            else path.open(encoding="utf-8", newline="") as file
        ):
            rows = csv.reader(file)
            next(rows)
            return list(islice(dict.fromkeys(row[0] for row in rows if row[0].strip()), most))

    def file(self, name: str, most: int, *, parts: bool = False) -> Path:
        """Return a csv file with the first texts of a set; with `parts` it also puts each into one of ten parts."""
        path = self.folder / f"{_stem(name, most, parts)}.csv"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            rows = [(text, i % 10) for i, text in enumerate(self.texts(name, most))]
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows(row if parts else row[:1] for row in [("text", "part"), *rows])
        return path

    def store(self, name: str, most: int, *, parts: bool = False) -> Path:
        """Return a store of the first texts of a set, indexed now where that has not been done."""
        folder = self.folder / f"store-{_stem(name, most, parts)}"
        subprocess.run(
            [*TOPICDEX, "index", str(self.file(name, most, parts=parts)), "--data", str(folder)],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        return folder


def _stem(name: str, most: int, parts: bool) -> str:
    return f"{Path(name).name.split('.')[0]}-{most}{'-parts' * parts}"


def pss(pid: int) -> float:
    """Return the memory of a process in MB, of pages that it shares with others its share (Linux)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))


@dataclass(frozen=True)
class Finished:
    """A command that has run: what it printed, its seconds, and its peak memory in MB."""

    output: str
    seconds: float
    memory: float


def timed(command: list[str]) -> Finished:
    """Run a command to its end."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command} failed:\n{output}")
    return Finished(output, time.monotonic() - begin, usage.ru_maxrss / 1024)


def seconds(work: Callable[[], Any]) -> float:
    """Return how long a call takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def show(what: str, values: list[float], unit: str = "ms", scale: float = 1e3) -> float:
    """Print the median and the 99th percentile of some times; return the median in seconds."""
    ordered = sorted(values)
    middle, late = statistics.median(ordered), ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    print(
        f"  {what}: median {middle * scale:.1f} {unit}, 99th percentile {late * scale:.1f} {unit}, n {len(values)}",
        flush=True,
    )
    return middle
