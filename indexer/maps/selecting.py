"""The words of a selection: which lie in a polygon, and what they have in common."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from indexer.blocks import blas_threads
from indexer.clusters.naming import COUNTED, name_clusters
from indexer.contract.maps import WIDTH, MapSelection, MapWord, TopicCount
from indexer.errors import InvalidRequest
from indexer.evaluation.thresholds import decide
from indexer.maps.colouring import encoded
from indexer.maps.placing import Positions
from indexer.maps.rows import MapRows
from indexer.topics.answering import InUse
from indexer.vectors import Bools, Floats, Ints, Vectors, unit

MOST_CORNERS = 1_000
EXAMPLES = 10
_SAMPLE = COUNTED // 2  # texts of the selection, and as many of the rest, whose words are counted
_BLOCK = 8_192  # words whose vectors are copied at once

Polygon = Sequence[tuple[float, float]]


def checked(polygon: Polygon) -> Polygon:
    """Return a polygon as it is; raises InvalidRequest where it is none on a map."""
    if not 3 <= len(polygon) <= MOST_CORNERS:
        raise InvalidRequest(f"a polygon has 3 to {MOST_CORNERS:,} points, this one {len(polygon)}")
    for x, y in polygon:
        if not all(math.isfinite(number) and 0 <= number <= WIDTH for number in (x, y)):
            raise InvalidRequest(f"the point ({x}, {y}) is not on the map; give numbers from 0 to {WIDTH}")
    return polygon


def inside(polygon: Polygon, positions: Positions) -> Bools:
    """Tell of each position, (n, 2), whether it is in a polygon by the even-odd rule, (n,).

    A ray to the left crosses an odd number of its edges. Each edge is held against the positions of its height alone.
    """
    corners = np.array(polygon, dtype=np.float64)
    corners[corners == WIDTH] += 1  # what lies on the edge of the map is in what reaches to it
    low, high = corners.min(axis=0), corners.max(axis=0)
    near = np.flatnonzero(((positions >= low) & (positions <= high)).all(axis=1))
    near = near[np.argsort(positions[near, 1], kind="stable")]
    x, y = positions[near].astype(np.float64).T
    odd = np.zeros(len(near), dtype=np.bool_)
    for (x1, y1), (x2, y2) in zip(corners.tolist(), np.roll(corners, -1, axis=0).tolist(), strict=True):
        first, last = np.searchsorted(y, sorted((y1, y2)))  # of two edges with a corner in common one has its height
        if last > first:
            across = x1 + (y[first:last] - y1) * ((x2 - x1) / (y2 - y1))
            odd[first:last] ^= x[first:last] >= across
    found = np.zeros(len(positions), dtype=np.bool_)
    found[near] = odd
    return found


@blas_threads.one()
def selection(rows: MapRows, selected: Ints, used: InUse) -> MapSelection:
    """Return what is to be known of the rows `selected`, ascending, (m,)."""
    if not len(selected):
        return MapSelection(count=0, rows="", topics=[], keywords=[], examples=[])
    scores, topics = _scored(rows, selected, used)
    best = selected[np.argsort(-scores, kind="stable")[: 4 * EXAMPLES]]
    examples: dict[str, MapWord] = {}
    for row, word in zip(best.tolist(), rows.view.words(rows.rows[best]), strict=True):
        examples.setdefault(word.text, MapWord(row=row, id=word.id, text=word.text, metadata=dict(word.metadata)))
    names = (*used.prototypes.names, None)
    counts = Counter(topics.tolist()) if used.prototypes.names else Counter()
    return MapSelection(
        count=len(selected),
        rows=encoded(selected, "<u4"),
        topics=[TopicCount(topic=names[topic], count=count) for topic, count in counts.most_common()],
        keywords=_keywords(rows, selected, scores),
        examples=list(examples.values())[:EXAMPLES],
    )


def _scored(rows: MapRows, selected: Ints, used: InUse) -> tuple[Floats, Ints]:
    """Return the cosine of each selected word to their mean, (m,), and its topic, (m,), -1 where it has none."""

    def blocks() -> Iterator[Vectors]:
        for first in range(0, len(selected), _BLOCK):
            yield rows.view.vectors(rows.rows[selected[first : first + _BLOCK]])

    mean = unit(np.sum([vectors.sum(axis=0, dtype=np.float64) for vectors in blocks()], axis=0))
    scores, topics = list[Floats](), list[Ints]()
    for vectors in blocks():
        scores.append((vectors @ mean).astype(np.float64))
        topics.append(np.full(len(vectors), -1))
        if names := used.prototypes.names:
            found = decide(used.prototypes.scores(vectors), used.thresholds, names)
            topics[-1] = found.answered
    return np.concatenate(scores), np.concatenate(topics)


def _keywords(rows: MapRows, selected: Ints, scores: Floats) -> list[str]:
    """Return what sets the texts of a selection apart from all others, best first, on a sample of both."""
    step = -(-len(selected) // _SAMPLE)
    others = np.setdiff1d(np.arange(len(rows)), selected, assume_unique=True)
    others = others[:: max(1, -(-len(others) // _SAMPLE))]
    sample = np.concatenate([selected[::step], others])
    labels = (np.arange(len(sample)) >= len(sample) - len(others)).astype(np.intp)
    weights = np.concatenate([scores[::step], np.ones(len(others))])
    return list(name_clusters(rows.view.texts(rows.rows[sample]), labels, weights, names=["", "-"])[0].keywords)
