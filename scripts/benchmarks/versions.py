"""The versions of topicdex that a benchmark measures beside each other: this one, and an older checkout."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.benchmarks.machine import Work
from scripts.processes import GUNICORN, REPOSITORY, TOPICDEX, Server


@dataclass(frozen=True)
class Version:
    """One checkout, run by the Python of this one."""

    name: str
    checkout: Path

    def command(self, *arguments: object) -> list[str]:
        """Return a topicdex command of this version."""
        return [*self._where(), *TOPICDEX, *map(str, arguments)]

    def serve(self, folder: Path) -> Server:
        """Start `topicdex serve` on a free port; it listens when this returns."""
        return Server(self.command("serve", "--port", 0, "--data", folder))

    def gunicorn(self, workers: int, chroma_url: str) -> Server:
        """Start gunicorn on a free port, over a Chroma server."""
        where = [*self._where(), f"TOPICDEX_CHROMA_URL={chroma_url}"]
        return Server([*where, *GUNICORN, "server:create_app()", "-w", str(workers), "-b", "127.0.0.1:0"])

    @contextmanager
    def copy(self, store: Path) -> Iterator[Path]:
        """Give a copy of a store for this version alone."""
        folder = store.absolute().with_name(f"{store.name}-{self.name}")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(store, folder)
        yield folder
        shutil.rmtree(folder)

    def _where(self) -> list[str]:
        return ["env", f"--chdir={self.checkout}", f"PYTHONPATH={self.checkout}"]


def versions(work: Work) -> list[Version]:
    """Return this version, and the one to measure beside it where there is one."""
    before = [] if work.before is None else [Version("before", work.before)]
    return [Version("now", REPOSITORY), *before]


def compare(what: str, taken: Mapping[str, Sequence[float]], unit: str = "s") -> None:
    """Print the median under each name, and how many times as much the first is as the second."""
    medians = {name: statistics.median(values) for name, values in taken.items()}
    told = ", ".join(f"{name} {median:.{0 if median > 100 else 2}f} {unit}" for name, median in medians.items())
    first, *others = medians.values()
    ratio = f", ratio {first / others[0]:.2f}" if others else ""
    print(f"  {what}: {told}{ratio}; n {min(map(len, taken.values()))}", flush=True)
