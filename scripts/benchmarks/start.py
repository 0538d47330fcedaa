"""How soon topicdex answers: from the shell, after the start of a server, and in how much memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import numpy as np

from indexer.embedders import load_embedder
from indexer.records import Word
from indexer.settings import DEFAULT_MODEL, Settings
from indexer.store.store import Store
from indexer.vectors import unit
from scripts.benchmarks.machine import LARGE, TITLES, Work, pss, timed
from scripts.benchmarks.searching import TOPICS
from scripts.benchmarks.versions import Version, compare, versions
from scripts.processes import Server, chroma, wait_until

ASKED, CLUSTERED, CLASSIFIED, LARGEST = 20_000, 100_000, 181_394, 500_000  # stored words
WORKERS = 4
_CENTRES = 200  # of the made vectors: neighbours and clusters are there to be found, as among real texts
_PAGE = 5_000
_PATIENCE_S = 900.0
_LOOKUPS = {
    "topic": ["topic", "a new word"],
    "similar": ["similar", "a new word"],
    "matrix": ["matrix", "Apple", "Mango", "India"],
}


def start(work: Work) -> None:
    """Ask from the shell; start servers on two sizes; classify and cluster from the shell; start four workers."""
    with _copies(work, work.store(TITLES, ASKED)) as copies:
        for name, arguments in _LOOKUPS.items():
            on = {v: [] if name == "matrix" else ["--data", folder] for v, folder in copies.items()}
            commands = {version: version.command(*arguments, *flags) for version, flags in on.items()}
            _in_turn(work, f"topicdex {name}, {ASKED} stored", commands)
    for size in (CLASSIFIED, LARGEST):
        with _copies(work, made_store(work, size)) as copies:
            _servers(work, size, copies)
            if size == CLASSIFIED:
                classify = {v: v.command("classify", "--out", "/dev/null", "--data", f) for v, f in copies.items()}
                _in_turn(work, f"topicdex classify, {size} stored", classify)
            else:
                _workers(size, copies)
    with _copies(work, made_store(work, CLUSTERED)) as copies:
        recluster = {v: v.command("cluster", "-k", 20, "--fresh", "--data", f) for v, f in copies.items()}
        _in_turn(work, f"topicdex cluster -k 20, {CLUSTERED} stored", recluster)


def made_store(work: Work, size: int) -> Path:
    """Return a store of so many real titles with made vectors, written now where that has not been done.

    Embedding would take an hour, and the numbers of rows alone count here.
    """
    folder = work.folder / f"store-made-{size}"
    store = Store.open(Settings(data=folder))
    try:
        model = load_embedder(DEFAULT_MODEL, Settings()).identity
        store.bind_model(model)
        texts = work.texts(LARGE, size)
        random = np.random.default_rng(0)
        centres = unit(random.standard_normal((_CENTRES, model.dimension)))
        for i in range(0, size, _PAGE):
            page = texts[i : i + _PAGE]
            noise = unit(random.standard_normal((len(page), model.dimension)))
            vectors = unit(centres[random.integers(_CENTRES, size=len(page))] + noise)
            if store.words.count() < i + len(page):
                store.words.write([Word(text, str(i + j)) for j, text in enumerate(page)], vectors, {})
    finally:
        store.close()
    return folder


@contextmanager
def _copies(work: Work, store: Path) -> Iterator[dict[Version, Path]]:
    """Give each version a copy of a store, with topics."""
    topics = work.folder.absolute() / "topics.txt"
    topics.write_text("\n".join(TOPICS), encoding="utf-8")
    with ExitStack() as stack:
        copies = {version: stack.enter_context(version.copy(store)) for version in versions(work)}
        for version, folder in copies.items():
            timed(version.command("topics", "set", topics, "--data", folder))
        yield copies


def _in_turn(work: Work, what: str, commands: dict[Version, list[str]]) -> None:
    """Run a command of each version, one after the other, once unmeasured."""
    taken: dict[str, list[float]] = {version.name: [] for version in commands}
    for number in range(work.rounds + 1):
        for version, command in commands.items():
            seconds = timed(command).seconds
            if number:
                taken[version.name].append(seconds)
    compare(what, taken)


def _servers(work: Work, size: int, copies: dict[Version, Path]) -> None:
    """Start a server of each version again and again; the first start, which may prepare the next, is not measured."""
    names = [version.name for version in copies]
    answered, exact, memory = ({name: list[float]() for name in names} for _ in range(3))
    for number in range(work.rounds + 1):
        for version, folder in copies.items():
            begin = time.monotonic()
            with version.serve(folder) as server:
                wait_until(lambda s=server: _answers(s), "no topic was answered", _PATIENCE_S)
                first = time.monotonic() - begin
                wait_until(lambda s=server: _is_warm(s), "the words were not read", _PATIENCE_S)
                warm = time.monotonic() - begin
                used = pss(server.process.pid)
            if number:
                answered[version.name].append(first)
                exact[version.name].append(warm)
                memory[version.name].append(used)
    compare(f"first answer after a start, {size} stored", answered)
    compare(f"exact search after a start, {size} stored", exact)
    compare(f"memory then (PSS), {size} stored", memory, "MB")


def _workers(size: int, copies: dict[Version, Path]) -> None:
    """Start gunicorn's workers on one Chroma server, and state the memory of all of them together."""
    memory: dict[str, list[float]] = {}
    for version, folder in copies.items():
        with chroma(folder) as url:
            for _ in range(2):  # the first start may prepare the next
                with version.gunicorn(WORKERS, url) as server:
                    calls = 10 * WORKERS  # each comes to any worker
                    wait_until(lambda s=server, n=calls: _all(lambda: _is_warm(s), n), "no words read", _PATIENCE_S)
                    memory[version.name] = [sum(pss(pid) for pid in _family(server.process.pid))]
    compare(f"memory of {WORKERS} workers on a Chroma server (PSS), {size} stored", memory, "MB")


def _all(holds: Callable[[], bool], times: int) -> bool:
    return all(holds() for _ in range(times))


def _answers(server: Server) -> bool:
    return _get(server, "/v1/topics/nearest?text=Mango").is_success


def _is_warm(server: Server) -> bool:
    info = _get(server, "/v1/info")
    return info.is_success and info.json()["cached_words"] == info.json()["counts"]["words"]


def _get(server: Server, path: str) -> httpx.Response:
    """Ask over a connection of its own, which any worker may take."""
    return httpx.get(server.url + path, timeout=_PATIENCE_S, trust_env=False)


def _family(pid: int) -> list[int]:
    """Return a process and its children (Linux)."""
    return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
