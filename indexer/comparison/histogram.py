"""A model's range as an SVG: how many pairs have which similarity, and from where on that means something."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from indexer.contract.comparisons import PairScores, SimilarityRange

WIDTH, HEIGHT = 400, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 12, 12, 26, 24
Bounds = tuple[int, int]


def bounds(ranges: Sequence[SimilarityRange]) -> Bounds:
    """Return the first bin that any pair is in, and the one after the last: all models get the same axis."""
    filled = [i for r in ranges for kind in _kinds(r) for i, count in enumerate(kind.histogram) if count]
    return (min(filled), max(filled) + 1) if filled else (0, 100)


def svg(name: str, shown: SimilarityRange, bins: Bounds) -> str:
    """Return the picture of one model's range, as an element; each kind of pair has the same area."""
    first, last = bins
    peak = max(max(_shares(kind, bins)) for kind in _kinds(shown)) or 1.0
    total = len(shown.unrelated.histogram)

    def x(score: float) -> float:
        place = ((score + 1) / 2 * total - first) / (last - first)
        return _LEFT + min(max(place, 0.0), 1.0) * (WIDTH - _LEFT - _RIGHT)

    def y(share: float) -> float:
        return HEIGHT - _BOTTOM - share / peak * (HEIGHT - _TOP - _BOTTOM)

    def area(kind: PairScores, style: str) -> str:
        floor, points = y(0), []
        for i, share in enumerate(_shares(kind, bins), first):
            left, right = (x(2 * edge / total - 1) for edge in (i, i + 1))
            points.append(f"{left:.1f},{y(share):.1f} {right:.1f},{y(share):.1f}")
        closed = (
            f"{x(2 * first / total - 1):.1f},{floor:.1f} {' '.join(points)} {x(2 * last / total - 1):.1f},{floor:.1f}"
        )
        return f'<polygon class="{style}" points="{closed}"/>'

    at = shown.similar_from
    parts = [area(shown.unrelated, "unrelated")]
    if shown.same_topic is not None:
        parts.append(area(shown.same_topic, "same"))
    parts.append(
        f'<rect class="interval" x="{x(at.low):.1f}" y="{_TOP}" width="{max(x(at.high) - x(at.low), 1):.1f}" '
        f'height="{HEIGHT - _TOP - _BOTTOM}"/>'
        f'<line class="level" x1="{x(at.score):.1f}" x2="{x(at.score):.1f}" y1="{_TOP - 8}" y2="{y(0):.1f}"/>'
        f'<text class="mark" x="{_inside(x(at.score)):.1f}" y="{_TOP - 12}">similar from {at.score:.2f}</text>'
    )
    parts.append(f'<line class="axis" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y(0):.1f}" y2="{y(0):.1f}"/>')
    for tick in range(-10, 11, 2):
        if first <= (tick / 10 + 1) / 2 * total <= last:
            parts.append(f'<text class="tick" x="{x(tick / 10):.1f}" y="{HEIGHT - 8}">{tick / 10:.1f}</text>')
    label = escape(f"{name}: similarities of unrelated pairs and of pairs of one topic; similar from {at.score:.2f}")
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def _inside(place: float) -> float:
    """Return where a mark of some 100 units fits."""
    return min(max(place, 55.0), WIDTH - 55.0)


def _kinds(shown: SimilarityRange) -> list[PairScores]:
    return [kind for kind in (shown.unrelated, shown.same_topic) if kind is not None]


def _shares(kind: PairScores, bins: Bounds) -> list[float]:
    return [count / max(kind.pairs, 1) for count in kind.histogram[slice(*bins)]]
