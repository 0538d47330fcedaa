"""The drawing of a map: landmarks in two dimensions, and every other word beside those that it is near."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.contract.maps import WIDTH, MapQuality, MapSettings
from indexer.errors import InvalidRequest
from indexer.progress import Progress
from indexer.vectors import Bools, Vectors
from indexer.words.rows import View

_REACH = 0.3


@dataclass(frozen=True)
class Placed:
    """The places of words: `positions` (n, 2), 0 to 65,535, and which are `far` from every landmark, (n,)."""

    positions: npt.NDArray[np.uint16]
    far: Bools


@dataclass(frozen=True)
class Drawing:
    """A map's landmarks, (m, dimension), and where they lie, (m, 2): what places any word.

    `reach`: the cosine to the nearest landmark below which a word is far.
    """

    landmarks: Vectors
    positions: Vectors
    reach: float

    def place(self, vectors: Vectors) -> Placed:
        """Return the place of each vector, (n, dimension); it depends on that vector alone."""
        scores = vectors @ self.landmarks.T
        nearest = scores.argmax(axis=1)
        positions = np.rint(self.positions[nearest]).astype(np.uint16)
        return Placed(positions, scores[np.arange(len(scores)), nearest] < self.reach)

    def place_all(self, view: View, progress: Progress) -> Placed:
        """Return the places of all words of a view that have no tombstone, in the order of their rows."""
        parts = [self.place(vectors) for _, vectors in view.each_block(lambda rows, vectors: (rows, vectors))]
        progress(1.0)
        return Placed(np.concatenate([part.positions for part in parts]), np.concatenate([part.far for part in parts]))


@dataclass(frozen=True)
class Drawn:
    """A map as it was drawn: its words' places in the order of the view's rows, and what it keeps."""

    drawing: Drawing
    placed: Placed
    quality: MapQuality
    moved: float | None
    far: float


def draw(view: View, settings: MapSettings, start: Drawing | None, progress: Progress) -> Drawn:
    """Draw all words of a view; raises InvalidRequest where there are none."""
    rows = np.flatnonzero(view.alive)
    if not len(rows):
        raise InvalidRequest("there are no words any more; index some first")
    landmarks = view.vectors(rows[:: max(1, -(-len(rows) // settings.landmarks))])
    centred = landmarks - landmarks.mean(axis=0)
    components = np.linalg.svd(centred.T @ centred)[0][:, :2]
    flat = centred @ components
    low, high = flat.min(axis=0), flat.max(axis=0)
    positions = (flat - low) / np.where(high > low, high - low, 1) * WIDTH
    progress(0.5)
    drawing = Drawing(landmarks, positions.astype(np.float32), _REACH)
    placed = drawing.place_all(view, progress)
    quality = MapQuality(neighbours_kept=None, trustworthiness=None, sample=0)
    return Drawn(drawing, placed, quality, None if start is None else 0.0, float(placed.far.mean()))
