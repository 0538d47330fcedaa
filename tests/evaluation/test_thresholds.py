"""A threshold that is reached is enough; what is refused says why."""

import numpy as np
import pytest

from indexer.evaluation.thresholds import AMBIGUOUS, BELOW_THRESHOLD, MATCHED, Thresholds, decide

TOPICS = ["Fruit", "Country"]
SCORES = np.array([[0.75, 0.25], [0.5, 0.375], [0.125, 0.25], [0.5, 0.25]], dtype=np.float32)


@pytest.mark.parametrize(
    ("thresholds", "reasons"),
    [
        (Thresholds(), [MATCHED, MATCHED, MATCHED, MATCHED]),
        (Thresholds(score=0.5), [MATCHED, MATCHED, BELOW_THRESHOLD, MATCHED]),
        (Thresholds(margin=0.25), [MATCHED, AMBIGUOUS, AMBIGUOUS, MATCHED]),
        (Thresholds(score=0.5, margin=0.5), [MATCHED, AMBIGUOUS, BELOW_THRESHOLD, AMBIGUOUS]),
        (Thresholds(score=0.5, topics={"Country": 0.2}), [MATCHED, MATCHED, MATCHED, MATCHED]),
        (Thresholds(topics={"Fruit": 0.6}), [MATCHED, BELOW_THRESHOLD, MATCHED, BELOW_THRESHOLD]),
        (Thresholds(topics={"Gone": 0.9}), [MATCHED, MATCHED, MATCHED, MATCHED]),
    ],
)
def test_an_answer_is_given_where_score_and_margin_reach_their_thresholds(thresholds, reasons):
    decision = decide(SCORES, thresholds, TOPICS)
    assert decision.reason.tolist() == reasons
    assert decision.accepted.tolist() == [reason == MATCHED for reason in reasons]
    assert decision.best.tolist() == [0, 0, 1, 0]
    assert decision.margin.tolist() == [0.5, 0.125, 0.125, 0.25]


def test_a_single_topic_is_never_ambiguous():
    decision = decide(SCORES[:, :1], Thresholds(score=0.2, margin=0.1), TOPICS[:1])
    assert decision.accepted.tolist() == [True, True, False, True]


def test_a_row_holds_what_an_answer_needs():
    rows = decide(SCORES[:2], Thresholds(score=0.6), TOPICS).rows()
    assert list(rows) == [(0, 0.75, 0.5, True, MATCHED), (0, 0.5, 0.125, False, BELOW_THRESHOLD)]
    assert [margin for _, _, margin, _, _ in decide(SCORES[:2, :1], Thresholds(), TOPICS[:1]).rows()] == [None, None]


def test_no_rows_give_no_answers():
    assert decide(SCORES[:0], Thresholds(score=0.5), TOPICS).accepted.shape == (0,)


def test_a_score_between_float32_steps_is_compared_exactly():
    score = float(np.float32(0.3))
    scores = np.array([[score, 0.0]], dtype=np.float32)
    assert decide(scores, Thresholds(score=score), TOPICS).accepted.all()
    assert not decide(scores, Thresholds(score=score + 1e-12), TOPICS).accepted.any()
