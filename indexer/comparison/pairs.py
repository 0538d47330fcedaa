"""What pairs of models make of the same texts: agreement, differences of their figures, and where they disagree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from indexer.comparison.figures import Answered
from indexer.comparison.sample import Sample
from indexer.contract.comparisons import MOST_SHOWN, Agreement, Difference, Disagreement, ModelAnswer
from indexer.evaluation.intervals import share, wilson
from indexer.evaluation.paired import bootstrap, delong, mcnemar
from indexer.evaluation.reading import Reading, saying
from indexer.vectors import Floats, Ints

_CHARACTERS = 300  # of a text in an answer


def agreements(models: Sequence[Answered]) -> list[Agreement]:
    """Return how far each two models agree."""
    return [
        Agreement(
            models=(a.figures.name, b.figures.name),
            answers=None
            if a.reading is None or b.reading is None or a.figures.accuracy is None
            else share(a.reading.best == b.reading.best),
            neighbours=wilson(*_shared(a.neighbours, b.neighbours)),
        )
        for a, b in combinations(models, 2)
    ]


def differences(models: Sequence[Answered], sample: Sample) -> list[Difference]:
    """Return the differences of each two models in each figure that is defined for both."""
    return [difference for a, b in combinations(models, 2) for difference in _between(a, b, sample)]


def disagreements(models: Sequence[Answered], sample: Sample) -> tuple[int, list[Disagreement]]:
    """Return how many texts of a topic are answered differently, and the most telling; of one model, wrongly.

    Most telling first: those of which one model is right and another wrong, then those where two answers are surest.
    """
    readings = [(m.figures.name, m.reading) for m in models if m.reading is not None and m.figures.accuracy is not None]
    if not readings:
        return 0, []
    best = np.array([reading.best for _, reading in readings])
    right = np.array([reading.right for _, reading in readings])
    differing = (best != best[0]).any(axis=0) if len(readings) > 1 else ~right[0]
    rows = sample.first_rows
    rows = rows[(differing & sample.in_scope)[rows]]
    split = right[:, rows].any(axis=0) & ~right[:, rows].all(axis=0)
    order = np.lexsort((-_sureness(best, [r for _, r in readings])[rows], ~split))
    return len(rows), [_disagreement(int(row), readings, sample) for row in rows[order[:MOST_SHOWN]]]


def _between(a: Answered, b: Answered, sample: Sample) -> Iterator[Difference]:
    names, known = (a.figures.name, b.figures.name), sample.in_scope
    asked = known & sample.there
    if a.reading is not None and b.reading is not None:
        if a.figures.accuracy is not None and b.figures.accuracy is not None:
            yield mcnemar(names, "accuracy.labels", a.reading.right[known], b.reading.right[known])
        if a.grown is not None and b.grown is not None and asked.any():
            yield mcnemar(names, "accuracy.grown", a.grown[asked], b.grown[asked])
        if a.figures.none_auroc is not None and b.figures.none_auroc is not None:
            yield delong(names, "none_auroc", a.reading.score, b.reading.score, known)
    if a.partition is not None and b.partition is not None:
        yield bootstrap(names, "v_measure", a.partition, b.partition)


def _shared(first: Ints, second: Ints) -> tuple[float, int]:
    """Return the sum of the shares of nearest texts (n, k) that both have, and n."""
    if not first.size:
        return 0.0, 0
    both = [len(np.intersect1d(a, b)) for a, b in zip(first, second, strict=True)]
    return sum(both) / first.shape[1], len(both)


def _sureness(best: Ints, readings: Sequence[Reading]) -> Floats:
    """Return how sure the second surest of the different answers to each row is, (n,); of one model, how sure it is."""
    sureness = np.array([reading.sureness for reading in readings])
    if len(readings) == 1:
        return np.asarray(sureness[0], dtype=np.float64)
    surest = sureness.argmax(axis=0)
    other = best != np.take_along_axis(best, surest[None], axis=0)
    return np.asarray(np.where(other, sureness, 0.0).max(axis=0), dtype=np.float64)


def _disagreement(row: int, readings: Sequence[tuple[str, Reading]], sample: Sample) -> Disagreement:
    text = sample.texts[sample.rows[row]]
    text = text if len(text) <= _CHARACTERS else f"{text[:_CHARACTERS]}…"
    answers = []
    for name, reading in readings:
        topic, right, margin = sample.topics[reading.best[row]], bool(reading.right[row]), float(reading.margin[row])
        says = saying(text, topic, wrong=not right)
        answers.append(ModelAnswer(model=name, topic=topic, margin=margin, right=right, says=says))
    return Disagreement(text=text, label=sample.topics[sample.truth[row]], answers=answers)
