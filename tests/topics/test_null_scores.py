"""Null scores are measured when somebody asks for them, and used for exactly the prototypes they were measured with."""

import pytest

from indexer.contract.clusterings import ClusteringSettings
from indexer.evaluation.null_scores import percentile
from indexer.records import Word

WORDS = [Word(f"{kind} {i}", f"{kind}{i}") for kind in ("fruit", "country") for i in range(50)]


@pytest.fixture
def topics(engine):
    engine.words.add(WORDS)
    engine.topics.replace(["fruit", "country"])
    return engine.topics


def placed(topics, **options):
    return topics.nearest(["animal 1"], **options)[0].percentile


def test_a_percentile_is_there_once_null_scores_have_been_measured_and_not_before(topics, engine, monkeypatch):
    assert placed(topics) is None
    engine.words.load()
    assert placed(topics) is None
    null = topics.null_scores()
    assert placed(topics) == percentile(null, topics.nearest(["animal 1"])[0].score)
    monkeypatch.setattr(engine.words, "sample", lambda size: pytest.fail("measured again"))
    assert topics.null_scores() is null


def test_other_topics_have_other_null_scores(topics):
    first = topics.null_scores()
    topics.replace(["fruit", "fruit country"])
    assert placed(topics) is None
    assert topics.null_scores().percentiles != first.percentiles
    assert placed(topics) is not None
    topics.replace(["fruit", "country"])  # once more, and nobody has measured since
    assert placed(topics) is None


def test_thresholds_change_no_null_scores(topics):
    topics.null_scores()
    topics.set_thresholds(topics.thresholds().model_copy(update={"score": 0.1}))
    assert placed(topics) is not None


def test_words_change_the_null_scores_when_more_than_a_tenth_of_them_has_changed(topics, engine):
    engine.words.load()
    first = topics.null_scores()
    engine.words.add([Word("fruit country", word.id) for word in WORDS[:10]])
    assert placed(topics) is not None
    assert topics.null_scores() is first
    engine.words.delete([WORDS[0].id])
    assert placed(topics) is None
    assert topics.null_scores().rows == 99
    assert placed(topics) is not None


def test_labels_have_null_scores_beside_those_of_an_adaptation(topics, engine):
    labels = topics.null_scores()
    engine.clusterings.activate(engine.clusterings.make(ClusteringSettings(around="topics")).id)
    assert placed(topics) is None
    assert placed(topics, prototypes="label") is not None  # these are the same as before
    adapted = topics.null_scores()
    assert adapted.percentiles != labels.percentiles
    for prototypes, null in ((None, adapted), ("label", labels)):
        score = topics.nearest(["animal 1"], prototypes=prototypes)[0].score
        assert placed(topics, prototypes=prototypes) == percentile(null, score)
    topics.deactivate()
    assert topics.null_scores() == labels


@pytest.mark.parametrize("names", [[], ["fruit"]])
def test_fewer_than_two_topics_have_none(topics, names):
    topics.replace(names)
    assert (topics.null_scores().rows, topics.null_scores().percentiles) == (0, [])
    assert placed(topics) is None


def test_no_words_have_none(engine):
    engine.topics.replace(["fruit", "country"])
    assert engine.topics.null_scores().rows == 0
    assert placed(engine.topics) is None
    engine.words.load()
    assert engine.topics.null_scores().rows == 0
