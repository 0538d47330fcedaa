"""The reading of a matrix of scores: which topic each text has, how surely, and how one says so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from indexer.evaluation.metrics import NO_TOPIC
from indexer.vectors import Bools, Floats, Ints, Vectors, top_two

_VOWELS = "aeiou"
_WORDS = 3  # of a name: longer texts are sentences of their own


@dataclass(frozen=True)
class Reading:
    """What n scores (n, t) say: the best topic (n,), its lead, and whether that is the text's own topic.

    `sureness` (n,) is the share of the texts that have no larger lead: leads of two models cannot be compared, these
    can.
    """

    best: Ints
    score: Floats
    margin: Floats
    sureness: Floats
    right: Bools


def read(scores: Vectors, truth: Ints) -> Reading:
    """Return the reading of scores (n, t); `truth` (n,) is each text's topic, NO_TOPIC where it has none."""
    best, score, margin = top_two(scores)
    sureness = scipy.stats.rankdata(margin, method="max") / max(len(margin), 1)
    return Reading(best, score, margin, sureness, (best == truth) & (truth != NO_TOPIC))


def centred(scores: Vectors) -> Vectors:
    """Return scores (n, t) less the mean of each topic: a topic that is near to everything no longer wins by that."""
    return np.asarray(scores - scores.mean(axis=0, keepdims=True), dtype=scores.dtype)


def saying(text: str, topic: str, *, wrong: bool) -> str:
    """Return what an answer says, "Jamaica is a country", of a longer text with a colon; "(!)" marks a wrong one."""
    mark = " (!)" if wrong else ""
    if len(text.split()) > _WORDS:
        return f"{text}: {topic}{mark}"
    name = topic.lower() if topic.istitle() else topic
    article = "an" if name[:1].lower() in _VOWELS else "a"
    return f"{text} is {article} {name}{mark}"
