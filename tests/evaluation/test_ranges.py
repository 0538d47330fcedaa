"""The range of similarities: which pairs are drawn, and from which score on a similarity means something."""

import numpy as np
import pytest

from indexer.evaluation import ranges
from indexer.evaluation.metrics import NO_TOPIC
from indexer.evaluation.ranges import draw_pairs, similarity_range
from indexer.vectors import unit


def sets(pairs):
    return sorted(tuple(sorted(pair)) for pair in pairs.tolist())


def test_of_few_texts_every_pair_is_taken_once():
    pairs = draw_pairs(np.array([0, 1, 0, NO_TOPIC, 0]), 42)
    assert sets(pairs.random) == [(a, b) for a in range(5) for b in range(a + 1, 5)]
    assert sets(pairs.same) == [(0, 2), (0, 4), (2, 4)]
    assert sets(pairs.unrelated) == [(0, 1), (0, 3), (1, 2), (1, 3), (1, 4), (2, 3), (3, 4)]


def test_without_labels_unrelated_pairs_are_the_random_ones():
    pairs = draw_pairs(np.full(6, NO_TOPIC), 42)
    assert len(pairs.same) == 0 and sets(pairs.unrelated) == sets(pairs.random) and len(pairs.random) == 15


@pytest.mark.parametrize("texts", [0, 1])
def test_one_text_makes_no_pair(texts):
    pairs = draw_pairs(np.zeros(texts, np.intp), 42)
    assert len(pairs.random) == len(pairs.same) == len(pairs.unrelated) == 0
    assert similarity_range(np.zeros((texts, 3), np.float32), pairs, 42) is None


def test_of_many_texts_pairs_are_drawn_each_as_likely_as_the_next(monkeypatch):
    monkeypatch.setattr(ranges, "PAIRS", 20_000)
    topics = np.repeat([0, 1, 2], (300, 600, 100))
    pairs = draw_pairs(topics, 42)
    for kind in (pairs.random, pairs.same, pairs.unrelated):
        assert (kind[:, 0] != kind[:, 1]).all() and kind.min() >= 0 and kind.max() < 1000
        assert len(np.unique(np.sort(kind, axis=1), axis=0)) == len(kind) > 9_000
    assert (topics[pairs.same[:, 0]] == topics[pairs.same[:, 1]]).all()
    share = np.bincount(topics[pairs.same[:, 0]]) / len(pairs.same)
    assert share == pytest.approx(np.array([300 * 299, 600 * 599, 100 * 99]) / 459_100, abs=0.02)
    again = draw_pairs(topics, 42)
    assert (again.random == pairs.random).all() and (again.same == pairs.same).all()


def scattered(topics, spread, common=0.0):
    """Return texts around the axes of their topics; `common` is a direction that all have."""
    random = np.random.default_rng(3)
    vectors = np.eye(20, dtype=np.float32)[topics] + random.normal(0, spread, (len(topics), 20)).astype(np.float32)
    vectors[:, -1] += common
    return unit(vectors)


def test_one_unrelated_pair_in_a_hundred_reaches_the_score_from_which_similar_means_something():
    topics = np.random.default_rng(1).integers(10, size=400)
    pairs = draw_pairs(topics, 42)
    found = similarity_range(scattered(topics, 0.1), pairs, 42)
    level = found.similar_from
    assert level.low <= level.score <= level.high < level.low + 0.2
    assert level.score == pytest.approx(found.unrelated.percentiles["99"], abs=1e-4)
    assert found.same_topic_above > 0.99 and found.unrelated.percentiles["99"] < found.same_topic.percentiles["1"]
    assert found.likelier_from == pytest.approx(found.same_topic.percentiles["1"], abs=0.15)
    for kind in (found.random, found.same_topic, found.unrelated):
        assert sum(kind.histogram) == kind.pairs and len(kind.histogram) == 100
        assert list(kind.percentiles.values()) == sorted(kind.percentiles.values())


def test_a_model_whose_vectors_have_much_in_common_is_similar_from_a_higher_score_on():
    topics = np.random.default_rng(1).integers(10, size=200)
    pairs = draw_pairs(topics, 42)
    plain, common = (similarity_range(scattered(topics, 0.1, c), pairs, 42) for c in (0.0, 1.0))
    assert common.similar_from.score > plain.similar_from.score + 0.2


def test_fewer_texts_give_a_wider_interval():
    random = np.random.default_rng(9)
    vectors = unit(random.normal(0, 1, (1000, 8)))
    few, many = (similarity_range(vectors[:n], draw_pairs(np.full(n, NO_TOPIC), 1), 1).similar_from for n in (60, 1000))
    assert few.high - few.low > 2 * (many.high - many.low)
