"""Checkups: examinations of the whole store while it goes on serving, which change nothing."""

from __future__ import annotations

from indexer.contract.checkups import Checkup, CheckupList, Fault
from indexer.engine import Engine
from indexer.progress import Progress
from indexer.store.doctor import examine
from server.records import MemoryJobs, new_job


class Checkups(MemoryJobs[Checkup]):
    """The checkups of one process."""

    def __init__(self, engine: Engine) -> None:
        super().__init__("checkup")
        self._store = engine.store

    def create(self) -> str:
        """Keep a new checkup as queued and return its id."""
        return self._add(Checkup(**new_job()))

    def listed(self) -> CheckupList:
        """Return all checkups, newest first."""
        return CheckupList(doctor=self.all())

    def _work(self, id: str, progress: Progress) -> None:
        def on_progress(share: float, examined: int) -> None:
            self._change(id, progress=share, words=examined)
            progress(share)

        found = examine(self._store, None, on_progress=on_progress, serving=True)
        faults = [
            Fault(
                fault=finding.code,
                message=str(finding).replace("--repair", "topicdex doctor --repair"),
                count=finding.count,
                examples=list(finding.examples),
            )
            for finding in found.findings
        ]
        self._change(id, progress=1.0, words=found.examined, healthy=found.healthy, findings=faults)
