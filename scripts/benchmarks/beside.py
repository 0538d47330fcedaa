"""What indexing beside a server costs: the indexer in speed, those who ask in time."""

from __future__ import annotations

import shutil
import statistics
import threading
from pathlib import Path

from scripts.benchmarks.machine import TITLES, Work, new_text, seconds, show, timed
from scripts.benchmarks.searching import TOPICS
from scripts.processes import TOPICDEX, Client, Server, serving

NEW = 10_000
_PATHS = {"topic lookup": "/v1/topics/nearest", "nearest words": "/v1/words/nearest"}


def beside(work: Work) -> None:
    """Add 10,000 headlines to 20,000 titles: alone, beside an idle server, and beside one that is asked meanwhile."""
    begun, folder = work.store(TITLES, 20_000), work.folder / "beside"
    file = work.file("headlines_clickbait32k.csv.gz", NEW)
    rates: dict[str, list[float]] = {"alone": [], "beside an idle server": [], "beside an asked server": []}
    for _ in range(work.rounds):
        for how, taken in rates.items():
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(begun, folder)
            if how == "alone":
                taken.append(_index(file, folder))
                continue
            with serving("--data", folder) as server:
                server.wait_until_warm()
                taken.append(_index(file, folder) if "idle" in how else _index_while_asked(file, folder, server))
    for how, taken in rates.items():
        share = statistics.median(taken) / statistics.median(rates["alone"])
        print(f"  {how}: {statistics.median(taken):.0f} texts/s, {share:.2f} of alone, n {len(taken)}", flush=True)
    shutil.rmtree(folder)


def _index(file: Path, folder: Path) -> float:
    return NEW / timed([*TOPICDEX, "index", str(file), "--data", str(folder)]).seconds


def _index_while_asked(file: Path, folder: Path, server: Server) -> float:
    server.client.call("PUT", "/v1/topics", {"topics": [{"name": name} for name in TOPICS]})
    idle = {what: [_ask(server.client, path) for _ in range(200)] for what, path in _PATHS.items()}
    busy: dict[str, list[float]] = {what: [] for what in _PATHS}
    done = threading.Event()

    def ask() -> None:
        other = Client(server.url)
        while not done.is_set():
            for what, path in _PATHS.items():
                busy[what].append(_ask(other, path))

    asking = threading.Thread(target=ask)
    asking.start()
    rate = _index(file, folder)
    done.set()
    asking.join()
    for what in _PATHS:
        before, meanwhile = show(f"{what}, idle", idle[what]), show(f"{what}, indexing", busy[what])
        print(f"  ratio of the medians {meanwhile / before:.2f}", flush=True)
    return rate


def _ask(client: Client, path: str) -> float:
    return seconds(lambda: client.call("GET", path, text=new_text()))
