"""The protocol `Topics`: the same calls give the same through an engine and through a server."""

import json

import pytest

from indexer.contract.clusterings import ClusteringSettings
from indexer.contract.evaluations import Calibration, Evaluation
from indexer.contract.topics import NullScores, Thresholds, ThresholdSet, TopicAnswers, TopicRecord, TopicSet
from indexer.errors import InvalidRequest, NotFound
from indexer.records import LabelledText, Topic

NAMES = ("fruit", "country", "company")
LABELLED = [LabelledText(f"{name} {i}", name) for name in NAMES for i in range(20)]


@pytest.fixture
def topics(service):
    """The topics of a corpus that has thirty words."""
    service.words.add([f"{name} {i}" for name in NAMES for i in range(10)])
    service.topics.replace(NAMES)
    return service.topics


def names(topic_set):
    return [topic.name for topic in topic_set]


def test_topics_are_set_added_to_listed_and_deleted(service):
    assert service.topics.all() == TopicSet(topics=[])
    assert names(service.topics.replace(["fruit", "country"])) == ["fruit", "country"]
    added = service.topics.add([Topic("company", "a business", ("company x",)), Topic("fruit", "sweet")])
    assert added == TopicSet(
        topics=[
            TopicRecord(name="fruit", description="sweet"),
            TopicRecord(name="country"),
            TopicRecord(name="company", description="a business", examples=["company x"]),
        ]
    )
    assert service.topics.all() == added
    assert names(service.topics.delete("country")) == ["fruit", "company"]
    with pytest.raises(NotFound, match="country"):
        service.topics.delete("country")
    assert names(service.topics.replace([Topic("animal")])) == ["animal"]


@pytest.mark.parametrize("name", ["a/b", "..", "a?b#c%", "two\nlines", "😀 ثم"])
def test_any_topic_can_be_deleted_by_its_name(service, name):
    service.topics.replace([name, "other"])
    assert names(service.topics.delete(name)) == ["other"]


@pytest.mark.parametrize(
    "topic",
    ["", " \t", "half \udc80", Topic("a", "\udc80"), Topic("a", "", (" ",)), Topic("a", "", ("\udc80",))],
    ids=repr,
)
def test_a_blank_or_broken_text_of_a_topic_is_refused(service, topic):
    for change in (service.topics.replace, service.topics.add):
        with pytest.raises(InvalidRequest):
            change(["fruit", topic])
    assert names(service.topics.all()) == []


def test_the_topic_of_a_text_comes_with_its_score_margin_and_runners_up(topics):
    answers = topics.nearest(["fruit", "a country"], 2)
    assert isinstance(answers, TopicAnswers) and [answer.text for answer in answers] == ["fruit", "a country"]
    first = answers[0]
    assert (first.topic, first.reason, first.threshold, first.prototypes) == ("fruit", "matched", None, "label")
    assert first.score == pytest.approx(1, abs=1e-6) and first.model == "axes"
    assert len(first.matches) == 2 and first.margin == pytest.approx(first.matches[0].score - first.matches[1].score)
    assert answers[1].topic == "country"
    assert len(topics.nearest(["fruit"], 1000)[0].matches) == 3
    assert list(topics.nearest([])) == []


def test_without_topics_no_topic_is_the_answer(service):
    answer = service.topics.nearest(["fruit"])[0]
    assert (answer.topic, answer.reason, answer.score, answer.matches) == (None, "no_topics", None, [])
    assert answer.model == "axes"


def test_thresholds_are_set_kept_and_taken_away(topics):
    assert topics.thresholds() == ThresholdSet()
    limits = Thresholds(score=0.99, margin=0.05, topics={"fruit": 0.1})
    assert topics.set_thresholds(limits) == ThresholdSet(**limits.model_dump()) == topics.thresholds()
    below = topics.nearest(["something else"])[0]
    assert (below.topic, below.reason) == (None, "below_threshold") and len(below.matches) == 2
    assert topics.set_thresholds(Thresholds()) == ThresholdSet()
    with pytest.raises(InvalidRequest, match="animal"):
        topics.set_thresholds(Thresholds(topics={"animal": 0.5}))


def test_every_word_is_classified_in_whole_lines(topics):
    chunks = list(topics.classify())
    assert all(chunk == "" or chunk.endswith("\n") for chunk in chunks)
    lines = [json.loads(line) for line in "".join(chunks).splitlines()]
    assert len(lines) == 30 and all(line["text"].startswith(line["topic"]) for line in lines)
    assert set(lines[0]) == {"id", "text", "topic", "score", "margin", "reason"}
    fruit = [json.loads(line) for line in "".join(topics.classify("fruit")).splitlines()]
    assert {line["text"] for line in fruit} == {f"fruit {i}" for i in range(10)}


@pytest.mark.parametrize("topic", ["animal", "half \udc80", ""])
def test_words_of_a_topic_that_is_not_set_are_not_found_at_the_call_itself(topics, topic):
    with pytest.raises(NotFound):
        topics.classify(topic)


def test_labelled_texts_measure_the_answers(topics):
    wrong = LabelledText("country 99", "fruit")
    found = topics.evaluate([*LABELLED, wrong, LabelledText("x", None), LabelledText("y", "oos")])
    assert isinstance(found, Evaluation)
    assert (found.rows, found.no_topic_rows) == (63, 2)
    assert found.accuracy.value == pytest.approx(60 / 61) and found.accuracy.n == 61
    assert [(c.truth, c.given, c.examples) for c in found.confusions if c.truth] == [
        ("fruit", "country", ["country 99"])
    ]
    for rows, reason in (([], "rows"), ([LabelledText("a", "animal")], "animal")):
        with pytest.raises(InvalidRequest, match=reason):
            topics.evaluate(rows)


def test_labelled_texts_set_thresholds_unless_they_are_only_to_show_them(topics):
    rows = [*LABELLED, *(LabelledText(f"thing {i}", "none") for i in range(20))]
    found = topics.calibrate(rows, 0.9, apply=False)
    assert isinstance(found, Calibration) and found.asked == 0.9 and found.measured.precision.value >= 0.9
    assert topics.thresholds() == ThresholdSet()
    assert topics.calibrate(rows) == found
    assert topics.thresholds() == ThresholdSet(**found.thresholds.model_dump())
    for bad in ([], rows[:3]):
        with pytest.raises(InvalidRequest):
            topics.calibrate(bad)
    for precision in (0.0, 1.0, 5.0, float("nan")):
        with pytest.raises(InvalidRequest):
            topics.calibrate(rows, precision)


def test_without_topics_nothing_can_be_measured(service):
    for verb in (service.topics.evaluate, service.topics.calibrate):
        with pytest.raises(InvalidRequest, match="topics"):
            verb(LABELLED)


def test_stored_words_show_what_a_score_means(service):
    assert service.topics.null_scores() == NullScores()
    service.words.add([f"{name} {i}" for name in NAMES for i in range(10)])
    service.topics.replace(NAMES)
    found = service.topics.null_scores()
    assert found.rows == 30 and len(found.percentiles) == 101
    assert found.percentiles == sorted(found.percentiles) and found.threshold == found.percentiles[75]


@pytest.mark.parametrize(
    ("verb", "argument"), [("add", ["animal"]), ("delete", "company"), ("replace", ["fruit", "country"])]
)
def test_any_change_of_the_topics_ends_an_adaptation_and_says_so(topics, service, verb, argument):
    service.clusterings.activate(service.clusterings.make(ClusteringSettings(around="topics")).id)
    assert topics.nearest(["fruit"])[0].prototypes == topics.thresholds().prototypes == "adapted"
    assert topics.nearest(["fruit"], prototypes="label")[0].prototypes == "label"
    assert topics.replace(NAMES).adaptation is None  # the same set again is no change
    assert topics.nearest(["fruit"])[0].prototypes == "adapted"
    with pytest.raises(NotFound):
        topics.delete("nowhere")
    assert getattr(topics, verb)(argument).adaptation == "deactivated"
    assert topics.nearest(["fruit"])[0].prototypes == "label"
    assert topics.delete("fruit").adaptation is None


def test_going_back_to_labels_is_harmless_where_nothing_is_active(service):
    service.topics.deactivate()
    assert service.topics.thresholds().prototypes == "label"
