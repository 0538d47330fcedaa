"""A map from vectors alone: its landmarks, the places of all words, and what it keeps of the full space."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from indexer.blocks import BLOCK, blas_threads, in_blocks
from indexer.clusters.kmeans import sampled
from indexer.contract.maps import WIDTH, MapQuality, MapSettings
from indexer.errors import InvalidRequest
from indexer.maps.landmarks import draw_landmarks, same_rows
from indexer.maps.layout import NEIGHBOURS, lay_out, lay_out_again
from indexer.maps.neighbours import Nearest, nearest, whole
from indexer.maps.placing import Placed, Positions, place, spacing
from indexer.maps.quality import SAMPLE, quality
from indexer.progress import Progress, scaled, throttled
from indexer.vectors import Vectors
from indexer.words.rows import View

# Percent of the landmarks that are as far from all others as a word that is far. Among 5,000 landmarks of titles some
# 2 % of new titles are, and 20 % of strings of random letters: by all-MiniLM-L6-v2 these are hardly less similar to a
# title than titles are, and neither are texts in other languages.
_FAR = 5.0


@dataclass(frozen=True)
class Drawing:
    """A map's landmarks, which place any word.

    `landmarks` (m, d) are different unit rows, `positions` (m, 2) float32, 0..WIDTH; a word whose cosine to the nearest
    landmark is below `reach` is far: its place says little.
    """

    landmarks: Vectors
    positions: Vectors
    reach: float

    @cached_property
    def _steps(self) -> Vectors:
        return whole(self.landmarks)

    @cached_property
    def _scale(self) -> float:
        return spacing(self.positions)

    def place(self, vectors: Vectors) -> Placed:
        """Return the places of unit rows (n, d); each depends on that row alone, bit by bit."""
        return _joined(list(in_blocks(lambda block: self._place(vectors[block]), len(vectors))))

    @blas_threads.one()
    def place_all(self, view: View, progress: Progress) -> Placed:
        """Return the places of all words of a view, in the order of their rows; copies no vectors."""
        total, done, parts = max(1, int(view.alive.sum())), 0, []
        for part in view.each_block(lambda _, vectors: self._place(vectors)):
            parts.append(part)
            done += len(part.far)
            progress(done / total)
        return _joined(parts)

    def _place(self, vectors: Vectors) -> Placed:
        return place(vectors, self.landmarks, self._steps, self.positions, self._scale, self.reach)


@dataclass(frozen=True)
class Drawn:
    """A drawing, with the places of all words of the view that it was drawn from, in the order of their rows.

    `moved` is the share of the width by which the median word moved from the drawing that it started from, null for a
    fresh one; `far` the share of the words that are far.
    """

    drawing: Drawing
    placed: Placed
    quality: MapQuality
    moved: float | None
    far: float


@blas_threads.one()
def draw(view: View, settings: MapSettings, start: Drawing | None, progress: Progress) -> Drawn:
    """Draw a map of all words of a view; the same words, settings and start give the same bytes.

    `progress` is called with the share done; it ends the work by raising.
    Raises InvalidRequest where there are no words.
    """
    if not view.alive.any():
        raise InvalidRequest("there are no words to draw a map of; add words first")
    report = throttled(progress)
    dimension = next(block.shape[1] for _, block in view.blocks())
    if start is not None and start.landmarks.shape[1] != dimension:  # another model's: nothing of it is here
        start = None
    before = None if start is None else start.landmarks
    landmarks = draw_landmarks(view, settings.landmarks, before, settings.seed, scaled(report, 0.0, 0.15))
    near = _neighbours(landmarks, scaled(report, 0.15, 0.2))
    if start is None:
        positions = lay_out(landmarks, near, settings.seed, scaled(report, 0.2, 0.5))
    else:
        rows = same_rows(landmarks, start.landmarks)
        placed = start.place(landmarks).positions.astype(np.float32)
        placed[rows >= 0] = start.positions[rows[rows >= 0]]
        positions = lay_out_again(placed, rows >= 0, near, scaled(report, 0.2, 0.5))
    reach = float(np.percentile(near.cosines[:, 0], _FAR)) if near.cosines.size else 0.0
    drawing = Drawing(landmarks, positions, reach)
    everywhere = drawing.place_all(view, scaled(report, 0.5, 0.8))
    rows = sampled(view.by_id(), SAMPLE, np.random.default_rng(settings.seed))
    vectors = view.vectors(rows)
    there = everywhere.positions[np.searchsorted(np.flatnonzero(view.alive), rows)]
    kept = quality(vectors, there, scaled(report, 0.8, 0.99))
    moved = None if start is None else _moved(start.place(vectors).positions, there)
    report(1.0)
    return Drawn(drawing, everywhere, kept, moved, float(everywhere.far.mean()))


def _neighbours(landmarks: Vectors, progress: Progress) -> Nearest:
    """Return the nearest other landmarks of each."""
    n, steps = len(landmarks), whole(landmarks)
    k, parts = min(NEIGHBOURS, n - 1), []
    if not k:
        return Nearest(np.empty((n, 0), dtype=np.intp), np.empty((n, 0), dtype=np.float32))

    def of(block: slice) -> Nearest:
        return nearest(steps[block], steps, k, own=np.arange(n)[block])

    for number, part in enumerate(in_blocks(of, n), 1):
        parts.append(part)
        progress(min(1.0, number * BLOCK / n))
    return Nearest(np.concatenate([part.rows for part in parts]), np.concatenate([part.cosines for part in parts]))


def _joined(parts: list[Placed]) -> Placed:
    positions = [np.empty((0, 2), dtype=np.uint16), *(part.positions for part in parts)]
    return Placed(np.concatenate(positions), np.concatenate([np.empty(0, np.bool_), *(part.far for part in parts)]))


def _moved(before: Positions, now: Positions) -> float:
    """Return the share of the width by which the median word moved."""
    away = now.astype(np.float64) - before.astype(np.float64)
    return float(np.median(np.linalg.norm(away, axis=1)) / WIDTH)
