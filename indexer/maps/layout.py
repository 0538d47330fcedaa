"""Where landmarks lie on a map: t-SNE, from the principal components or from an earlier map.

It is our own because scikit-learn's takes several times as long, cannot be called off and reports no progress; this
one gives the same bytes on any number of threads.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import scipy.sparse

from indexer.blocks import lower_priority
from indexer.contract.maps import WIDTH
from indexer.maps.neighbours import Nearest
from indexer.maps.repulsion import Repulsion
from indexer.progress import Progress
from indexer.vectors import Bools, Floats, Vectors

_PERPLEXITY = 30
NEIGHBOURS = 3 * _PERPLEXITY  # of each landmark
_EARLY, _LATE = 250, 500  # rounds
_EXAGGERATION = 12  # of the attraction in the early rounds
_MOMENTUM, _LATE_MOMENTUM = 0.5, 0.8
_FARTHEST = 5.0  # that a point goes in one round
_START = 1e-4  # standard deviation of the points at the start: so small that they can pass each other
_MARGIN = 0.02  # of the width, on each side
_BISECTIONS = 60
_SCALES = np.geomspace(0.5, 4, 16)  # widths over the root of the number of points, one of which fits an earlier map
_WIDEST = 300.0  # in the units of t-SNE

Edges = tuple[npt.NDArray[np.int32], scipy.sparse.csr_array]  # each pair once: its first point, and its share


def lay_out(landmarks: Vectors, near: Nearest, seed: int, progress: Progress) -> Vectors:
    """Return positions (m, 2), 0..WIDTH, of landmarks (m, d), of which `near` has the nearest others.

    van der Maaten and Hinton, "Visualizing data using t-SNE", 2008, with the rates of Belkina et al., 2019.
    """
    if len(landmarks) == 1:
        return np.full((1, 2), WIDTH / 2, dtype=np.float32)
    points = _components(landmarks)
    points *= _START / max(float(points[:, 0].std()), np.finfo(float).tiny)
    points += np.random.default_rng(seed).normal(scale=_START / 100, size=points.shape)  # else lines stay lines
    edges = _edges(near)
    points = _descend(points, edges, _EARLY, _EXAGGERATION, _MOMENTUM, lambda share: progress(share / 3))
    points = _descend(points, edges, _LATE, 1, _LATE_MOMENTUM, lambda share: progress((1 + 2 * share) / 3))
    return _fitted(points)


def lay_out_again(before: Vectors, kept: Bools, near: Nearest, progress: Progress) -> Vectors:
    """Return new positions (m, 2) of landmarks that lay at `before` (m, 2); those `kept` (m,) say how it is turned."""
    if len(before) == 1:
        return before
    edges, middle = _edges(near), before.mean(axis=0, dtype=np.float64)
    shape = (before - middle) / max(float(np.ptp(before, axis=0).max()), 1.0)
    scales = np.minimum(_SCALES * np.sqrt(len(before)), _WIDEST)
    points = shape * min(scales, key=lambda scale: _divergence(shape * scale, edges))
    points = _descend(points, edges, _EARLY, 1, _MOMENTUM, progress)
    return _aligned(points, before, kept)


def _components(landmarks: Vectors) -> Floats:
    """Return the first two principal components, (m, 2); of each the greatest loading is positive."""
    centred = (landmarks - landmarks.mean(axis=0)).astype(np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    two = axes[:, ::-1][:, :2]
    two = two * np.sign(two[np.abs(two).argmax(axis=0), np.arange(two.shape[1])])
    points = np.zeros((len(landmarks), 2))
    points[:, : two.shape[1]] = centred @ two
    return points


def _edges(near: Nearest) -> Edges:
    """Return the shares of pairs of neighbours, whose sum over both directions is 1.

    A point's bandwidth is found by bisection, so that it has about 30 neighbours (the perplexity), fewer among few.
    """
    m, k = near.rows.shape
    wanted = np.log(min(_PERPLEXITY, 1 + (k - 1) / 3))
    away = (near.cosines[:, :1] - near.cosines).astype(np.float64)
    low, high, sharpness = np.zeros(m), np.full(m, np.inf), np.full(m, 10.0)
    for _ in range(_BISECTIONS):
        shares = np.exp(-away * sharpness[:, None])
        total = shares.sum(axis=1)
        wide = np.log(total) + sharpness * (away * shares).sum(axis=1) / total > wanted
        low, high = np.where(wide, sharpness, low), np.where(wide, high, sharpness)
        sharpness = np.where(np.isinf(high), np.minimum(2 * sharpness, 1e9), (low + np.minimum(high, 1e9)) / 2)
    shares /= total[:, None]
    directed = scipy.sparse.csr_array((shares.ravel(), near.rows.ravel(), np.arange(0, m * k + 1, k)), shape=(m, m))
    pairs = scipy.sparse.triu((directed + directed.T) / (2 * m), 1).tocsr().astype(np.float32)
    return np.repeat(np.arange(m, dtype=np.int32), np.diff(pairs.indptr)), pairs


def _closeness(points: Vectors, edges: Edges) -> Vectors:
    """Return 1 / (1 + distance**2) of each pair."""
    first, pairs = edges
    x, y = np.ascontiguousarray(points.T)
    right, up = x[first] - x[pairs.indices], y[first] - y[pairs.indices]
    return np.asarray(1 / (1 + right * right + up * up), dtype=np.float32)


def _attraction(points: Floats, edges: Edges) -> Floats:
    """Return the force towards its neighbours on each point, (m, 2), in float32, which is twice as fast."""
    pairs = edges[1]
    places = points.astype(np.float32)
    pull = scipy.sparse.csr_array((pairs.data * _closeness(places, edges), pairs.indices, pairs.indptr), pairs.shape)
    ones = np.hstack([np.ones((len(places), 1), dtype=np.float32), places])
    sums = pull @ ones + pull.T @ ones
    return np.asarray(places * sums[:, :1] - sums[:, 1:], dtype=np.float64)


def _divergence(points: Floats, edges: Edges) -> float:
    """Return the divergence of the map from the shares, less a constant."""
    close = _closeness(points.astype(np.float32), edges)
    total = Repulsion()(points).total
    return float(np.log(total) - 2 * (edges[1].data * np.log(close)).sum(dtype=np.float64))


def _descend(
    points: Floats, edges: Edges, rounds: int, exaggeration: float, momentum: float, progress: Progress
) -> Floats:
    """Return the points after so many rounds of gradient descent; both forces are worked out at the same time."""
    repulsion, rate = Repulsion(), 4 * len(points) / exaggeration
    step, gain = np.zeros_like(points), np.ones_like(points)
    with ThreadPoolExecutor(2, "topicdex-map", initializer=lower_priority) as pool:
        for done in range(1, rounds + 1):
            apart, pull = pool.submit(repulsion, points), pool.submit(_attraction, points, edges)
            forces, total = apart.result()
            gradient = exaggeration * pull.result() - forces / total
            gain = np.maximum(np.where(np.sign(step) == np.sign(gradient), 0.8 * gain, gain + 0.2), 0.01)
            step = momentum * step - rate * gain * gradient
            step *= np.minimum(1, _FARTHEST / np.maximum(np.linalg.norm(step, axis=1, keepdims=True), _START))
            points = points + step
            points -= points.mean(axis=0)
            progress(done / rounds)
    return points


def _fitted(points: Floats) -> Vectors:
    """Return points in the middle of the map, as large as its width and a margin allow."""
    low, high = points.min(axis=0), points.max(axis=0)
    size = max(float((high - low).max()), np.finfo(float).tiny)
    inside = (points - (low + high) / 2) * ((1 - 2 * _MARGIN) * WIDTH / size) + WIDTH / 2
    return np.asarray(inside, dtype=np.float32)


def _aligned(points: Floats, before: Vectors, kept: Bools) -> Vectors:
    """Return points turned, scaled and moved so that those `kept` lie as near as can be to where they lay before.

    Schönemann, "A generalized solution of the orthogonal Procrustes problem", 1966. What would lie outside the map
    shrinks it.
    """
    if kept.sum() < 2:
        return _fitted(points)
    now, then = points[kept], before[kept].astype(np.float64)
    centre, target = now.mean(axis=0), then.mean(axis=0)
    left, sizes, right = np.linalg.svd((now - centre).T @ (then - target))
    scale = sizes.sum() / max(float(((now - centre) ** 2).sum()), np.finfo(float).tiny)
    turned = (points - centre) @ (left @ right) * scale + target
    beyond = np.abs(turned - WIDTH / 2).max() / (WIDTH / 2)
    return np.asarray((turned - WIDTH / 2) / max(1.0, float(beyond)) + WIDTH / 2, dtype=np.float32)
