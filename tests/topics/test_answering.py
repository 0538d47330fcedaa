"""Answers, from prototypes and vectors that can be checked by eye."""

import numpy as np

from indexer.contract.topics import NullScores, Thresholds
from indexer.prototypes import Prototypes
from indexer.store.topics import TopicText
from indexer.topics.answering import InUse, answers, without_topics
from indexer.topics.texts import texts_by_topic

AXES = np.eye(3, dtype=np.float32)
NAMES = ("fruit", "country", "company")
TEXTS = texts_by_topic([TopicText(name, "name", name, axis) for name, axis in zip(NAMES, AXES, strict=True)])
NULL = NullScores(percentiles=[i / 100 for i in range(101)], rows=500)


def used(topics=3, thresholds=None):
    prototypes = Prototypes(NAMES[:topics], AXES[:topics])
    return InUse(("version", None, 0), "label", prototypes, thresholds or Thresholds(), TEXTS)


def answer(vector, *, k=2, null=None, cut=False, **options):
    (only,) = answers(used(**options), null, ["a text"], np.array([vector], np.float32), [cut], k, "a model")
    return only


def test_the_nearest_topic_comes_with_its_score_its_lead_and_the_runners_up():
    found = answer([0.6, 0.8, 0.0], cut=True)
    assert (found.topic, found.reason, found.prototypes, found.model, found.truncated) == (
        "country",
        "matched",
        "label",
        "a model",
        True,
    )
    assert [round(value, 6) for value in (found.score, found.margin)] == [0.8, 0.2]
    assert [(match.topic, round(match.score, 6)) for match in found.matches] == [("country", 0.8), ("fruit", 0.6)]
    assert len(answer([0.6, 0.8, 0.0], k=9).matches) == 3


def test_below_a_threshold_no_topic_is_given_and_the_runners_up_are_there_all_the_same():
    found = answer([0.6, 0.8, 0.0], thresholds=Thresholds(score=0.5, topics={"country": 0.9}))
    assert (found.topic, found.reason, found.threshold) == (None, "below_threshold", 0.9)
    assert [match.topic for match in found.matches] == ["country", "fruit"]


def test_a_single_topic_has_no_lead():
    assert answer([0.6, 0.8, 0.0], topics=1).margin is None


def test_a_percentile_is_given_where_null_scores_are_known():
    assert answer([0.6, 0.8, 0.0], null=NULL).percentile == 80.0
    assert answer([0.6, 0.8, 0.0], null=NullScores()).percentile is None
    assert answer([0.6, 0.8, 0.0]).percentile is None


def test_without_topics_every_text_is_told_so():
    found = without_topics(used(topics=0, thresholds=Thresholds(score=0.5)), ["a", "b"], "a model")
    assert [(each.text, each.topic, each.reason, each.threshold, each.matches) for each in found] == [
        ("a", None, "no_topics", 0.5, []),
        ("b", None, "no_topics", 0.5, []),
    ]
