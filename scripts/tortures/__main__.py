"""`scripts/torture`: run the named tortures, or all."""

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from scripts.tortures.beside import beside_a_server, beside_workers
from scripts.tortures.crowds import crowds
from scripts.tortures.disks import disks
from scripts.tortures.kills import kills
from scripts.tortures.model import save_static_model
from scripts.tortures.world import Tally

_BESIDE: dict[str, Callable[..., None]] = {
    "beside": partial(beside_a_server, clients=4),
    "workers": partial(beside_workers, clients=4, workers=4),
}
_NAMES = (*_BESIDE, "kills", "crowds", "disks")


def main() -> None:
    """Run what the command line names; the first loss ends it."""
    parser = argparse.ArgumentParser(prog="scripts/torture", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=" ".join(_NAMES))
    parser.add_argument("--rounds", type=int, help="of beside and workers (20), and kills (30)")
    parser.add_argument("--texts", type=int, default=20_000, help="indexed in a round (20000)")
    parser.add_argument("--model", help="a model in place of the quick one, which leaves the processor to the store")
    parser.add_argument("--seed", type=int, default=0, help="of the moments of kills (0)")
    given = parser.parse_args()
    if wrong := set(given.names) - set(_NAMES):
        parser.error(f"no such torture: {', '.join(sorted(wrong))}")
    with tempfile.TemporaryDirectory(prefix="topicdex-torture-") as work:
        model = given.model or str(save_static_model(Path(work) / "model"))
        for name in given.names or _NAMES:
            tally = Tally()
            if name in _BESIDE:
                for turn in range(given.rounds or 20):
                    with tempfile.TemporaryDirectory(dir=work) as folder:
                        begin = time.monotonic()
                        _BESIDE[name](Path(folder), model, tally, size=given.texts)
                        print(f"  {name} {turn + 1}: {time.monotonic() - begin:.0f} s; {tally}", flush=True)
            else:
                folder = Path(work) / name
                folder.mkdir()
                if name == "kills":
                    kills(
                        folder,
                        model,
                        tally,
                        rounds=given.rounds or 30,
                        size=given.texts,
                        longest_s=given.texts / 1_000,
                        seed=given.seed,
                    )
                elif name == "crowds":
                    crowds(folder, model, tally, size=given.texts // 4)
                else:
                    disks(folder, model, tally, size=given.texts, megabytes=20)
            print(f"{name}: {tally}", flush=True)


if __name__ == "__main__":
    main()
