"""The colours of a map: a class or a value for each row, and a legend whose names have a place on the map."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.blocks import blas_threads
from indexer.contract.maps import NONE, LegendEntry, MapColours
from indexer.evaluation.thresholds import decide
from indexer.maps.placing import Positions
from indexer.maps.rows import MapRows
from indexer.prototypes import Prototypes
from indexer.records import Scalar
from indexer.topics.answering import InUse
from indexer.vectors import Floats, Ints

MOST_CLASSES = 1_000  # of which the last is all others
FEW_NUMBERS = 20  # different ones, up to which each is a class
OTHER = "other"


@dataclass(frozen=True)
class Classes:
    """The class of each row, (n,), -1 where it has none; the names of the classes, and their ids if they have any."""

    names: Sequence[str]
    of_rows: Ints
    ids: Sequence[str] | None = None


@blas_threads.one()
def topic_classes(rows: MapRows, used: InUse) -> tuple[Classes, Floats]:
    """Return the topic that answers for each row, and the score of the nearest topic, (n,)."""
    names = used.prototypes.names

    def of(vectors: npt.NDArray[np.float32]) -> tuple[Ints, Floats]:
        found = decide(used.prototypes.scores(vectors), used.thresholds, names)
        return found.answered, found.score

    blocks = list(rows.view.each_block(lambda _, vectors: of(vectors))) or [(np.empty(0, np.intp), np.empty(0))]
    best, score = (np.concatenate(column) for column in zip(*blocks, strict=True))
    return Classes(names, rows.from_view(best)), rows.from_view(score)


@blas_threads.one()
def cluster_classes(rows: MapRows, prototypes: Prototypes, names: Sequence[str]) -> Classes:
    """Return the cluster of each row; `prototypes` are named by the ids of the clusters."""
    blocks = rows.view.each_block(lambda _, vectors: prototypes.scores(vectors).argmax(axis=1))
    nearest = np.concatenate([np.empty(0, dtype=np.intp), *blocks])
    return Classes(names, rows.from_view(nearest), prototypes.names)


def metadata_colours(rows: MapRows, name: str) -> Classes | Floats | None:
    """Return the value that each row has under a name of metadata, as its class; None where no row has one.

    Many different numbers are values, (n,), nan where a row has none.
    """
    places, values = rows.view.values(name)
    places = places[rows.rows].astype(np.intp)
    present = np.unique(places[places >= 0])
    if not len(present):
        return None
    numbers = [values[place] for place in present.tolist() if not isinstance(values[place], str | bool)]
    if len(present) > FEW_NUMBERS and len(numbers) == len(present):
        of_place = np.full(len(values) + 1, np.nan)
        of_place[present] = [float(value) for value in numbers]
        return of_place[places]  # the last for those that have none
    class_of = np.full(len(values) + 1, -1)
    order = sorted(present.tolist(), key=lambda place: _sort_key(values[place]))
    class_of[order] = np.arange(len(order))
    return Classes([_shown(values[place]) for place in order], class_of[places])


def coloured(by: str, rows: MapRows, found: Classes | Floats, positions: Positions) -> MapColours:
    """Return classes or values, (n,), as colours of the rows, which lie at `positions`, (n, 2)."""
    if not isinstance(found, Classes):
        return _values(by, rows, found)
    found = _at_most(found, MOST_CLASSES)
    counts = np.bincount(found.of_rows[found.of_rows >= 0], minlength=len(found.names)).tolist()
    middles = _middles(found.of_rows, positions, len(found.names))
    ids: Sequence[str | None] = found.ids or [None] * len(counts)
    legend = [
        LegendEntry(name=name, count=count, x=middle and middle[0], y=middle and middle[1], id=id)
        for name, count, middle, id in zip(found.names, counts, middles, ids, strict=True)
    ]
    numbers = np.where(found.of_rows < 0, NONE, found.of_rows)
    return MapColours(by=by, kind="class", order=rows.order, rows=encoded(numbers, "<u2"), legend=legend)


def encoded(numbers: npt.NDArray[np.generic], kind: str) -> str:
    """Return numbers as base64 of this kind of number."""
    return base64.b64encode(numbers.astype(kind).tobytes()).decode()


def _values(by: str, rows: MapRows, values: Floats) -> MapColours:
    there = ~np.isnan(values)
    low, high = (float(values[there].min()), float(values[there].max())) if there.any() else (None, None)
    numbers = np.full(len(values), NONE, dtype=np.uint16)
    if low is not None and high is not None:
        width = high / 2 - low / 2  # halves: the width itself may be no finite number
        shares = (values[there] / 2 - low / 2) / width if width > 0 else np.zeros(int(there.sum()))
        numbers[there] = np.rint(np.clip(shares, 0, 1) * (NONE - 1))
    return MapColours(by=by, kind="value", order=rows.order, rows=encoded(numbers, "<u2"), low=low, high=high)


def _at_most(found: Classes, most: int) -> Classes:
    """Return classes, `most` at most: the most frequent ones in their order, and one for all others."""
    if len(found.names) <= most:
        return found
    counts = np.bincount(found.of_rows[found.of_rows >= 0], minlength=len(found.names))
    kept = np.sort(np.argsort(-counts, kind="stable")[: most - 1])
    number = np.full(len(found.names) + 1, most - 1)
    number[kept] = np.arange(most - 1)
    number[-1] = -1
    names = [found.names[i] for i in kept.tolist()] + [OTHER]
    ids = None if found.ids is None else [found.ids[i] for i in kept.tolist()] + [OTHER]
    return Classes(names, number[found.of_rows], ids)


def _middles(of_rows: Ints, positions: Positions, classes: int) -> list[tuple[int, int] | None]:
    """Return the median position of the rows of each class; None where it has no row."""
    order = np.argsort(of_rows, kind="stable")
    starts = np.searchsorted(of_rows[order], np.arange(classes + 1))
    middles: list[tuple[int, int] | None] = []
    for first, last in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        x, y = np.median(positions[order[first:last]], axis=0).tolist() if last > first else (math.nan, math.nan)
        middles.append(None if math.isnan(x) else (int(x), int(y)))
    return middles


def _sort_key(value: Scalar) -> tuple[int, float, str]:
    """Return what puts booleans first, then numbers, then texts."""
    if isinstance(value, str):
        return 2, 0.0, value
    return int(not isinstance(value, bool)), float(value), ""


def _shown(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
