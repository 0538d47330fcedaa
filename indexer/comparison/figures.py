"""The figures of one model, from the vectors that it gave: arithmetic that is the same for every model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from indexer.clusters.kmeans import kmeans
from indexer.comparison.measuring import Measured
from indexer.comparison.sample import NEIGHBOURS, Sample
from indexer.contract.comparisons import Accuracy, ModelFigures
from indexer.errors import InvalidRequest
from indexer.evaluation.intervals import auroc, share
from indexer.evaluation.partitions import VMeasure, v_measure
from indexer.evaluation.ranges import similarity_range
from indexer.evaluation.reading import Reading, centred, read
from indexer.progress import Progress, scaled
from indexer.prototypes import Prototypes
from indexer.topics.adaptation import REASONS, adapt, label_prototypes
from indexer.vectors import Bools, Ints, best_first

# What the store has of a word beside its vector, once in the index and once in the snapshot: links, text, id, rows of
# SQLite. Measured on 181,394 titles of 384 dimensions: 546 MB of store and 285 MB of snapshot.
STORED_BESIDE = 1_500
_BLOCK = 256  # texts whose nearest ones are looked for at a time


@dataclass(frozen=True)
class Answered:
    """What is kept of a model once its vectors are gone: the figures, and what pairs of models are compared by.

    `reading` is of label names alone, one row a row of the sample; `grown` (n,) says which rows are right after
    growing, where they are `there`; `neighbours` (asked, k) are the nearest texts. None where there are none.
    """

    figures: ModelFigures
    reading: Reading | None
    grown: Bools | None
    partition: VMeasure | None
    neighbours: Ints


def figures_of(name: str, measured: Measured, sample: Sample, progress: Progress) -> Answered:
    """Work out the figures of a model; those that are undefined on this sample are None."""
    vectors = measured.vectors
    reading, accuracy, grown = _answers(measured, sample, scaled(progress, 0.0, 0.6))
    partition = _partition(measured, sample, scaled(progress, 0.6, 0.8))
    range_ = similarity_range(vectors, sample.pairs, sample.seed)
    progress(0.9)
    neighbours = _neighbours(measured, sample, scaled(progress, 0.9, 1.0))
    strangers = reading is not None and bool((~sample.in_scope).any())
    dimension = vectors.shape[1]
    figures = ModelFigures(
        name=name,
        dimension=dimension,
        bytes_per_word=4 * dimension,
        stored_bytes_per_word=2 * 4 * dimension + STORED_BESIDE,
        texts_per_second=measured.texts_per_second,
        milliseconds=measured.milliseconds,
        timed=measured.timed,
        truncated=measured.truncated,
        accuracy=accuracy,
        none_auroc=auroc(reading.score, sample.in_scope) if reading is not None and strangers else None,
        v_measure=None if partition is None else partition.rate(),
        range=range_,
    )
    return Answered(figures, reading, grown, partition, neighbours)


def _answers(
    measured: Measured, sample: Sample, progress: Progress
) -> tuple[Reading | None, Accuracy | None, Bools | None]:
    """Return the reading by label names alone, the accuracies, and which rows are right after growing."""
    if not sample.topics:
        return None, None, None
    vectors, truth, known = measured.vectors[sample.rows], sample.truth, sample.in_scope
    scores = Prototypes(sample.topics, label_prototypes(measured.topics)).scores(vectors)
    reading = read(scores, truth)
    if len(sample.topics) == 1:
        return reading, None, None  # every answer is right
    growth = adapt(vectors[~sample.there], measured.topics, seed=sample.seed, progress=progress)
    grown = read(growth.prototypes.scores(vectors), truth).right
    asked = sample.there & known
    stayed = None if "grown" in growth.reasons else REASONS[growth.reasons[0]]
    accuracy = Accuracy(
        labels=share(reading.right[known]),
        centred=share(read(centred(scores), truth).right[known]),
        grown=share(grown[asked]),
        labels_there=share(reading.right[asked]),
        growing=stayed,
    )
    return reading, accuracy, grown


def _partition(measured: Measured, sample: Sample, progress: Progress) -> VMeasure | None:
    """Return how well as many clusters as there are labels fit these; None where so many cannot be made."""
    known = sample.in_scope
    if len(sample.topics) < 2:
        return None
    try:
        found = kmeans(measured.vectors[sample.rows[known]], len(sample.topics), seed=sample.seed, progress=progress)
    except InvalidRequest:  # fewer different vectors than labels
        return None
    return v_measure(sample.truth[known], found.labels.astype(np.intp), sample.seed)


def _neighbours(measured: Measured, sample: Sample, progress: Progress) -> Ints:
    """Return the positions (asked, k) of the texts nearest to those that are asked, without these themselves."""
    vectors, asked = measured.vectors, sample.asked
    k = min(NEIGHBOURS, (len(vectors) - 1) // 2)  # any two models name the same of all the others
    found = [np.empty((0, k), np.intp)]
    for first in range(0, len(asked) if k else 0, _BLOCK):
        rows = asked[first : first + _BLOCK]
        scores = vectors[rows] @ vectors.T
        scores[np.arange(len(rows)), rows] = -np.inf
        found.append(best_first(scores, k))
        progress(first / len(asked))
    return np.concatenate(found)
