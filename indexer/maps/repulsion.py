"""The forces by which the points of a t-SNE keep apart, for all of them at once."""

from __future__ import annotations

from math import ceil, log2
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.fft

from indexer.vectors import Floats, Ints

_STEP = 1 / 3  # between the points of the grid at most; the forces change over distances of about 1
_FINEST = 64  # points of the grid on a side at least, however close together all are
_FEW = 64  # points, of which all pairs take no longer
_SIZES = 24  # grids have multiples of so many points on a side, so that few of them differ


class Forces(NamedTuple):
    """The force on each of n points, (n, 2), and the sum over all pairs that it is to be divided by."""

    forces: Floats
    total: float


class Repulsion:
    """Sums 1 / (1 + distance**2)**2 times the difference over all pairs of points, by a grid and Fourier transforms.

    Linderman et al., "Fast interpolation-based t-SNE", 2019: points are spread over the grid by quadratic polynomials,
    the sum is a convolution there, and the points read their forces off the same way. The time does not grow with the
    square of the points. The fields of the grid's kernels are kept from round to round.
    """

    def __init__(self) -> None:
        self._grid = (0, 0.0)
        self._kernels: list[npt.NDArray[np.complex64]] = []

    def __call__(self, points: Floats) -> Forces:
        """Return the forces on points (n, 2), of which no two are farther apart than some thousands."""
        if len(points) <= _FEW:
            return of_all_pairs(points)
        extent = max(float(np.ptp(points, axis=0).max()), 1e-9)
        halvings = max(0, ceil(log2(_FINEST * _STEP / extent)))
        step: float = _STEP / 2.0**halvings
        low = points.min(axis=0) - 2 * step
        away = (points - low) / step
        side = -(-(int(away.max()) + 3) // _SIZES) * _SIZES
        self._prepare(side, step)
        cells, weights = _cells(away, side)
        grid = np.bincount(cells.ravel(), weights.ravel(), minlength=side * side).reshape(side, side)
        size = (self._size, self._size)
        spread = scipy.fft.rfft2(grid.astype(np.float32), s=size)
        sums = []
        for kernel in self._kernels:
            field = scipy.fft.irfft2(spread * kernel, s=size)[:side, :side].ravel()
            sums.append((field[cells] * weights).sum(axis=(0, 1)))
        pairs, right, up = sums
        return Forces(np.stack([right, up], axis=1), float(pairs.sum()) - len(points))

    def _prepare(self, side: int, step: float) -> None:
        """Transform the kernels for a grid with so many points on a side; a border keeps one end from the other."""
        if self._grid == (side, step):
            return
        self._grid, self._size = (side, step), scipy.fft.next_fast_len(2 * side, real=True)
        steps = np.arange(self._size)
        offsets = np.where(steps < self._size // 2, steps, steps - self._size) * step
        x, y = offsets[:, None], offsets[None, :]
        near = 1 / (1 + x * x + y * y)
        kernels = (near, near * near * x, near * near * y)
        self._kernels = [scipy.fft.rfft2(kernel.astype(np.float32)) for kernel in kernels]


def of_all_pairs(points: Floats) -> Forces:
    """Return the forces on points (n, 2), pair by pair."""
    away = points[:, None] - points[None]
    near = 1 / (1 + (away**2).sum(axis=2))
    return Forces((near[:, :, None] ** 2 * away).sum(axis=1), float(near.sum()) - len(points))


def _cells(away: Floats, side: int) -> tuple[Ints, Floats]:
    """Return the nine points of the grid around each of n points, (3, 3, n), and its weights there."""
    middle = np.rint(away).astype(np.intp)
    offset = away - middle
    weights = np.stack([offset * (offset - 1) / 2, 1 - offset * offset, offset * (offset + 1) / 2])
    around = np.arange(-1, 2)[:, None]
    x, y = middle[:, 0] + around, middle[:, 1] + around
    return x[:, None] * side + y[None, :], weights[:, None, :, 0] * weights[None, :, :, 1]
