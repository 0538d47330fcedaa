"""Many indexers at once on one folder: all texts are there, or a clear `store_busy`; never half."""

from pathlib import Path

from scripts.processes import start
from scripts.tortures.world import Lost, Tally, check_count, check_found, end, serving, texts, write_file


def crowds(folder: Path, model: str, tally: Tally, *, size: int, many: tuple[int, ...] = (2, 5)) -> None:
    """Two, then five `topicdex index` at once: patient ones, impatient ones, and through a server."""
    for number in many:
        for how, wait in (("patient", "600"), ("impatient", "0.5"), ("served", "10")):
            _crowd(
                folder / f"{how}-{number}", model, tally, size=size, number=number, wait=wait, served=how == "served"
            )


def _crowd(folder: Path, model: str, tally: Tally, *, size: int, number: int, wait: str, served: bool) -> None:
    folder.mkdir()
    store = ("--data", folder / "store", "--model", model)
    server = serving(*store) if served else None
    shares = [texts(size, i * size) for i in range(number)]
    files = [write_file(folder / f"{i}.txt", share) for i, share in enumerate(shares)]
    there = []
    for indexer, share in zip([start("index", f, "--wait", wait, *store) for f in files], shares, strict=True):
        _, said = indexer.communicate(timeout=3600)
        if indexer.returncode == 0:
            there += share
        elif indexer.returncode != 1 or "topicdex: store_busy: " not in said or wait != "0.5":
            raise Lost(f"an indexer among {number} ended with {indexer.returncode}: {said}")
    server = server or serving(*store)
    check_count(server.url, len(there))  # so those that were sent away have left nothing
    check_found(server.url, there, tally)
    end(server)
    tally.rounds += 1
