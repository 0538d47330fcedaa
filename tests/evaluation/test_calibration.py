"""Thresholds learnt from labelled texts keep their promise on texts that they were not learnt from."""

import json

import numpy as np
import pytest

from indexer.errors import InvalidRequest
from indexer.evaluation.calibration import calibrate
from indexer.evaluation.thresholds import decide

TOPICS = ["Fruit", "Country"]


def rows(*groups, topics=2):
    """Build scores and truth from groups of (count, nearest topic, score, margin, true topic)."""
    scores, truth = [], []
    for count, nearest, score, margin, true in groups:
        for _ in range(count):
            row = [score - margin] * topics
            row[nearest] = score
            scores.append(row)
            truth.append(true)
    return np.array(scores, dtype=np.float32), np.array(truth)


def sample(n, seed, *, ahead=(0.0, 0.0), none=0.0):
    """Draw n rows, right the more surely the higher the score; `ahead` shifts the scores of a topic."""
    rng = np.random.default_rng(seed)
    best, odds = rng.integers(0, 2, n), rng.normal(1.5, 2.0, n)
    truth = np.where(rng.random(n) < 1 / (1 + np.exp(-odds)), best, 1 - best)
    truth = np.where((rng.random(n) < none) & (truth != best), -1, truth)
    score = 0.4 + 0.05 * odds + np.array(ahead)[best]
    scores = np.empty((n, 2), dtype=np.float32)
    scores[np.arange(n), best] = score
    scores[np.arange(n), 1 - best] = score - 0.1
    return scores, truth


def test_a_margin_is_set_where_the_margin_tells_right_from_wrong():
    found = calibrate(*rows((40, 0, 0.6, 0.3, 0), (40, 1, 0.6, 0.3, 1), (20, 0, 0.6, 0.05, 1)), TOPICS)
    assert found.criterion == "margin"
    assert found.thresholds.score is None
    assert found.thresholds.margin == pytest.approx(0.175, abs=1e-4)
    assert (found.measured.precision.value, found.measured.coverage.value) == (1.0, 0.8)
    assert found.topic_rows == {"Fruit": 40, "Country": 60}


def test_a_score_is_set_where_the_score_tells_right_from_wrong():
    found = calibrate(*rows((40, 0, 0.6, 0.1, 0), (40, 1, 0.6, 0.1, 1), (20, 0, 0.2, 0.1, 1)), TOPICS)
    assert found.criterion == "score"
    assert found.thresholds.score == pytest.approx(0.4, abs=1e-4)
    assert found.thresholds.margin is None
    assert found.thresholds.topics == {}


def test_both_are_set_where_strangers_score_low_and_mistakes_are_close():
    known = ((200, 0, 0.6, 0.3, 0), (200, 1, 0.6, 0.3, 1))
    mistakes, strangers = (50, 0, 0.6, 0.05, 1), (50, 1, 0.1, 0.3, -1)
    found = calibrate(*rows(*known, mistakes, strangers), TOPICS, precision=0.95)
    assert found.criterion == "both"
    assert found.measured.precision.value == found.measured.none_recall.value == 1.0
    assert found.measured.coverage_in_scope.value == pytest.approx(400 / 450)


def test_topics_get_thresholds_of_their_own_where_their_scores_lie_apart():
    scores, truth = sample(600, seed=1, ahead=(0.2, -0.2))
    found = calibrate(scores, truth, TOPICS)
    own = found.thresholds.topics
    assert found.criterion == "topics"
    assert own["Fruit"] - own["Country"] == pytest.approx(0.4, abs=0.1)
    assert found.measured.coverage.value > found.tried["score"].coverage.value


def test_a_lead_that_may_be_chance_does_not_buy_thresholds_by_topic():
    found = calibrate(*sample(600, seed=3), TOPICS)
    assert found.tried["topics"].coverage.value > found.tried["score"].coverage.value
    assert found.criterion == "score"


def test_no_threshold_lies_where_no_cosine_does():
    """Where the topic says more than the score does, what a topic is ahead by is larger than any score."""
    seen = set()
    for seed in range(30, 40):
        rng = np.random.default_rng(seed)
        best, score = rng.integers(0, 4, 240), rng.uniform(0.3, 0.5, 240)
        right = rng.random(240) < np.array([0.95, 0.9, 0.5, 0.1])[best] + 0.3 * (score - 0.4)
        scores = np.full((240, 4), 0.1, np.float32)
        scores[np.arange(240), best] = score
        try:
            found = calibrate(scores, np.where(right, best, (best + 1) % 4), list("abcd"), precision=0.8)
        except InvalidRequest:
            continue
        seen.add(found.criterion)
        assert all(-1 <= s <= 1 for s in (found.thresholds.score, *found.thresholds.topics.values()) if s is not None)
    assert "topics" in seen


def test_a_topic_with_few_rows_keeps_the_common_threshold():
    scores, truth = sample(600, seed=1, ahead=(0.2, -0.2))
    scores = np.column_stack([scores, np.full(600, -1.0)]).astype(np.float32)
    scores[:4, 2], truth[:4] = 0.95, 2
    found = calibrate(scores, truth, [*TOPICS, "Rare"])
    assert set(found.thresholds.topics) == set(TOPICS)
    assert found.thresholds.score is not None


@pytest.mark.parametrize("none", [0.0, 0.8], ids=["all rows have a topic", "some rows have none"])
@pytest.mark.parametrize("seed", range(5))
def test_new_texts_are_answered_as_precisely_and_as_often_as_promised(seed, none):
    found = calibrate(*sample(1000, seed, none=none), TOPICS, seed=seed)
    scores, truth = sample(20_000, seed + 100, none=none)
    decision = decide(scores, found.thresholds, TOPICS)
    right = decision.best == truth
    assert right.mean() < 0.8
    assert right[decision.accepted].mean() == pytest.approx(0.9, abs=0.03)
    assert decision.accepted.mean() == pytest.approx(found.measured.coverage.value, abs=0.06)


def test_strangers_that_are_answered_count_as_wrong():
    known = ((300, 0, 0.6, 0.2, 0), (300, 1, 0.5, 0.2, 1))
    found = calibrate(*rows(*known, (100, 0, 0.4, 0.2, -1)), TOPICS)
    assert found.thresholds.score == pytest.approx(0.45, abs=1e-4)
    assert found.no_topic_rows == 100
    assert found.measured.none_recall.value == 1.0
    assert found.measured.coverage_in_scope.value == 1.0


def test_no_threshold_is_set_where_everything_is_right_enough():
    found = calibrate(*rows((50, 0, 0.6, 0.2, 0), (48, 1, 0.6, 0.2, 1), (2, 1, 0.9, 0.5, 0)), TOPICS)
    assert found.criterion == "all"
    assert (found.thresholds.score, found.thresholds.margin, found.thresholds.topics) == (None, None, {})
    assert found.measured.precision.value == 0.98
    assert any("no threshold is set" in message for message in found.messages)


def test_one_topic_is_told_from_none_by_its_score():
    scores = np.array([[0.6]] * 40 + [[0.2]] * 20, dtype=np.float32)
    found = calibrate(scores, np.array([0] * 40 + [-1] * 20), ["Fruit"])
    assert found.criterion == "score"
    assert found.thresholds.score == pytest.approx(0.4, abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_scores_that_say_nothing_promise_nothing(seed):
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0, 1, (300, 2)).astype(np.float32)
    truth = np.where(rng.random(300) < 0.7, scores.argmax(axis=1), scores.argmin(axis=1))
    with pytest.raises(InvalidRequest, match=r"precision 0\.9 is out of reach: .* the best was 0\.[678]\d with"):
        calibrate(scores, truth, TOPICS, seed=seed)


@pytest.mark.parametrize(
    ("truth", "options", "message"),
    [
        ([-1] * 50, {}, "none of the 50 labelled rows belongs to one of the 2 topics"),
        ([1] * 50, {}, 'all 50 labelled rows belong to "Country"'),
        ([0, 1] * 10, {}, r"not enough data: 20 labelled rows, precision 0\.9 needs 30"),
        ([0, 1] * 25, {"precision": 0.99}, r"not enough data: 50 labelled rows, precision 0\.99 needs 100"),
        ([0, 1] * 25, {"precision": 0.0}, "precision is 0"),
        ([0, 1] * 25, {"precision": 1.0}, "precision is 1"),
        ([0, 1] * 25, {"precision": float("nan")}, "precision is nan"),
        ([0, 1] * 25, {"folds": 1}, "folds is 1"),
        ([], {}, "none of the 0 labelled rows"),
    ],
)
def test_rows_that_cannot_teach_a_threshold_are_refused(truth, options, message):
    scores = np.tile(np.array([0.5, 0.25], dtype=np.float32), (len(truth), 1))
    with pytest.raises(InvalidRequest, match=message):
        calibrate(scores, np.array(truth, dtype=np.intp), TOPICS, **options)


@pytest.mark.parametrize("folds", [2, 5, 30])
def test_kinds_of_rows_that_are_too_few_for_the_folds_are_no_trouble(folds):
    """Warnings are errors in these tests: scikit-learn gives one where a kind has fewer rows than there are folds."""
    few_wrong_and_strangers = ((30, 0, 0.6, 0.3, 0), (30, 1, 0.6, 0.3, 1), (4, 0, 0.1, 0.05, 1), (4, 0, 0.1, 0.05, -1))
    found = calibrate(*rows(*few_wrong_and_strangers), TOPICS, precision=0.95, folds=folds)
    assert found.measured.precision.n >= 60
    evenly = ((10, 0, 0.6, 0.3, 0), (10, 0, 0.2, 0.1, 1), (12, 1, 0.2, 0.05, -1))
    with pytest.raises(InvalidRequest, match="out of reach"):
        calibrate(*rows(*evenly), TOPICS, precision=0.9, folds=folds)


def test_the_messages_say_what_the_rows_leave_open():
    scores, truth = sample(80, seed=3)
    scores = np.column_stack([scores, np.full(80, -1.0)]).astype(np.float32)
    said = "\n".join(calibrate(scores, truth, [*TOPICS, "Song"]).messages)
    assert "1 of 3 topics have no labelled row: Song" in said
    assert "no labelled row belongs to no topic" in said
    assert "more labelled rows would narrow this" in said


def test_the_same_rows_and_seed_give_the_same_thresholds_as_plain_json():
    scores, truth = sample(300, seed=4, none=0.5)
    first, second = calibrate(scores, truth, TOPICS), calibrate(scores, truth, TOPICS)
    assert first == second
    assert json.loads(json.dumps(first.model_dump(), allow_nan=False))["measured"]["precision"]["n"] > 0
