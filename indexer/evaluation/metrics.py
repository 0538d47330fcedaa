"""How right the answers are: what labelled texts say about the topics, each figure with its interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from indexer.contract.evaluations import Confusion, CurvePoint, Evaluation, Rate, TopicFigures, Trial
from indexer.contract.topics import Thresholds
from indexer.evaluation.intervals import UNDEFINED, auroc, share, wilson
from indexer.evaluation.thresholds import decide
from indexer.vectors import Bools, Floats, Ints, Vectors

NO_TOPIC = -1  # the column of a row that belongs to no topic
_CURVE_POINTS = 100
_CONFUSIONS = 20
_EXAMPLES = 3
_RESAMPLES = 1000


def evaluate(
    scores: Vectors, truth: Ints, topics: Sequence[str], texts: Sequence[str], *, thresholds: Thresholds, seed: int = 42
) -> Evaluation:
    """Measure the answers that scores (n, t) give to n labelled texts.

    `truth` (n,) holds each row's topic as a column of `scores`, NO_TOPIC where it belongs to none. Accuracy and macro
    F1 are of the nearest topic, thresholds aside, over the rows that have a topic. All else is what a caller gets at
    `thresholds`, as `trial` counts it; `auroc` is how well the score tells the rows of a topic from the others (0.5:
    not at all). The curves take each threshold alone, over all rows.

    Intervals are of 95 %: Wilson's for shares, DeLong's for AUROC, and for macro F1 the percentiles of 1,000 seeded
    bootstrap samples drawn within each topic. They hold for other texts like these, not for other kinds.
    """
    decision = decide(scores, thresholds, topics)
    best, accepted = decision.best, decision.accepted
    in_scope = truth != NO_TOPIC
    right = best == truth
    curves = {"score": _curve(decision.score, right, in_scope)}
    if len(topics) > 1:
        curves["margin"] = _curve(decision.margin, right, in_scope)
    return Evaluation(
        **dict(trial(accepted, right, in_scope)),
        rows=len(truth),
        no_topic_rows=int((~in_scope).sum()),
        thresholds=thresholds,
        accuracy=share(right[in_scope]),
        macro_f1=_macro_f1(truth[in_scope], best[in_scope], len(topics), seed),
        auroc=auroc(decision.score, in_scope),
        none_precision=share(~in_scope[~accepted]),
        curves=curves,
        topics=_by_topic(best[accepted], truth, right & accepted, topics),
        confusions=_confusions(np.flatnonzero(accepted & ~right), best, truth, topics, texts),
    )


def trial(answered: Bools, right: Bools, in_scope: Bools) -> Trial:
    """Return what thresholds give on n rows, from masks (n,): coverage is answered / rows, precision right / answered.

    An answer to a row of no topic is wrong; `..._in_scope` leaves such rows out, and `none_recall` is the share of them
    that is not answered.
    """
    return Trial(
        precision=share(right[answered]),
        coverage=share(answered),
        precision_in_scope=share(right[answered & in_scope]),
        coverage_in_scope=share(answered[in_scope]),
        none_recall=share(~answered[~in_scope]),
    )


def _curve(key: Floats, right: Bools, in_scope: Bools) -> list[CurvePoint]:
    """Return the points at 1, 2 ... 100 % coverage; rows that tie at a threshold are all answered."""
    if not len(key):
        return []
    order = np.argsort(-key, kind="stable")
    ordered, hits, strangers = key[order], np.cumsum(right[order]), np.cumsum(~in_scope[order])
    none = int(strangers[-1])
    wanted = np.ceil(np.arange(1, _CURVE_POINTS + 1) / _CURVE_POINTS * len(key) - 1e-9).astype(np.intp)
    answered = np.unique(np.searchsorted(-ordered, -ordered[wanted - 1], side="right"))
    return [
        CurvePoint(
            threshold=float(ordered[n - 1]),
            coverage=n / len(key),
            precision=wilson(int(hits[n - 1]), n),
            none_recall=wilson(none - int(strangers[n - 1]), none),
        )
        for n in answered.tolist()
    ]


def _by_topic(given: Ints, truth: Ints, right: Bools, topics: Sequence[str]) -> list[TopicFigures]:
    t = len(topics)
    answers = np.bincount(given, minlength=t)
    support = np.bincount(truth[truth != NO_TOPIC], minlength=t)
    hits = np.bincount(truth[right], minlength=t)
    return [
        TopicFigures(topic=topic, support=n, precision=wilson(hit, answered), recall=wilson(hit, n))
        for topic, n, hit, answered in zip(topics, support.tolist(), hits.tolist(), answers.tolist(), strict=True)
    ]


def _confusions(wrong: Ints, best: Ints, truth: Ints, topics: Sequence[str], texts: Sequence[str]) -> list[Confusion]:
    """Return the commonest wrong answers; the examples are the first texts that got them."""
    rows: dict[tuple[int, int], list[int]] = {}
    for row in wrong:
        rows.setdefault((int(truth[row]), int(best[row])), []).append(int(row))
    worst = sorted(rows.items(), key=lambda item: (-len(item[1]), item[0]))[:_CONFUSIONS]
    return [
        Confusion(
            truth=None if true == NO_TOPIC else topics[true],
            given=topics[given],
            count=len(found),
            examples=list(dict.fromkeys(texts[row] for row in found))[:_EXAMPLES],
        )
        for (true, given), found in worst
    ]


def _macro_f1(truth: Ints, best: Ints, t: int, seed: int) -> Rate:
    """Return the mean F1 over the topics that have rows, with its bootstrap interval.

    Samples are drawn within each topic, so that every one of them has the same topics to average over.
    """
    if not len(truth):
        return UNDEFINED
    order = np.argsort(truth, kind="stable")
    truth, best = truth[order], best[order]
    support = np.bincount(truth, minlength=t)
    present = support > 0

    def mean_f1(given: Ints) -> float:
        hits = np.bincount(truth[given == truth], minlength=t)
        return float((2 * hits / np.maximum(support + np.bincount(given, minlength=t), 1))[present].mean())

    first = (np.cumsum(support) - support)[truth]
    size = support[truth]
    rng = np.random.default_rng(seed)
    samples = [mean_f1(best[first + (rng.random(len(truth)) * size).astype(np.intp)]) for _ in range(_RESAMPLES)]
    value = mean_f1(best)
    low, high = np.quantile(samples, (0.025, 0.975))
    # In small samples the bootstrap can lie to one side of the figure itself; an interval must hold it.
    return Rate(value=value, low=min(float(low), value), high=max(float(high), value), n=len(truth))
