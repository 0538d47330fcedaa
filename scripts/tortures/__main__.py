"""`scripts/torture`: run the named tortures, or all."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from indexer.settings import DEFAULT_MODEL
from scripts.tortures.beside import beside_a_server, beside_workers
from scripts.tortures.crowds import crowds
from scripts.tortures.disks import disks
from scripts.tortures.kills import kills
from scripts.tortures.model import save_static_model
from scripts.tortures.reembedding import reembeddings
from scripts.tortures.snapshots import full_snapshots, snapshots
from scripts.tortures.world import Tally

Torture = Callable[[Path, str, Tally, argparse.Namespace], None]
_REPEATED = ("beside", "workers")  # the others have rounds of their own
_TORTURES: dict[str, Torture] = {
    "beside": lambda folder, model, tally, given: beside_a_server(folder, model, tally, size=given.texts, clients=4),
    "workers": lambda folder, model, tally, given: beside_workers(folder, model, tally, size=given.texts, clients=4),
    "kills": lambda folder, model, tally, given: kills(
        *(folder, model, tally),
        rounds=given.rounds or 30,
        size=given.texts,
        longest_s=given.texts / 1_000,
        seed=given.seed,
    ),
    "crowds": lambda folder, model, tally, given: crowds(folder, model, tally, size=given.texts // 4),
    "snapshots": lambda folder, model, tally, given: snapshots(
        *(folder, model, tally), rounds=given.rounds or 50, size=given.texts // 10, longest_s=3, seed=given.seed
    ),
    "full": lambda folder, model, tally, given: full_snapshots(
        *(folder, model, tally), rounds=given.rounds or 10, size=given.texts // 18, megabytes=20, seed=given.seed
    ),
    "reembeddings": lambda folder, model, tally, given: reembeddings(
        *(folder, (model, DEFAULT_MODEL), tally),
        rounds=given.rounds or 10,
        size=given.texts,
        longest_s=given.texts / 1_000,
        seed=given.seed,
    ),
    "disks": lambda folder, model, tally, given: disks(folder, model, tally, size=given.texts, megabytes=20),
}


def main() -> None:
    """Run what the command line names; the first loss ends it."""
    parser = argparse.ArgumentParser(prog="scripts/torture", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=" ".join(_TORTURES))
    parser.add_argument(
        "--rounds",
        type=int,
        help="of beside and workers (20), kills (30), snapshots (50), full and reembeddings (10)",
    )
    parser.add_argument("--texts", type=int, default=20_000, help="indexed in a round (20000)")
    parser.add_argument("--model", help="a model in place of the quick one, which leaves the processor to the store")
    parser.add_argument("--seed", type=int, default=0, help="of the moments of kills (0)")
    given = parser.parse_args()
    if wrong := set(given.names) - _TORTURES.keys():
        parser.error(f"no such torture: {', '.join(sorted(wrong))}")
    with tempfile.TemporaryDirectory(prefix="topicdex-torture-") as work:
        model = given.model or str(save_static_model(Path(work) / "model"))
        for name in given.names or _TORTURES:
            tally = Tally()
            for turn in range((given.rounds or 20) if name in _REPEATED else 1):
                begin = time.monotonic()
                with tempfile.TemporaryDirectory(dir=work) as folder:
                    _TORTURES[name](Path(folder), model, tally, given)
                print(f"  {name} {turn + 1}: {time.monotonic() - begin:.0f} s; {tally}", flush=True)


if __name__ == "__main__":
    main()
