"""What many callers get from one server, asked by wrk: requests a second, how long each took, errors and memory."""

from __future__ import annotations

import json
import re
import shutil
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from scripts.benchmarks.machine import TITLES, Work, pss
from scripts.benchmarks.searching import TOPICS
from scripts.benchmarks.versions import versions
from scripts.processes import TOPICDEX, Server

REPEATED = 3_000  # words that come again and again
_APART = 1_000_000  # requests between the beginnings of two runs: no text of one comes in another
_NEW_TEXTS = 500  # in a file that is indexed while the server is asked

# `phrase(n, space)` is another pair of words for each n, `word(n)` one of the words that repeat.
_SCRIPT = """
local words, n = { %(words)s }, %(start)d
local json = "application/json"
local function phrase(n, space)
  local first = n %% #words
  local second = (math.floor(n / #words) + first) %% #words
  return words[first + 1] .. space .. words[second + 1]
end
local function word(n) return words[n %% %(repeated)d + 1] end
local function get(path, text) return wrk.format("GET", path .. "?text=" .. text) end
local function post(path, body) return wrk.format("POST", path, { ["Content-Type"] = json }, body) end
function request()
  n = n + 1
  %(request)s
end
function done(summary, latency)
  local e = summary.errors
  print(string.format("figures %%f %%f %%f %%d", summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, e.status + e.connect + e.read + e.write + e.timeout))
end
"""
_TOPIC = 'return get("/v1/topics/nearest", phrase(n, "%20"))'
_TOPIC_AGAIN = 'return get("/v1/topics/nearest", word(n))'
_WORDS = """return post("/v1/words/nearest", '{"texts":["' .. phrase(n, " ") .. '"]}')"""
_WORDS_WHERE = (
    """return post("/v1/words/nearest", '{"texts":["' .. phrase(n, " ") .. '"],"where":{"part":' .. n % 10 .. '}}')"""
)
_MIXED = f"""
  local kind = n % 20
  if kind < 14 then {_TOPIC} end
  if kind < 18 then {_WORDS} end
  local texts = '"' .. phrase(n, " ") .. '","' .. word(n) .. '","' .. word(n + 1) .. '"'
  if kind < 19 then return post("/v1/similarity", '{{"rows":[' .. texts .. ']}}') end
  return post("/v1/words", '{{"words":[{{"text":"' .. phrase(n, " ") .. '"}}]}}')"""


@dataclass(frozen=True)
class Figures:
    """What wrk measured in one run: requests a second, milliseconds, errors; and the server's memory in MB meanwhile."""

    rate: float
    median: float
    late: float
    errors: int
    memory: float


def callers(work: Work) -> None:
    """Topic lookups of 1 to 64 callers, then nearest words of 16 among 20,000 and among all titles."""
    runs = iter(range(10**6))
    with _servers(work, 20_000) as servers:
        for count in (1, 16, 32, 64):
            _compare(work, servers, runs, f"topics, distinct words, callers {count}", count, _TOPIC)
            _compare(work, servers, runs, f"topics, words that repeat, callers {count}", count, _TOPIC_AGAIN)
        _nearest_words(work, servers, runs)
    with _servers(work, 500_000) as servers:
        _nearest_words(work, servers, runs)


def soak(work: Work) -> None:
    """64 callers with all kinds of calls for some minutes, beside `topicdex index` again and again with new texts."""
    with _servers(work, 20_000) as servers:
        for name, server in servers.items():
            stop = threading.Event()
            with ThreadPoolExecutor(1) as pool:
                indexing = pool.submit(_index_until, work, server, stop)
                memory = [pss(server.process.pid)]
                try:
                    parts = [_ask(work, server, 64, _MIXED, part * _APART, work.minutes * 30) for part in range(2)]
                    memory += [part.memory for part in parts] + [pss(server.process.pid)]
                finally:
                    stop.set()
            told = ", ".join(f"{each:.0f}" for each in memory)
            print(
                f"  {name}, halves of {work.minutes:g} min: {' and '.join(_told(part) for part in parts)}; "
                f"texts indexed meanwhile {_NEW_TEXTS * indexing.result()} in {indexing.result()} commands; "
                f"memory at the beginning, in both halves and at the end {told} MB, peak {server.memory():.0f} MB",
                flush=True,
            )


def _nearest_words(work: Work, servers: dict[str, Server], runs: Iterator[int]) -> None:
    stored = next(iter(servers.values())).client.call("GET", "/v1/info")["counts"]["words"]
    _compare(work, servers, runs, f"nearest words among {stored}, callers 16", 16, _WORDS)
    _compare(work, servers, runs, f"nearest words among {stored} with where, callers 16", 16, _WORDS_WHERE)
    for name, server in servers.items():
        print(f"  peak memory of the server, {name}: {server.memory():.0f} MB", flush=True)


@contextmanager
def _servers(work: Work, most: int) -> Iterator[dict[str, Server]]:
    """Give a warm server of each checkout over the same words, of which each has a copy."""
    store = work.store(TITLES, most, parts=True)
    with ExitStack() as stack:
        servers: dict[str, Server] = {}
        for version in versions(work):
            server = stack.enter_context(version.serve(stack.enter_context(version.copy(store))))
            servers[version.name] = server
            server.ready()
            server.client.call("PUT", "/v1/topics", {"topics": [{"name": topic} for topic in TOPICS]})
            server.wait_until_warm()
        yield servers


def _compare(work: Work, servers: dict[str, Server], runs: Iterator[int], what: str, count: int, request: str) -> None:
    """Ask all servers in turn, the same texts in a round, and print the medians of the rounds."""
    taken: dict[str, list[Figures]] = {name: [] for name in servers}
    for _ in range(work.rounds):
        start = next(runs) * _APART
        for name, server in servers.items():
            taken[name].append(_ask(work, server, count, request, start, work.duration))
    medians = {name: _median(figures) for name, figures in taken.items()}
    told = "; ".join(f"{name} {_told(figures)}, memory {figures.memory:.0f} MB" for name, figures in medians.items())
    ratio = f"; ratio {medians['now'].rate / medians['before'].rate:.2f}" if "before" in medians else ""
    print(f"  {what}: {told}{ratio}; n {work.rounds}", flush=True)


def _ask(work: Work, server: Server, count: int, request: str, start: int, seconds: float) -> Figures:
    """Let so many callers ask for some seconds, each its next question when it has an answer."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("this benchmark needs wrk: install it with `apt-get install wrk`, or from its sources")
    words = [word for word in work.texts("words_empath.csv", 10**6) if re.fullmatch("[a-z]+", word)]
    filled = {"words": ", ".join(map(json.dumps, words)), "start": start, "repeated": REPEATED, "request": request}
    script = work.folder / "callers.lua"
    script.write_text(_SCRIPT % filled, encoding="utf-8")
    command = [wrk, "-t1", f"-c{count}", f"-d{max(1, round(seconds))}s", "--timeout=60s", "-s", str(script), server.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        time.sleep(seconds / 2)
        memory = pss(server.process.pid)
        output, _ = process.communicate()
    found = re.search(r"^figures (\S+) (\S+) (\S+) (\d+)$", output, re.MULTILINE)
    if found is None:
        raise SystemExit(f"{command} failed:\n{output}")
    rate, median, late = map(float, found.groups()[:3])
    return Figures(rate, median, late, int(found[4]), memory)


def _median(figures: Sequence[Figures]) -> Figures:
    """Return the median of each figure, and the sum of the errors."""
    rate, median, late, memory = (
        statistics.median(getattr(each, field) for each in figures) for field in ("rate", "median", "late", "memory")
    )
    return Figures(rate, median, late, sum(each.errors for each in figures), memory)


def _told(figures: Figures) -> str:
    return (
        f"{figures.rate:.0f}/s, median {figures.median:.1f} ms, 99th percentile {figures.late:.1f} ms, "
        f"errors {figures.errors}"
    )


def _index_until(work: Work, server: Server, stop: threading.Event) -> int:
    """Index one file of new texts after the other through a server, until `stop`; return how many files."""
    file, files = work.folder / "soak.txt", 0
    while not stop.is_set():
        file.write_text("\n".join(f"new text {files} of {i}" for i in range(_NEW_TEXTS)), encoding="utf-8")
        subprocess.run([*TOPICDEX, "index", str(file), "--server", server.url], check=True, capture_output=True)
        files += 1
    return files
