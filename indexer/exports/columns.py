"""The columns of a table of words: ours, and one for each name of the metadata."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from indexer.contract.exports import ID, TEXT, ExportPage, Kind, column_of, json_of
from indexer.records import Scalar

Values = Sequence[Scalar | None]


@dataclass(frozen=True)
class Column:
    """A column: its name, its kind, and its values for the words of a page; those of kind "mixed" are JSON."""

    name: str
    kind: Kind
    values: Callable[[ExportPage], Values]


def columns_of(kinds: Mapping[str, Kind]) -> list[Column]:
    """Return all columns but the vector, in the order in which every format has them."""
    return [
        Column(ID, "text", lambda page: page.ids),
        Column(TEXT, "text", lambda page: page.texts),
        *(_metadata(name, kind) for name, kind in kinds.items()),
        Column("topic", "text", lambda page: page.topics),
        Column("score", "number", lambda page: page.scores),
        Column("margin", "number", lambda page: page.margins),
        Column("reason", "text", lambda page: page.reasons),
        Column("cluster", "text", lambda page: page.clusters),
        Column("cluster_id", "text", lambda page: page.cluster_ids),
        Column("x", "integer", lambda page: _coordinate(page, 0)),
        Column("y", "integer", lambda page: _coordinate(page, 1)),
    ]


def _metadata(name: str, kind: Kind) -> Column:
    def values(page: ExportPage) -> Values:
        found = [metadata.get(name) for metadata in page.metadata]
        return found if kind != "mixed" else [None if value is None else json_of(value) for value in found]

    return Column(column_of(name), kind, values)


def _coordinate(page: ExportPage, axis: int) -> Values:
    return [None] * len(page.ids) if page.positions is None else page.positions[:, axis].tolist()
