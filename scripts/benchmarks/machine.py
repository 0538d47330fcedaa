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
from itertools import islice
from pathlib import Path
from typing import Any

from scripts.processes import TOPICDEX

TITLES = "reddit_topical_titles.csv.gz"
LARGE = "reddit_titles_500k.csv.gz"


def describe() -> str:
    """Return what machine this is, and how busy it is."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.split(":")[1].strip() for line in lines if "model name" in line), platform.processor())
    return f"{cpu}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"


@dataclass(frozen=True)
class Work:
    """Where the texts are, where stores are kept, and how often a figure is taken."""

    data: Path
    folder: Path
    rounds: int

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

    def file(self, name: str, most: int) -> Path:
        """Return a csv file with the first texts of a set."""
        path = self.folder / f"{Path(name).name.split('.')[0]}-{most}.csv"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerows([["text"], *([text] for text in self.texts(name, most))])
        return path

    def store(self, name: str, most: int) -> Path:
        """Return a store of the first texts of a set, indexed now where that has not been done."""
        folder = self.folder / f"store-{Path(name).name.split('.')[0]}-{most}"
        subprocess.run(
            [*TOPICDEX, "index", str(self.file(name, most)), "--data", str(folder)],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        return folder


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
