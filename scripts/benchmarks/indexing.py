"""How fast a corpus is indexed, and in how much memory, beside a loop written by hand."""

from __future__ import annotations

import json
import shutil
import sys

from scripts.benchmarks.machine import TITLES, Finished, Work, timed
from scripts.benchmarks.versions import compare, versions

TEXTS = 20_000


def index(work: Work) -> None:
    """Index 20,000 titles by hand and with each version, in turn; then once more with nothing to do."""
    file = work.file(TITLES, TEXTS).absolute()
    folder = work.folder.absolute() / "index"
    by_hand: list[float] = []
    seconds: dict[str, list[float]] = {version.name: [] for version in versions(work)}
    again: dict[str, list[float]] = {name: [] for name in seconds}
    unchanged: dict[str, list[float]] = {name: [] for name in seconds}
    for _ in range(work.rounds):
        shutil.rmtree(folder, ignore_errors=True)
        hand = timed([sys.executable, "-m", "scripts.benchmarks.naive", str(file), str(folder)])
        by_hand.append(hand.seconds)
        print(f"  by hand {_told(hand)}", flush=True)
        for version in versions(work):
            shutil.rmtree(folder)
            command = version.command("index", file, "--data", folder, "--json")
            first, second = timed(command), timed(command)
            summary = json.loads(second.output[second.output.index("{") :])
            assert not summary["embedded"], "the second run embedded texts again"
            seconds[version.name].append(first.seconds)
            again[version.name].append(second.seconds)
            unchanged[version.name].append(TEXTS / summary["seconds"])
            told = f"{TEXTS / summary['seconds']:.0f} texts/s, {second.seconds:.2f} s in all"
            print(f"  {version.name} {_told(first)}; second run {told}", flush=True)
    compare("whole process", seconds)
    compare("whole process beside by hand", {"now": seconds["now"], "by hand": by_hand})
    compare("unchanged, whole process", again)
    compare("unchanged", unchanged, "texts/s")
    shutil.rmtree(folder)


def _told(finished: Finished) -> str:
    rate = TEXTS / finished.seconds
    return f"{finished.seconds:.1f} s, {rate:.0f} texts/s in {finished.memory:.0f} MB"
