"""The topics of all stored words at once: how many each topic has, which would move, the surest and the least sure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.blocks import blas_threads
from indexer.contract.topics import ClassifiedWord, Order, TopicMove, TopicSize
from indexer.evaluation.thresholds import Decision, decide
from indexer.topics.answering import InUse
from indexer.vectors import Floats, Ints, Vectors
from indexer.words.rows import View

_NONE = -1  # the position of no topic
_EXAMPLES = 20  # of the words that would move
_REFUSED = 10.0  # more than any two words differ in margin or score


@dataclass(frozen=True)
class Sizes:
    """The number of words of each topic, and of those that have `none`."""

    topics: list[TopicSize]
    none: int

    @property
    def words(self) -> int:
        """Return the number of all words."""
        return self.none + sum(size.words for size in self.topics)


@blas_threads.one()
def sizes(view: View, used: InUse) -> Sizes:
    """Return how many words are answered with each topic."""
    topics, _ = _joined(view.each_block(lambda _, vectors: _assigned(used, vectors)), 2)
    return _sizes(used, topics)


@blas_threads.one()
def moves(view: View, before: InUse, after: InUse) -> tuple[Sizes, int, list[TopicMove]]:
    """Return what would be if `after` answered and not `before`: the sizes, and how many words move, with examples."""
    each = view.each_block(lambda rows, vectors: (rows, *_assigned(before, vectors), *_assigned(after, vectors)))
    rows, old, _, new, sureness = _joined(each, 5)
    place = {name: position for position, name in enumerate(after.prototypes.names)}
    gone = len(place)
    placed = np.array([*(place.get(name, gone) for name in before.prototypes.names), _NONE])
    moved = np.flatnonzero(placed[old] != new)
    best = moved[_lowest(-sureness[moved], _EXAMPLES)]
    names, new_names = (*before.prototypes.names, None), (*after.prototypes.names, None)
    examples = [
        TopicMove(id=word.id, text=word.text, old=names[was], new=new_names[will])
        for word, was, will in zip(view.words(rows[best]), old[best].tolist(), new[best].tolist(), strict=True)
    ]
    return _sizes(after, new), len(moved), examples


@blas_threads.one()
def ordered(view: View, used: InUse, order: Order, topic: str | None, limit: int) -> list[ClassifiedWord]:
    """Return the `limit` words, or those of one topic, whose topics are the surest or the least sure, in that order."""
    names = used.prototypes.names
    if not names:
        nothing = {"topic": None, "score": None, "margin": None, "reason": "no_topics"}
        words = view.words(np.flatnonzero(view.alive)[:limit])
        return [ClassifiedWord(id=word.id, text=word.text, **nothing) for word in words]
    sign = -1 if order == "surest" else 1

    def first(rows: Ints, vectors: Vectors) -> tuple[npt.NDArray[Any], ...]:
        found = decide(used.prototypes.scores(vectors), used.thresholds, names)
        asked = np.full(len(rows), True) if topic is None else found.accepted & (found.best == names.index(topic))
        keys = np.where(asked, sign * _sureness(found), np.inf)
        few = _lowest(keys, min(limit, int(asked.sum())))
        return tuple(a[few] for a in (rows, keys, found.best, found.score, found.margin, found.accepted, found.reason))

    rows, keys, *columns = _joined(view.each_block(first), 7)
    best = _lowest(keys, limit)
    answers = Decision(*(column[best] for column in columns)).rows()
    return [
        ClassifiedWord(
            id=word.id,
            text=word.text,
            topic=names[nearest] if accepted else None,
            score=score,
            margin=margin,
            reason=reason,
        )
        for word, (nearest, score, margin, accepted, reason) in zip(view.words(rows[best]), answers, strict=True)
    ]


def _assigned(used: InUse, vectors: Vectors) -> tuple[Ints, Floats]:
    """Return the position of the topic that answers for each vector, _NONE where none does, and how sure it is."""
    if not used.prototypes.names:
        return np.full(len(vectors), _NONE), np.zeros(len(vectors))
    found = decide(used.prototypes.scores(vectors), used.thresholds, used.prototypes.names)
    return found.answered, _sureness(found)


def _sureness(found: Decision) -> Floats:
    """Return the margin of each answer, with a single topic its score; lower than all others where it is refused."""
    lead = np.where(np.isinf(found.margin), found.score, found.margin)
    return np.where(found.accepted, lead, lead - _REFUSED)


def _lowest(keys: Floats, k: int) -> Ints:
    """Return the positions of the k lowest keys, the lowest first, equal ones in their order; not all are sorted."""
    few = np.arange(len(keys))
    if 0 < k < len(keys):
        few = np.flatnonzero(keys <= np.partition(keys, k - 1)[k - 1])
    return few[np.argsort(keys[few], kind="stable")[:k]]


def _joined(blocks: Iterable[tuple[npt.NDArray[Any], ...]], n: int) -> list[npt.NDArray[Any]]:
    """Return the n arrays of the blocks, one behind the other; empty ones where there is no block."""
    return [np.concatenate(column) for column in zip(*blocks, strict=True)] or [np.empty(0, np.intp)] * n


def _sizes(used: InUse, topics: Ints) -> Sizes:
    none, *counts = np.bincount(topics + 1, minlength=len(used.prototypes) + 1).tolist()
    return Sizes([TopicSize(topic=t, words=n) for t, n in zip(used.prototypes.names, counts, strict=True)], none)
