"""Many indexers at once on one folder: all texts are there, or a clear `store_busy`; never half."""

from __future__ import annotations

from pathlib import Path

from scripts.processes import serving, start
from scripts.tortures.world import Lost, Tally, check_count, check_found, texts, write_file


def crowds(folder: Path, model: str, tally: Tally, *, size: int, many: tuple[int, ...] = (2, 5)) -> None:
    """Start some `topicdex index` at once: that wait long, that give up soon, and beside a server."""
    for number in many:
        for how, wait in (("patient", "600"), ("impatient", "0.5")):
            store = ("--data", folder / f"{how}-{number}", "--model", model)
            there = _crowd(folder, store, wait, size, number)
            with serving(*store) as server:
                _check(server.url, there, tally)
        store = ("--data", folder / f"served-{number}", "--model", model)
        with serving(*store) as server:
            _check(server.url, _crowd(folder, store, "10", size, number), tally)


def _crowd(folder: Path, store: tuple[object, ...], wait: str, size: int, number: int) -> list[str]:
    """Index `number` files at once; return the texts of those that were indexed."""
    shares = [texts(size, i * size) for i in range(number)]
    files = [write_file(folder / f"{i}.txt", share) for i, share in enumerate(shares)]
    there = []
    for indexer, share in zip([start("index", f, "--wait", wait, *store) for f in files], shares, strict=True):
        _, said = indexer.communicate(timeout=3600)
        if indexer.returncode == 0:
            there += share
        elif indexer.returncode != 1 or "topicdex: store_busy: " not in said or wait != "0.5":
            raise Lost(f"an indexer among {number} ended with {indexer.returncode}: {said}")
    return there


def _check(url: str, there: list[str], tally: Tally) -> None:
    check_count(url, len(there))  # so those that gave up have left nothing
    check_found(url, there, tally)
    tally.rounds += 1
