"""A disk that is full, and one that cannot be written: a clear error, and nothing acknowledged is missing."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.processes import serving, start
from scripts.tortures.world import Lost, Tally, acknowledged, check_count, check_found, finished, texts, write_file


class CannotMount(Exception):
    """Only root may mount, and not everywhere."""


def disks(folder: Path, model: str, tally: Tally, *, size: int, megabytes: int) -> None:
    """Fill a small disk by a command, then by a server; then write where nothing can be written."""
    words = texts(size)
    file = write_file(folder / "words.txt", words)
    for fill in (_by_command, _by_server):
        with small_disk(folder / fill.__name__, megabytes) as disk:
            store = ("--data", disk / "store", "--model", model)
            there = fill(disk, file, words, store)
            with serving(*store) as server:
                check_found(server.url, there, tally)
                finished(start("index", file, *store))
                check_found(server.url, words, tally)
                check_count(server.url, size)
            mount(disk, "remount,ro")
            _refused(start("index", write_file(folder / "more.txt", texts(10, size)), *store))
            mount(disk, "remount,rw")
            with serving(*store) as server:
                check_count(server.url, size)
                check_found(server.url, words, tally)
        tally.rounds += 1


def _by_command(disk: Path, file: Path, words: list[str], store: tuple[object, ...]) -> list[str]:
    said = _refused(start("index", file, *store))
    mount(disk, "remount,size=1g")
    return acknowledged(words, said)


def _by_server(disk: Path, file: Path, words: list[str], store: tuple[object, ...]) -> list[str]:
    with serving(*store) as server:
        there: list[str] = []
        while len(there) < len(words):
            batch = words[len(there) : len(there) + 500]
            answer = server.client.post("/v1/words", json={"words": [{"text": text} for text in batch]})
            if answer.status_code != 200:
                break
            there += batch
        else:
            raise Lost("the disk was not full")
        if answer.status_code != 503 or answer.json()["code"] != "store_unavailable":
            raise Lost(f"a full disk is answered with {answer.status_code}: {answer.text}")
        check_found(server.url, there, Tally())  # it goes on answering
        _refused(start("index", file, *store))
        mount(disk, "remount,size=1g")
        finished(start("index", file, *store))
    return words


def _refused(indexer: subprocess.Popen[str]) -> str:
    _, said = indexer.communicate(timeout=3600)
    lines = [line for line in said.splitlines() if line.startswith("topicdex: ")]
    plain = "Traceback" not in said and "panicked" not in said
    if indexer.returncode != 1 or len(lines) != 1 or "topicdex: store_unavailable: " not in lines[0] or not plain:
        raise Lost(f"the indexer ended with {indexer.returncode}: {said}")
    return said


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mount a disk of some megabytes in memory for as long as the block lasts; raises CannotMount."""
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


def mount(disk: Path, options: str) -> None:
    """Mount a disk again with other options."""
    subprocess.run(["mount", "-o", options, disk], check=True)
