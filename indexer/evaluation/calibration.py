"""Thresholds that keep a wanted precision, learnt from labelled texts and judged on unseen ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, inf, sqrt
from typing import Literal, cast

import numpy as np
import numpy.typing as npt

from indexer.contract.evaluations import Calibration, Trial
from indexer.errors import InvalidRequest
from indexer.evaluation.criteria import CRITERIA, Answers, Bools, Floats, Ints, Limits, fit
from indexer.evaluation.intervals import share
from indexer.evaluation.metrics import NO_TOPIC
from indexer.vectors import top_two

MIN_ROWS = 30
# A precision that rests on fewer answers than this is luck: 20 right of 20 still leave 0.84 possible.
MIN_ANSWERED = 20
# Five rows move a topic's threshold about a fifth of the way to where they alone would put it; fewer are
# noise.
MIN_TOPIC_ROWS = 5
# A fit aims higher than asked, by these shares of the way to 1, until the rows it did not see keep what was
# asked.
_HIGHER = np.linspace(0.0, 0.8, 17)
# Message lists name this many topics.
_NAMED = 5


def calibrate(
    scores: npt.NDArray[np.float32],
    truth: Ints,
    topics: Sequence[str],
    *,
    precision: float = 0.9,
    folds: int = 5,
    seed: int = 42,
    min_topic_rows: int = MIN_TOPIC_ROWS,
) -> Calibration:
    """Find the thresholds that answer most texts while `precision` of the answers are right.

    `scores` (n, t) are the labelled texts' cosines with the topics, `truth` (n,) the column of each one's own
    topic, -1 where it has none. Precision is right / answered over all rows, and an answer to a row of no
    topic is wrong; so the rows should come as texts will come, those of no topic in their usual share.

    Each criterion is fitted on all folds but one and judged on the one left out, all of them pooled. The aim
    of the fit rises until the pooled rows keep `precision`; the criterion that answers most of them wins, the
    simpler where the lead may be chance. "topics" shifts a topic's threshold by its coefficient in a ridge
    logistic regression of right or wrong on score and topic: topics with few rows stay near the common
    threshold, and one that is nearest to fewer than `min_topic_rows` rows keeps it. What is reported comes
    from the pooled rows; since they also chose among the fits, new texts come out lower, by about 0.05 with
    60 rows, 0.02 with 150 and 0.01 with 500 or more.

    Raises InvalidRequest where there are too few rows, rows of one kind only, or the precision is out of
    reach.
    """
    fewest = _fewest_answers(truth, topics, precision, folds)
    best, score, margin = top_two(scores)
    answers = Answers(best, score, margin, best == truth)
    in_scope = truth != NO_TOPIC
    if answers.right.mean() >= precision:
        limits = Limits(-inf, np.full(len(topics), -inf), -inf)
        found = {"all": (limits, np.ones(len(truth), dtype=np.bool_))}
    else:
        own = np.bincount(best, minlength=len(topics)) >= min_topic_rows
        fold = _folds(np.where(in_scope, answers.right, 2), folds, seed)
        found = _search(answers, own, fold, precision, fewest)
    criterion = _choose({name: answered for name, (_, answered) in found.items()})
    limits, given = found[criterion]
    tried = {name: _trial(answered, answers.right, in_scope) for name, (_, answered) in found.items()}
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


def _folds(kinds: npt.NDArray[np.int_], folds: int, seed: int) -> Ints:
    """Return a fold for each row, shape (n,), with each kind of row dealt out evenly."""
    shuffled = np.lexsort((np.random.default_rng(seed).random(len(kinds)), kinds))
    fold = np.empty(len(kinds), dtype=np.intp)
    fold[shuffled] = np.arange(len(kinds)) % folds
    return fold


def _search(answers: Answers, own: Bools, fold: Ints, precision: float, fewest: int) -> dict[str, tuple[Limits, Bools]]:
    """Return the limits of each criterion that keeps `precision`, and which rows they answered unseen."""
    n, base = len(fold), float(answers.right.mean())
    # The aims below what is asked tell, where it cannot be kept, what can.
    aims = np.append(np.linspace(base, precision, 10, endpoint=False), precision + (1 - precision) * _HIGHER)
    found: dict[str, tuple[Limits, Bools]] = {}
    nearly = [(base, n)]
    # With one topic there is no margin, and no topic to set apart.
    for criterion in CRITERIA if len(own) > 1 else CRITERIA[:1]:
        given = _unseen(criterion, answers, own, fold, aims, fewest)
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


def _unseen(criterion: str, answers: Answers, own: Bools, fold: Ints, aims: Floats, fewest: int) -> Bools:
    """Return which rows the fits on the other folds answer, shape (aims, n)."""
    given = np.zeros((len(aims), len(fold)), dtype=np.bool_)
    for part in np.unique(fold):
        seen = fold != part
        in_seen = int(fewest * seen.mean())
        for level, limits in enumerate(fit(criterion, answers.take(seen), own, aims, in_seen)):
            if limits is not None:
                given[level, ~seen] = limits.accept(answers.take(~seen))
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


def _trial(given: Bools, right: Bools, in_scope: Bools) -> Trial:
    return Trial(
        precision=share(right[given]),
        coverage=share(given),
        precision_in_scope=share(right[given & in_scope]),
        coverage_in_scope=share(given[in_scope]),
        none_recall=share(~given[~in_scope]),
    )


def _messages(
    criterion: str,
    trial: Trial,
    precision: float,
    support: Ints,
    given: Bools,
    truth: Ints,
    topics: Sequence[str],
) -> Iterator[str]:
    """Yield what the person who labelled the rows should know."""
    if criterion == "all":
        yield f"answering every row already reaches precision {precision:g}, so no threshold is set"
    if trial.precision.low is not None and trial.precision.low < precision - 0.03:
        yield (
            f"{trial.precision.n} unseen rows were answered, so the precision may be as low as "
            f"{trial.precision.low:.2f} (95 %); more labelled rows would narrow this"
        )
    if trial.none_recall.n == 0:
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
