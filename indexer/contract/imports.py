"""Answers about files that callers send: imports, and the labelled rows of a file."""

from __future__ import annotations

from indexer.contract.answer import Answer, Table
from indexer.contract.jobs import Job


class SkippedRows(Answer):
    """How many rows of a file were skipped for one reason."""

    reason: str
    count: int


class Import(Job):
    """A file that is read to its end, then indexed; `name` is the name that it was sent with.

    `rows`: read so far; `added`, `updated`, `unchanged`: words that are on disk; `skipped`: rows that are not indexed,
    with the most frequent `reasons`; `embedded`: texts. `progress` is the share of its words that are on disk.
    """

    name: str
    rows: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    reasons: list[SkippedRows] = []
    embedded: int = 0


class ImportList(Table[Import]):
    """Imports, newest first."""

    table = "imports"

    imports: list[Import]


class LabelledRow(Answer):
    """A text and the topic that a person gave it; null where it belongs to none."""

    text: str
    label: str | None


class LabelledRows(Table[LabelledRow]):
    """The labelled texts of a file; `skipped` of its rows lack a text or a label."""

    table = "rows"

    rows: list[LabelledRow]
    skipped: int
