"""What the benchmarks share: the texts, stores of them, servers, and how a figure is taken."""

import csv
import gzip
import http.client
import json
import os
import platform
import statistics
import subprocess
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from scripts.processes import TOPICDEX, serve

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


class Server:
    """A running `topicdex serve`."""

    def __init__(self, port: int, pid: int) -> None:
        self.pid = pid
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3600)

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Return the answer to a call."""
        raw = self.raw(method, path, body, **query)
        return json.loads(raw) if raw else None

    def raw(self, method: str, path: str, body: Any = None, **query: Any) -> bytes:
        """Return the bytes of the answer to a call."""
        target = path + ("?" + urllib.parse.urlencode(query) if query else "")
        data = None if body is None else json.dumps(body)
        self._connection.request(method, target, data, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        raw = answer.read()
        if answer.status >= 400:
            raise SystemExit(f"{method} {target}: {answer.status} {raw[:500]!r}")
        return raw

    def run(self, **settings: Any) -> dict[str, Any]:
        """Start a clustering and return it when it is done."""
        run: dict[str, Any] = self.call("POST", "/v1/clusterings", settings, wait=60)
        while run["status"] in ("queued", "running"):
            time.sleep(0.05)
            run = self.call("GET", f"/v1/clusterings/{run['id']}")
        if run["status"] != "done":
            raise SystemExit(f"the run ended as {run}")
        return run

    def another(self) -> "Server":
        """Return a second connection to the same server."""
        return Server(self._port, self.pid)

    def memory(self) -> float:
        """Return the peak memory so far, in MB."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))

    def wait_until_warm(self, words: int) -> None:
        """Return when the words are in memory: a word's neighbours then come without the index."""
        while self.call("GET", "/v1/info")["cached_words"] < words:
            time.sleep(0.2)


@contextmanager
def served(store: Path) -> Iterator[Server]:
    """Serve a store for as long as the block lasts; the model is loaded."""
    process = serve("--data", store)
    process.ready()
    try:
        yield Server(int(process.url.rsplit(":", 1)[1]), process.process.pid)
    finally:
        process.end()


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
