"""Answers about the examination of a store that goes on serving."""

from __future__ import annotations

from indexer.contract.answer import Answer, Table
from indexer.contract.jobs import Job


class Fault(Answer):
    """One kind of fault: how many rows have it, a message that says what to do, and the ids of some of them."""

    fault: str
    message: str
    count: int
    examples: list[str]


class Checkup(Job):
    """An examination that changes nothing: `words` were examined; `healthy` is null until it is done."""

    words: int = 0
    healthy: bool | None = None
    findings: list[Fault] = []


class CheckupList(Table[Checkup]):
    """Examinations, newest first."""

    table = "doctor"

    doctor: list[Checkup]
