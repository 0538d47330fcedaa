"""The protocol `Topics`: the same calls give the same through an engine and through a server."""

import json

import pytest

from indexer.contract.clusterings import ClusteringSettings
from indexer.contract.evaluations import Calibration, Evaluation
from indexer.contract.topics import (
    ClassifiedWords,
    NullScores,
    Thresholds,
    ThresholdSet,
    TopicAnswers,
    TopicChange,
    TopicChanged,
    TopicPreview,
    TopicRecord,
    TopicSet,
    TopicSizes,
)
from indexer.contract.words import Similarity
from indexer.errors import Conflict, InvalidRequest, NotFound, PreconditionFailed
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


@pytest.mark.parametrize("name", ["a/b", "..", "a?b#c%", "two\nlines", "😀 ثم", "nearest", "words", "sizes", "preview"])
def test_any_topic_can_be_read_and_changed_by_its_name(service, name):
    service.topics.replace([Topic(name, "x", ("y",)), "other"])
    assert service.topics.get(name) == TopicRecord(name=name, description="x", examples=["y"])
    changed = service.topics.change(name, TopicChange(description="z"))
    assert changed == TopicChanged(name=name, description="z", examples=["y"])
    assert service.topics.get(name) == TopicRecord(name=name, description="z", examples=["y"])


def test_a_topic_that_is_not_there_can_be_neither_read_nor_changed(topics):
    with pytest.raises(NotFound, match="animal"):
        topics.get("animal")
    for version in (None, "0123456789abcdef"):
        with pytest.raises(NotFound, match="animal"):
            topics.change("animal", TopicChange(description="x"), version)


def test_a_change_leaves_the_other_fields_as_they_are(topics):
    given = TopicChange(description="sweet", examples=["fruit x", "fruit y"])
    assert isinstance(topics.change("fruit", given), TopicChanged)
    changed = topics.change("fruit", TopicChange(description=""))
    assert changed == TopicChanged(name="fruit", examples=["fruit x", "fruit y"])
    assert topics.change("fruit", TopicChange(examples=[])) == TopicChanged(name="fruit")
    assert topics.change("fruit", TopicChange()) == TopicChanged(name="fruit")
    assert names(topics.all()) == list(NAMES)


def test_another_name_keeps_the_place_and_the_threshold_of_a_topic(topics):
    topics.set_thresholds(Thresholds(score=0.1, margin=0.01, topics={"country": 0.3, "fruit": 0.2}))
    assert topics.change("country", TopicChange(name="nation")) == TopicChanged(name="nation")
    assert names(topics.all()) == ["fruit", "nation", "company"]
    assert topics.thresholds() == ThresholdSet(score=0.1, margin=0.01, topics={"nation": 0.3, "fruit": 0.2})
    assert topics.change("nation", TopicChange(name="nation", description="x")).description == "x"
    with pytest.raises(Conflict, match="fruit"):
        topics.change("nation", TopicChange(name="fruit"))
    assert names(topics.all()) == ["fruit", "nation", "company"]


@pytest.mark.parametrize(
    "change",
    [
        *({"name": name} for name in ("", " ", "\udc80")),
        {"description": "\udc80"},
        *({"examples": [example]} for example in ("", "\udc80")),
    ],
    ids=repr,
)
def test_a_change_to_a_blank_or_broken_text_is_refused(topics, change):
    with pytest.raises(InvalidRequest):
        topics.change("fruit", TopicChange(**change))
    assert topics.get("fruit") == TopicRecord(name="fruit")


def test_a_change_of_a_version_that_is_no_more_is_refused(topics):
    seen = topics.get("fruit").version
    assert len(seen) == 16 and seen == topics.all()[0].version
    changed = topics.change("fruit", TopicChange(description="sweet"), seen)
    assert changed.version == topics.get("fruit").version != seen
    for version in (seen, "", "nonsense", 'a"b', "ü\n"):
        with pytest.raises(PreconditionFailed, match="fruit"):
            topics.change("fruit", TopicChange(description="sour"), version)
    assert topics.get("fruit").description == "sweet"
    assert topics.change("fruit", TopicChange(description=""), changed.version).version == seen


def test_a_preview_shows_what_other_topics_would_change_and_stores_nothing(topics):
    before = topics.all()
    found = topics.preview([Topic("fruit"), Topic("nation", "", ("country",))], ["fruit", "a country"], 1)
    assert isinstance(found, TopicPreview)
    assert (found.words, found.prototypes) == (30, "label")
    assert sum(size.words for size in found.sizes) + found.none == 30
    assert [size.topic for size in found.sizes] == ["fruit", "nation"] and found.moved >= 20
    assert len(found.examples) == 20 and {move.old for move in found.examples} <= {"country", "company"}
    assert [(answer.text, answer.topic, len(answer.matches)) for answer in found.results] == [
        ("fruit", "fruit", 1),
        ("a country", "nation", 1),
    ]
    assert topics.all() == before and topics.preview(NAMES) == TopicPreview(
        words=30, moved=0, prototypes="label", sizes=topics.sizes().topics, none=0, examples=[], results=[]
    )
    assert len(topics.preview(NAMES, ["fruit"] * 1001).results) == 1001


def test_topics_are_compared_with_each_other(topics, service):
    found = topics.similarity()
    assert isinstance(found, Similarity) and found.rows == found.columns == list(NAMES)
    for cosines, expected in zip(found.matrix, service.similarity(NAMES).matrix, strict=True):
        assert cosines == pytest.approx(expected, abs=1e-6)
    service.clusterings.activate(service.clusterings.make(ClusteringSettings(around="topics")).id)
    assert topics.similarity().rows == list(NAMES)


def test_without_topics_there_is_nothing_to_compare_or_count(service):
    assert service.topics.similarity() == Similarity(rows=[], columns=[], matrix=[])
    service.words.add(["fruit", "country"])
    assert service.topics.sizes() == TopicSizes(words=2, none=2, prototypes="label", topics=[])
    assert [word.reason for word in service.topics.words("surest")] == ["no_topics"] * 2
    assert service.topics.preview(["fruit"]).moved == 2


def test_each_topic_has_a_size(topics):
    found = topics.sizes()
    assert (found.words, found.none, found.prototypes) == (30, 0, "label")
    assert [(size.topic, size.words) for size in found] == [(name, 10) for name in NAMES]
    topics.set_thresholds(Thresholds(topics={"fruit": 1.0}))
    assert [size.words for size in topics.sizes()] == [0, 10, 10] and topics.sizes().none == 10


def test_words_come_in_the_order_of_how_sure_their_topics_are(topics):
    surest = topics.words("surest")
    assert isinstance(surest, ClassifiedWords) and len(surest) == 30
    margins = [word.margin for word in surest]
    assert margins == sorted(margins, reverse=True)
    assert list(topics.words("unsure", limit=3)) == list(reversed(surest))[:3]
    assert {word.topic for word in topics.words("unsure", "fruit")} == {"fruit"}
    assert len(topics.words("surest", "fruit", 4)) == 4
    with pytest.raises(NotFound, match="animal"):
        topics.words("surest", "animal")
    line = json.loads("".join(topics.classify("fruit")).splitlines()[0])
    (same,) = [word for word in surest if word.id == line["id"]]
    assert same.model_dump() == {**line, "score": pytest.approx(same.score), "margin": pytest.approx(same.margin)}


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
    ("verb", "argument"),
    [
        ("add", [["animal"]]),
        ("delete", ["company"]),
        ("replace", [["fruit", "country"]]),
        ("change", ["company", TopicChange(name="firm")]),
    ],
)
def test_any_change_of_the_topics_ends_an_adaptation_and_says_so(topics, service, verb, argument):
    service.clusterings.activate(service.clusterings.make(ClusteringSettings(around="topics")).id)
    assert topics.nearest(["fruit"])[0].prototypes == topics.thresholds().prototypes == "adapted"
    assert topics.nearest(["fruit"], prototypes="label")[0].prototypes == "label"
    assert topics.replace(NAMES).adaptation is None  # the same set again is no change
    assert topics.nearest(["fruit"])[0].prototypes == "adapted"
    with pytest.raises(NotFound):
        topics.delete("nowhere")
    assert topics.change("fruit", TopicChange(name="fruit", description="")).adaptation is None
    assert topics.nearest(["fruit"])[0].prototypes == "adapted"
    assert getattr(topics, verb)(*argument).adaptation == "deactivated"
    assert topics.nearest(["fruit"])[0].prototypes == "label"
    assert topics.delete("country").adaptation is None


def test_going_back_to_labels_is_harmless_where_nothing_is_active(service):
    service.topics.deactivate()
    assert service.topics.thresholds().prototypes == "label"
