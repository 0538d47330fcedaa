"""The figures that tell how right the answers are, on rows that can be counted by eye."""

import json

import numpy as np
import pytest
from sklearn.metrics import f1_score

from indexer.contract.topics import Thresholds
from indexer.evaluation.intervals import Rate, wilson
from indexer.evaluation.metrics import evaluate

TOPICS = ["Fruit", "Country", "Company"]
# The text, its own topic, and its scores with fruit, country, company.
ROWS = [
    ("mango", 0, (0.9, 0.1, 0.0)),
    ("pear", 0, (0.8, 0.1, 0.2)),
    ("apple", 0, (0.5, 0.1, 0.6)),
    ("date", 0, (0.4, 0.5, 0.1)),
    ("chile", 1, (0.3, 0.7, 0.1)),
    ("china", 1, (0.1, 0.8, 0.2)),
    ("blackberry", 0, (0.5, 0.0, 0.7)),
    ("zebra", -1, (0.3, 0.2, 0.1)),
    ("sofa", -1, (0.1, 0.2, 0.65)),
]
TEXTS = [text for text, _, _ in ROWS]
TRUTH = np.array([topic for _, topic, _ in ROWS])
SCORES = np.array([scores for _, _, scores in ROWS], dtype=np.float32)


def test_without_thresholds_every_row_gets_its_nearest_topic():
    found = evaluate(SCORES, TRUTH, TOPICS, TEXTS, thresholds=Thresholds())
    assert (found.rows, found.no_topic_rows) == (9, 2)
    assert found.accuracy == wilson(4, 7)
    assert found.coverage == wilson(9, 9)
    assert found.precision == wilson(4, 9)
    assert found.precision_in_scope == wilson(4, 7)
    assert found.none_recall == wilson(0, 2)
    assert found.none_precision.value is None


def test_thresholds_change_what_is_answered_and_not_the_accuracy():
    found = evaluate(SCORES, TRUTH, TOPICS, TEXTS, thresholds=Thresholds(score=0.625, margin=0.3))
    # Answered: mango, pear, chile, china, sofa. Apple, date and zebra score too low, blackberry is too close.
    assert found.accuracy == wilson(4, 7)
    assert found.coverage == wilson(5, 9)
    assert found.precision == wilson(4, 5)
    assert found.coverage_in_scope == wilson(4, 7)
    assert found.precision_in_scope == wilson(4, 4)
    assert found.none_recall == wilson(1, 2)
    assert found.none_precision == wilson(1, 4)
    by_topic = {figures.topic: figures for figures in found.topics}
    assert by_topic["Fruit"].support == 5
    assert by_topic["Fruit"].precision == wilson(2, 2)
    assert by_topic["Fruit"].recall == wilson(2, 5)
    assert by_topic["Company"].precision == wilson(0, 1)
    assert by_topic["Company"].recall == Rate(value=None, low=None, high=None, n=0)


def test_the_confusions_that_hurt_most_come_first_with_texts_to_look_at():
    found = evaluate(SCORES, TRUTH, TOPICS, TEXTS, thresholds=Thresholds()).confusions
    assert [(one.truth, one.given, one.count) for one in found] == [
        ("Fruit", "Company", 2),
        (None, "Fruit", 1),
        (None, "Company", 1),
        ("Fruit", "Country", 1),
    ]
    assert found[0].examples == ["apple", "blackberry"]


def test_examples_are_three_different_texts():
    texts = ["apple", "apple", "shell", "orange", "amazon"]
    scores = np.tile(SCORES[2], (5, 1))
    (only,) = evaluate(scores, np.zeros(5, dtype=int), TOPICS, texts, thresholds=Thresholds()).confusions
    assert only.count == 5
    assert only.examples == ["apple", "shell", "orange"]


def test_macro_f1_is_scikit_learns_over_the_topics_that_have_rows():
    found = evaluate(SCORES, TRUTH, TOPICS, TEXTS, thresholds=Thresholds()).macro_f1
    known = TRUTH >= 0
    expected = f1_score(TRUTH[known], SCORES[known].argmax(axis=1), labels=[0, 1], average="macro")
    assert found.value == pytest.approx(expected)
    assert found.low is not None and found.high is not None
    assert 0 <= found.low < expected < found.high <= 1


def test_the_interval_of_macro_f1_is_seeded_and_narrows_with_rows():
    few = evaluate(SCORES, TRUTH, TOPICS, TEXTS, thresholds=Thresholds()).macro_f1
    many = evaluate(np.tile(SCORES, (50, 1)), np.tile(TRUTH, 50), TOPICS, TEXTS * 50, thresholds=Thresholds()).macro_f1
    assert few == evaluate(SCORES, TRUTH, TOPICS, TEXTS, thresholds=Thresholds()).macro_f1
    assert many.value == pytest.approx(few.value)
    assert many.high - many.low < (few.high - few.low) / 4


def test_auroc_tells_how_well_the_score_finds_strangers():
    found = evaluate(SCORES, TRUTH, TOPICS, TEXTS, thresholds=Thresholds()).auroc
    # Of 14 pairs, zebra (0.3) lies below all 7, sofa (0.65) below all but apple (0.6) and date (0.5).
    assert found.value == pytest.approx(12 / 14)


def test_a_curve_trades_coverage_for_precision():
    right, wrong = np.linspace(0.9, 0.6, 80), np.linspace(0.59, 0.3, 20)
    scores = np.stack([np.concatenate([right, wrong]), np.full(100, 0.2)], axis=1).astype(np.float32)
    truth = np.array([0] * 80 + [1] * 20)
    curves = evaluate(scores, truth, TOPICS[:2], ["x"] * 100, thresholds=Thresholds()).curves
    for name, highest in (("score", 0.9), ("margin", 0.7)):
        points = curves[name]
        assert [point.coverage for point in points] == pytest.approx(np.arange(1, 101) / 100)
        assert points[0].threshold < highest
        assert [point.precision.value for point in points[:80]] == [1.0] * 80
        assert points[-1].precision == wilson(80, 100)
        assert {point.none_recall.n for point in points} == {0}
        assert [point.threshold for point in points] == sorted((p.threshold for p in points), reverse=True)


def test_a_point_of_a_curve_is_what_its_threshold_gives_alone():
    curves = evaluate(SCORES, TRUTH, TOPICS, TEXTS, thresholds=Thresholds()).curves
    for name, points in curves.items():
        assert len(points) > 5
        for point in points:
            alone = evaluate(SCORES, TRUTH, TOPICS, TEXTS, thresholds=Thresholds(**{name: point.threshold}))
            assert point.coverage == alone.coverage.value
            assert point.precision == alone.precision
            assert point.none_recall == alone.none_recall
    # From the highest score down: mango; pear and china; chile and blackberry; sofa; apple; date; zebra.
    assert [p.none_recall.value for p in curves["score"]] == [1, 1, 1, 0.5, 0.5, 0.5, 0]


def test_rows_that_tie_share_a_point_of_the_curve():
    scores = np.array([[0.5, 0.25]] * 10, dtype=np.float32)
    found = evaluate(scores, np.zeros(10, dtype=int), TOPICS[:2], ["x"] * 10, thresholds=Thresholds())
    assert [(point.threshold, point.coverage) for point in found.curves["score"]] == [(0.5, 1.0)]


@pytest.mark.parametrize(
    ("which", "topics"),
    [(slice(0, 0), 3), (slice(7, 9), 3), (slice(0, 1), 3), (slice(0, 9), 1)],
    ids=["no rows", "no row of a topic", "one row", "one topic"],
)
def test_what_is_undefined_is_null_and_never_nan(which, topics):
    truth = np.where(topics > TRUTH, TRUTH, -1)[which]
    found = evaluate(SCORES[which, :topics], truth, TOPICS[:topics], TEXTS[which], thresholds=Thresholds(score=0.99))
    assert json.loads(json.dumps(found.model_dump(), allow_nan=False))["precision"]["value"] is None
