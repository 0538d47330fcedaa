"""Which topic a label names, and which labels say that a text belongs to none."""

import pytest

from indexer.errors import InvalidRequest
from indexer.evaluation.metrics import NO_TOPIC
from indexer.records import LabelledText
from indexer.topics.assessment import true_topics


def columns(labels, names):
    return true_topics([LabelledText("a text", label) for label in labels], names).tolist()


@pytest.mark.parametrize(
    ("names", "label", "column"),
    [
        (["fruit", "country"], "country", 1),
        (["fruit", "New York"], "new_york", 1),
        (["new york", "New-York"], "New-York", 1),
        (["fruit", "country"], None, NO_TOPIC),
        (["fruit", "country"], "none", NO_TOPIC),
        (["fruit", "country"], " OOS ", NO_TOPIC),
        (["fruit", "none"], "none", 1),
        (["fruit", "none"], None, NO_TOPIC),
        (["fruit", "none"], "oos", NO_TOPIC),
        (["fruit", "None"], "None", 1),
        (["fruit", "None"], "none", NO_TOPIC),
        (["oos", "none"], "oos", 0),
    ],
)
def test_a_label_is_the_topic_of_that_very_name_or_none_or_a_topic_written_otherwise(names, label, column):
    assert columns([label], names) == [column]


@pytest.mark.parametrize(
    ("labels", "names", "message"),
    [
        ([], ["fruit"], "there are no labelled rows"),
        (["fruit"], [], "there are no topics"),
        (["sea", None, "none", "air"], ["fruit"], "these labels are no topics: 'air', 'sea';"),
        ([f"t{i:02}" for i in range(13)], ["fruit"], "'t09' and 3 more; set them as topics"),
    ],
)
def test_what_cannot_be_judged_is_refused(labels, names, message):
    with pytest.raises(InvalidRequest, match=message):
        columns(labels, names)


ROWS = [
    LabelledText(f"{kind} {i}", label) for kind, label in (("fruit", "fruit"), ("company", "none")) for i in range(20)
]
STRANGERS = [LabelledText(f"animal {i}", None) for i in range(15)]


def test_a_topic_called_none_and_a_text_without_a_topic_are_told_apart_in_an_evaluation(engine):
    engine.topics.replace([("fruit"), ("none")])
    found = engine.topics.evaluate([*ROWS, *STRANGERS])
    assert (found.rows, found.no_topic_rows) == (55, 15)
    assert {figures.topic: figures.support for figures in found.topics} == {"fruit": 20, "none": 20}
    assert found.accuracy.n == 40 and found.none_recall.n == 15
    assert {confusion.truth for confusion in found.confusions if confusion.examples[0].startswith("animal")} == {None}
    assert {confusion.truth for confusion in found.confusions} <= {None, "fruit", "none"}


def test_a_topic_called_none_and_a_text_without_a_topic_are_told_apart_in_a_calibration(engine):
    engine.topics.replace(["fruit", "company"])
    without = engine.topics.calibrate([*ROWS, *STRANGERS], 0.8, apply=False)
    assert (without.no_topic_rows, without.topic_rows) == (35, {"fruit": 20, "company": 0})
    engine.topics.replace(["fruit", "none"])
    beside = engine.topics.calibrate([*ROWS, *STRANGERS], 0.6, apply=False)
    assert (beside.no_topic_rows, beside.topic_rows) == (15, {"fruit": 20, "none": 20})
