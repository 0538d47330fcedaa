"""What an export holds: the words of one moment with all that is known of them, and what its columns are called.

The readers take an export back, so the rules of its columns and cells are here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from indexer.records import Scalar

if TYPE_CHECKING:  # a client of a server needs no arrays
    import numpy as np
    import numpy.typing as npt

    from indexer.vectors import Vectors

ExportFormat = Literal["parquet", "csv", "numpy", "projector"]
Kind = Literal["text", "boolean", "integer", "number", "mixed"]

FILES: Mapping[ExportFormat, tuple[str, ...]] = {  # of the formats that are several files, which come as one zip
    "numpy": ("vectors.npy", "words.parquet"),
    "projector": ("vectors.tsv", "metadata.tsv", "config.json"),
}
MOST_NAMES = 1_000  # of metadata: each is a column
ID, TEXT, VECTOR = "id", "text", "vector"
OWN = (ID, TEXT, "topic", "score", "margin", "reason", "cluster", "cluster_id", "x", "y", VECTOR)
MARK = "topicdex:"  # what an export is known by; no metadata has a name that begins so
_PREFIX = "metadata."
_LIKE_OWN = re.compile(rf"(?:{re.escape(_PREFIX)})*(?:{'|'.join(OWN)})", re.IGNORECASE)
_FORMULA = re.compile(r"'*(?:[=+\-@\t\r]|\Z)")  # what a spreadsheet would compute; and nothing, which would be no value


@dataclass(frozen=True)
class ExportPage:
    """Some words with what is known of them; every field has one entry a word, None where nothing is known.

    `vectors` (n, dimension) are unit rows; `clusters` are names, `positions` (n, 2) those on a map, None without one.
    """

    ids: Sequence[str]
    texts: Sequence[str]
    metadata: Sequence[Mapping[str, Scalar]]
    vectors: Vectors
    topics: Sequence[str | None]
    scores: Sequence[float | None]
    margins: Sequence[float | None]
    reasons: Sequence[str]
    clusters: Sequence[str | None]
    cluster_ids: Sequence[str | None]
    positions: npt.NDArray[np.uint16] | None


@dataclass(frozen=True)
class Export:
    """All words of one moment: how many, their dimension, the kind of each name of their metadata.

    `pages` begins anew at each call, and so does `vectors`, which yields those of the same words in the same order.
    """

    words: int
    dimension: int
    kinds: Mapping[str, Kind]
    pages: Callable[[], Iterator[ExportPage]]
    vectors: Callable[[], Iterator[Vectors]]

    def mark(self) -> str:
        """Return what a file says of itself as JSON: the kinds that are not text, by the name of the metadata."""
        return json.dumps({name: kind for name, kind in self.kinds.items() if kind != "text"})


def column_of(name: str) -> str:
    """Return the column of a name of metadata: `metadata.NAME` where it looks like one of ours, else the name."""
    return _PREFIX + name if _LIKE_OWN.fullmatch(name) else name


def name_of(column: str) -> str:
    """Return the name of metadata that has this column, which is none of ours."""
    inner = column.removeprefix(_PREFIX)
    return inner if inner != column and _LIKE_OWN.fullmatch(inner) else column


def kinds_of(mark: str) -> Mapping[str, Kind]:
    """Return the kinds by column that a file says it has; none where somebody has changed what it says."""
    with suppress(ValueError, RecursionError):
        kinds = json.loads(mark)
        if isinstance(kinds, dict):
            return {column_of(name): kind for name, kind in kinds.items()}
    return {}


def guarded(text: str) -> str:
    """Return a text as the cell of a CSV file, with an apostrophe in front where a spreadsheet would take it otherwise.

    That is a text which begins with = + - @ tab or CR, or is empty, also behind apostrophes of its own; so `unguarded`
    finds what was there.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(cell: str) -> str:
    """Return the text that `guarded` made a cell of."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def value_of(cell: str, kind: Kind) -> Scalar:
    """Return the value in a cell of a CSV export; as text where it is not of its column's kind any more."""
    with suppress(ValueError, KeyError, RecursionError):
        match kind:
            case "boolean":
                return {"true": True, "false": False}[cell.casefold()]
            case "integer":
                return int(cell)
            case "number":
                return float(cell)
            case "mixed":
                return scalar_of(cell)
    return unguarded(cell)


def json_of(value: Scalar) -> str:
    """Return a value as a column of kind "mixed" has it."""
    return json.dumps(value, ensure_ascii=False)


def scalar_of(cell: str) -> Scalar:
    """Return the value that `json_of` wrote; raises ValueError, RecursionError where it has not."""
    value = json.loads(cell)
    if not isinstance(value, str | int | float | bool):
        raise ValueError("neither text nor number nor boolean")
    return value
