"""Run the benchmarks that are named, or all of them."""

from __future__ import annotations

import argparse
from pathlib import Path

from scripts.benchmarks import answering, beside, callers, clustering, indexing, mapping, paying, searching, start
from scripts.benchmarks.machine import Work, describe

BENCHMARKS = {
    "index": indexing.index,
    "lookup": searching.lookup,
    "beside": beside.beside,
    "recall": searching.recall,
    "classify": searching.classify,
    "cluster": clustering.cluster,
    "large": clustering.large,
    "mapping": mapping.mapping,
    "examples": answering.examples,
    "calibrate": answering.calibrate,
    "callers": callers.callers,
    "soak": callers.soak,
    "start": start.start,
    "paying": paying.paying,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all if none")
    parser.add_argument("--data", type=Path, required=True, help="folder of the texts")
    parser.add_argument(
        "--work", type=Path, default=Path("build/bench"), help="folder for stores; kept, so that a second run is quick"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--before", type=Path, help="folder of an older checkout, which index, start, callers and soak measure too"
    )
    parser.add_argument("--duration", type=float, default=5, help="seconds of each run of `callers`")
    parser.add_argument("--minutes", type=float, default=10, help="how long `soak` takes")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - BENCHMARKS.keys()
    if unknown:
        parser.error(f"there is no benchmark {unknown.pop()!r}; there are {', '.join(BENCHMARKS)}")
    print(describe(), flush=True)
    before = arguments.before and arguments.before.absolute()
    work = Work(arguments.data, arguments.work, arguments.rounds, before, arguments.duration, arguments.minutes)
    for name in arguments.names or BENCHMARKS:
        print(f"\n{name}", flush=True)
        BENCHMARKS[name](work)


main()
