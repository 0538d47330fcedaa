"""How fast a corpus is indexed, and in how much memory, beside a loop written by hand."""

from __future__ import annotations

import json
import shutil
import statistics
import sys

from scripts.benchmarks.machine import TITLES, Work, timed
from scripts.processes import TOPICDEX

TEXTS = 20_000


def index(work: Work) -> None:
    """Index 20,000 titles both ways, in turn; then once more with nothing to do."""
    file = str(work.file(TITLES, TEXTS))
    ours, theirs = work.folder / "index-topicdex", work.folder / "index-by-hand"
    ratios, again = [], []
    for _ in range(work.rounds):
        for folder in (ours, theirs):
            shutil.rmtree(folder, ignore_errors=True)
        by_hand = timed([sys.executable, "-m", "scripts.benchmarks.naive", file, str(theirs)])
        command = [*TOPICDEX, "index", file, "--data", str(ours), "--json"]
        topicdex = timed(command)
        second = timed(command)
        summary = json.loads(second.output[second.output.index("{") :])
        assert not summary["embedded"], "the second run embedded texts again"
        ratios.append(by_hand.seconds / topicdex.seconds)
        again.append(TEXTS / summary["seconds"])
        print(
            f"  by hand {TEXTS / by_hand.seconds:.0f} texts/s in {by_hand.memory:.0f} MB, "
            f"topicdex {TEXTS / topicdex.seconds:.0f} texts/s in {topicdex.memory:.0f} MB, ratio {ratios[-1]:.2f}; "
            f"second run {again[-1]:.0f} texts/s",
            flush=True,
        )
    print(
        f"  median of {work.rounds}: ratio {statistics.median(ratios):.2f}, second run {statistics.median(again):.0f} texts/s"
    )
    for folder in (ours, theirs):
        shutil.rmtree(folder)
