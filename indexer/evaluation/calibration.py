"""Thresholds that keep a wanted precision, learnt from labelled texts and judged on unseen ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, inf, sqrt
from typing import Literal, cast

import numpy as np

from indexer.contract.evaluations import Calibration, Trial
from indexer.errors import InvalidRequest
from indexer.evaluation.criteria import CRITERIA, Answers, Limits, fit
from indexer.evaluation.metrics import NO_TOPIC, trial
from indexer.vectors import Bools, Floats, Ints, Vectors, top_two

MIN_ROWS = 30
MIN_ANSWERED = 20  # a precision of fewer answers than this is luck: 20 right of 20 still leave 0.84 possible
MIN_TOPIC_ROWS = 5  # move a topic's threshold a fifth of the way to where they alone would put it; fewer are noise
_HIGHER = np.linspace(0.0, 0.8, 17)  # shares of the way from the precision asked to 1: a fit must aim higher than asked
_NAMED = 5  # topics in one message

Splits = list[tuple[Ints, Ints]]


def calibrate(
    scores: Vectors, truth: Ints, topics: Sequence[str], *, precision: float = 0.9, folds: int = 5, seed: int = 42
) -> Calibration:
    """Find the thresholds that answer most texts while `precision` of the answers are right.

    `scores` (n, t) are the labelled texts' cosines with the topics, `truth` (n,) the column of each one's own topic,
    NO_TOPIC where it has none. Precision is right / answered over all rows, and an answer to a row of no topic is
    wrong; so the rows should come as texts will come, those of no topic in their usual share.

    Each criterion is fitted on all folds but one and judged on the one left out; these unseen rows are pooled. The fit
    aims higher and higher until the pooled rows keep `precision`. The criterion that answers most of them wins, the
    simpler one where the lead may be chance. "topics" shifts a topic's threshold by its coefficient in a ridge logistic
    regression of right or wrong on score and topic: topics with few rows stay near the common threshold, and one that
    is nearest to fewer than MIN_TOPIC_ROWS rows keeps it. The figures reported come from the pooled rows. Since these
    also chose among the fits, new texts come out lower, by about 0.05 with 60 rows, 0.02 with 150, 0.01 from 500 on.

    Raises InvalidRequest where there are too few rows, rows of one kind only, or the precision is out of reach.
    """
    fewest = _fewest_answers(truth, topics, precision, folds)
    best, score, margin = top_two(scores)
    answers = Answers(best, score, margin, best == truth)
    in_scope = truth != NO_TOPIC
    if answers.right.mean() >= precision:
        limits = Limits(-inf, np.full(len(topics), -inf), -inf)
        found = {"all": (limits, np.ones(len(truth), dtype=np.bool_))}
    else:
        own = np.bincount(best, minlength=len(topics)) >= MIN_TOPIC_ROWS
        splits = _splits(np.where(in_scope, answers.right, 2), folds, seed)
        found = _search(answers, own, splits, precision, fewest)
    criterion = _choose({name: answered for name, (_, answered) in found.items()})
    limits, given = found[criterion]
    tried = {name: trial(answered, answers.right, in_scope) for name, (_, answered) in found.items()}
    support = np.bincount(truth[in_scope], minlength=len(topics))
    return Calibration(
        asked=precision,
        criterion=cast(Literal["all", "score", "margin", "both", "topics"], criterion),
        thresholds=limits.named(topics),
        measured=tried[criterion],
        rows=len(truth),
        no_topic_rows=int((~in_scope).sum()),
        topic_rows={topic: int(n) for topic, n in zip(topics, support, strict=True)},
        tried=tried,
        messages=list(_messages(criterion, tried[criterion], precision, support, given, truth, topics)),
    )


def _fewest_answers(truth: Ints, topics: Sequence[str], precision: float, folds: int) -> int:
    """Return how many answers a precision must rest on; refuse rows that cannot teach a threshold."""
    if not 0 < precision < 1:
        raise InvalidRequest(f"precision is {precision:g}; give a number between 0 and 1, such as 0.9")
    # So many answers that one of them may be wrong.
    fewest = max(MIN_ANSWERED, ceil(1 / (1 - precision) - 1e-9))
    needed = max(MIN_ROWS, fewest)
    present = np.unique(truth)
    if not (present != NO_TOPIC).any():
        raise InvalidRequest(
            f"none of the {len(truth)} labelled rows belongs to one of the {len(topics)} topics; "
            "label rows with the topics' names"
        )
    if len(truth) < needed:
        raise InvalidRequest(
            f"not enough data: {len(truth)} labelled rows, precision {precision:g} needs {needed}; label more"
        )
    if len(present) == 1:
        raise InvalidRequest(
            f'all {len(truth)} labelled rows belong to "{topics[present[0]]}"; add rows of other topics'
        )
    if not 2 <= folds <= MIN_ROWS:
        raise InvalidRequest(f"folds is {folds}; give a number from 2 to {MIN_ROWS}, such as 5")
    return fewest


def _splits(kinds: Ints, folds: int, seed: int) -> Splits:
    """Return the positions of the rows that each fit sees and of those it is judged on; folds share each kind evenly.

    Kinds with fewer rows than folds are counted as the commonest kind, because not every fold can have one of them.
    """
    from sklearn.model_selection import StratifiedKFold  # here: it takes as long to load as all else

    counts = np.bincount(kinds)
    kinds = np.where(counts[kinds] < folds, counts.argmax(), kinds)
    return list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(kinds, kinds))


def _search(
    answers: Answers, own: Bools, splits: Splits, precision: float, fewest: int
) -> dict[str, tuple[Limits, Bools]]:
    """Return the limits of each criterion that keeps `precision`, and which rows they answered unseen."""
    n, base = len(answers.right), float(answers.right.mean())
    # The aims below what is asked tell, where it cannot be kept, what can.
    aims = np.append(np.linspace(base, precision, 10, endpoint=False), precision + (1 - precision) * _HIGHER)
    found: dict[str, tuple[Limits, Bools]] = {}
    nearly = [(base, n)]
    # With one topic there is no margin, and no topic to set apart.
    for criterion in CRITERIA if len(own) > 1 else CRITERIA[:1]:
        given = _unseen(criterion, answers, own, splits, aims, fewest)
        counts = given.sum(axis=1)
        rates = (given & answers.right).sum(axis=1) / np.maximum(counts, 1)
        enough = counts >= fewest
        nearly += [(float(r), int(c)) for r, c in zip(rates[enough], counts[enough], strict=True) if r < precision]
        keeps = enough & (aims >= precision) & (rates >= precision)
        level = int(np.where(keeps, counts, -1).argmax())
        if keeps[level] and (limits := fit(criterion, answers, own, aims[[level]], fewest)[0]) is not None:
            found[criterion] = (limits, given[level])
    if not found:
        best, count = max(nearly)
        raise InvalidRequest(
            f"precision {precision:g} is out of reach: on rows that the fit did not see, the best was "
            f"{best:.2f} with {count} of {n} rows answered; ask for less, or describe the topics better"
        )
    return found


def _unseen(criterion: str, answers: Answers, own: Bools, splits: Splits, aims: Floats, fewest: int) -> Bools:
    """Return which rows the fits on the other folds answer, shape (aims, n)."""
    n = len(answers.right)
    given = np.zeros((len(aims), n), dtype=np.bool_)
    for seen, unseen in splits:
        least = int(fewest * len(seen) / n)
        for level, limits in enumerate(fit(criterion, answers.take(seen), own, aims, least)):
            if limits is not None:
                given[level, unseen] = limits.accept(answers.take(unseen))
    return given


def _choose(given: dict[str, Bools]) -> str:
    """Return the criterion that answers most rows; each must beat a simpler one by more than chance.

    Chance is two standard errors of the difference on the same rows (McNemar, Psychometrika 12, 1947).
    """
    chosen = next(iter(given))
    for name in given:
        gained = int((given[name] & ~given[chosen]).sum())
        lost = int((given[chosen] & ~given[name]).sum())
        if gained - lost > 2 * sqrt(gained + lost):
            chosen = name
    return chosen


def _messages(
    criterion: str, measured: Trial, asked: float, support: Ints, given: Bools, truth: Ints, topics: Sequence[str]
) -> Iterator[str]:
    """Yield what the person who labelled the rows should know."""
    if criterion == "all":
        yield f"answering every row already reaches precision {asked:g}, so no threshold is set"
    if measured.precision.low is not None and measured.precision.low < asked - 0.03:
        yield (
            f"{measured.precision.n} unseen rows were answered, so the precision may be as low as "
            f"{measured.precision.low:.2f} (95 %); more labelled rows would narrow this"
        )
    if measured.none_recall.n == 0:
        yield "no labelled row belongs to no topic, so how such texts are refused was not measured"
    without = [topics[t] for t in np.flatnonzero(support == 0).tolist()]
    if without:
        yield f"{len(without)} of {len(topics)} topics have no labelled row: {_some(without)}"
    answered = np.bincount(truth[given & (truth != NO_TOPIC)], minlength=len(topics))
    silent = [topics[t] for t in np.flatnonzero((support >= MIN_TOPIC_ROWS) & (answered == 0)).tolist()]
    if silent:
        yield f"none of the rows of {len(silent)} topics is answered, describe them better: {_some(silent)}"


def _some(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
