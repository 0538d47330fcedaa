"""A disk that is full, and one that cannot be written: a clear error, and nothing acknowledged is missing."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.processes import serve, start
from scripts.tortures.world import Lost, Tally, check_count, check_found, finished, texts, write_file


class CannotMount(Exception):
    """Only root may mount, and not everywhere."""


def disks(folder: Path, model: str, tally: Tally, *, size: int, megabytes: int) -> None:
    """Fill a small disk by a command, then by a server; then write where nothing can be written."""
    words = texts(size)
    file = write_file(folder / "words.txt", words)
    for fill in (_by_command, _by_server):
        with _small_disk(folder / fill.__name__, megabytes) as disk:
            store = ("--data", disk / "store", "--model", model)
            acknowledged = fill(disk, file, words, store)
            server = serve(*store)
            server.ready()
            check_found(server.url, acknowledged, tally)
            finished(start("index", file, *store))
            check_found(server.url, words, tally)
            check_count(server.url, size)
            server.end()
            _mount(disk, "remount,ro")
            _refused(start("index", write_file(folder / "more.txt", texts(10, size)), *store))
            _mount(disk, "remount,rw")
            server = serve(*store)
            server.ready()
            check_count(server.url, size)
            check_found(server.url, words, tally)
            server.end()
        tally.rounds += 1


def _by_command(disk: Path, file: Path, words: list[str], store: tuple[object, ...]) -> list[str]:
    said = _refused(start("index", file, *store))
    _mount(disk, "remount,size=1g")
    on_disk = re.findall(r"(\d+) of \d+ words on disk", said)
    return words[: int(on_disk[-1]) if on_disk else 0]


def _by_server(disk: Path, file: Path, words: list[str], store: tuple[object, ...]) -> list[str]:
    server = serve(*store)
    server.ready()
    acknowledged: list[str] = []
    while len(acknowledged) < len(words):
        part = words[len(acknowledged) : len(acknowledged) + 500]
        answer = server.client.post("/v1/words", json={"words": [{"text": text} for text in part]})
        if answer.status_code != 200:
            break
        acknowledged += part
    else:
        raise Lost("the disk was not full")
    if answer.status_code != 503 or answer.json()["code"] != "store_unavailable":
        raise Lost(f"a full disk is answered with {answer.status_code}: {answer.text}")
    check_found(server.url, acknowledged, Tally())  # it goes on answering
    _refused(start("index", file, *store))
    _mount(disk, "remount,size=1g")
    finished(start("index", file, *store))
    server.end()
    return words


def _refused(indexer: subprocess.Popen[str]) -> str:
    _, said = indexer.communicate(timeout=3600)
    lines = [line for line in said.splitlines() if line.startswith("topicdex: ")]
    if indexer.returncode != 1 or not lines[-1:] or not lines[-1].startswith("topicdex: store_unavailable: "):
        raise Lost(f"the indexer ended with {indexer.returncode}: {said}")
    return said


@contextmanager
def _small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], capture_output=True, text=True
    )
    if made.returncode != 0:
        raise CannotMount(made.stderr.strip())
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def _mount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", options, disk], check=True)
