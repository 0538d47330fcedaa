"""What a score means before anybody has labelled a text."""

import numpy as np
import pytest

from indexer.contract.topics import NullScores
from indexer.evaluation.null_scores import null_scores
from indexer.evaluation.null_scores import percentile as share_below

# 101 words: all near the first topic at 0.9; with their second topic they have 0.00, 0.01 ... 1.00 of 0.5.
SECOND = np.linspace(0, 0.5, 101)
SCORES = np.stack([np.full(101, 0.9), SECOND, np.full(101, -0.2)], axis=1).astype(np.float32)


def test_null_scores_are_what_words_score_with_topics_that_are_not_theirs():
    measured = null_scores(np.random.default_rng(1).permutation(SCORES))
    assert measured.rows == 101
    assert measured.percentiles == pytest.approx(SECOND, abs=1e-4)
    assert measured.threshold == pytest.approx(0.375, abs=1e-4)


@pytest.mark.parametrize(("score", "percentile"), [(-0.5, 0), (0.0, 0), (0.25, 50), (0.4, 80), (0.5, 100), (0.9, 100)])
def test_a_score_is_placed_among_the_null_scores(score, percentile):
    assert share_below(null_scores(SCORES), score) == pytest.approx(percentile, abs=0.1)


def test_between_two_levels_the_share_rises_evenly_and_of_equal_levels_the_last_counts():
    levels = sorted(np.round(np.random.default_rng(2).normal(0.3, 0.002, 101), 4).tolist())
    assert len(set(levels)) < 80
    scores = np.concatenate([levels, np.linspace(levels[0] - 0.01, levels[-1] + 0.01, 500)])
    expected = np.round(np.interp(scores, levels, np.arange(101)), 1)
    null = NullScores(percentiles=levels, rows=101)
    assert [share_below(null, score) for score in scores.tolist()] == pytest.approx(expected.tolist(), abs=1e-9)


def test_null_scores_survive_json():
    measured = null_scores(SCORES)
    assert NullScores.model_validate_json(measured.model_dump_json()) == measured


@pytest.mark.parametrize("shape", [(0, 3), (5, 1)])
def test_without_words_or_a_second_topic_there_are_no_null_scores(shape):
    measured = null_scores(np.zeros(shape, dtype=np.float32))
    assert measured == NullScores(percentiles=[], rows=0)
    assert share_below(measured, 0.5) is None
    assert share_below(None, 0.5) is None
