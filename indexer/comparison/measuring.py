"""One model on the texts of a comparison: loaded, timed, and asked for the vectors of all of them once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from indexer.comparison.sample import TIMED, Sample
from indexer.embedders import Embedder
from indexer.progress import Progress
from indexer.topics.adaptation import TopicVectors
from indexer.topics.texts import in_sentences
from indexer.vectors import Vectors

BLOCK = 1_024  # texts between two calls of progress


@dataclass(frozen=True)
class Priced:
    """The tokens of a text in the mean, US dollars for a million such texts, and the day of that price."""

    tokens: float | None
    usd: float | None
    dated: str | None


@dataclass(frozen=True)
class Candidate:
    """A model that takes part: its name in answers, what loads it, and what says the price of texts."""

    name: str
    load: Callable[[], Embedder]
    price: Callable[[Sequence[str]], Priced]


@dataclass(frozen=True)
class Measured:
    """What a model gives: vectors of the texts (m, d), of the topics, and how long that took."""

    vectors: Vectors
    topics: list[TopicVectors]
    texts_per_second: float
    milliseconds: float
    timed: int
    truncated: int


def measure(embedder: Embedder, sample: Sample, progress: Progress) -> Measured:
    """Embed the texts and the topics of a sample; `progress` ends the work by raising.

    The single texts come first, so that what a paid model is asked for is in the cache before all texts are.
    """
    embedder.embed(["dimension"])  # the first call of a model takes longer
    rng = np.random.default_rng(sample.seed)
    singles = rng.permutation(len(sample.texts))[:TIMED]
    seconds = []
    for i in singles:
        begin = time.perf_counter()
        embedder.embed([sample.texts[i]])
        seconds.append(time.perf_counter() - begin)
    begin, blocks = time.perf_counter(), []
    for first in range(0, len(sample.texts), BLOCK):
        progress(first / len(sample.texts))
        blocks.append(embedder.embed(sample.texts[first : first + BLOCK]))
    taken = max(time.perf_counter() - begin, 1e-9)
    truncated = sum(embedder.truncated(sample.texts))
    vectors = np.vstack(blocks)
    topics = _topics(embedder, sample.topics)
    progress(1.0)
    return Measured(vectors, topics, len(vectors) / taken, 1000 * float(np.median(seconds)), len(seconds), truncated)


def _topics(embedder: Embedder, names: Sequence[str]) -> list[TopicVectors]:
    """Return the vectors of topics that have a name alone."""
    if not names:
        return []
    rows = embedder.embed(names)
    bare = [TopicVectors(row, None, rows[:0]) for row in rows]
    return in_sentences(bare, names, embedder.embed)
