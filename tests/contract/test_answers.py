"""Answers as values: sequences of rows that cannot be changed, and data frames where pandas is installed."""

import sys

import pandas
import pytest
from pydantic import ValidationError

from indexer.contract.clusterings import ClusteringDiff, ClusteringSettings
from indexer.contract.topics import TopicRecord, TopicSet
from indexer.contract.words import WordAnswer, WordMatch, WordPage, WordRecord
from indexer.errors import InvalidRequest
from indexer.records import LabelledText, Word

NAMES = ("fruit", "country", "company")
TOPICS = TopicSet(topics=[TopicRecord(name=name) for name in NAMES])


@pytest.fixture
def corpus(service):
    """A corpus of six words in three groups with as many topics."""
    service.words.add([Word(f"{name} {i}", f"{name}{i}", {"row": i}) for name in NAMES for i in (1, 2)])
    service.topics.replace(NAMES)
    return service


def test_an_answer_of_several_rows_is_a_sequence():
    assert len(TOPICS) == 3
    assert TOPICS[0].name == "fruit" and TOPICS[-1].name == "company"
    assert [topic.name for topic in TOPICS] == list(NAMES)
    assert [topic.name for topic in TOPICS[1:]] == ["country", "company"]
    assert [topic.name for topic in reversed(TOPICS)] == ["company", "country", "fruit"]
    assert TopicRecord(name="fruit") in TOPICS and TopicRecord(name="animal") not in TOPICS
    with pytest.raises(IndexError):
        TOPICS[3]
    with pytest.raises(ValidationError):
        TOPICS.topics = []


def test_its_text_is_short_and_says_what_is_in_it():
    assert repr(TOPICS) == str(TOPICS) == "<TopicSet: 3 topics>"
    assert repr(WordPage(words=[], next=None, total=0)) == "<WordPage: 0 words>"


def test_lookups_become_frames(corpus):
    topics = corpus.topics.nearest(["a fruit", "a country"]).to_frame()
    assert list(topics["text"]) == ["a fruit", "a country"] and list(topics["topic"]) == ["fruit", "country"]
    assert {"reason", "score", "margin", "threshold", "prototypes"} <= set(topics.columns)
    words = corpus.words.nearest(["fruit 1", "country 2"], 2).to_frame()
    assert list(words.columns) == ["query", "id", "text", "score", "row"]
    assert list(words["query"]) == ["fruit 1"] * 2 + ["country 2"] * 2
    assert list(words["id"][::2]) == ["fruit1", "country2"] and list(words["row"][::2]) == [1, 2]
    clustering = corpus.clusterings.make(ClusteringSettings(k=3))
    clusters = corpus.clusterings.nearest(["a fruit"], 3).to_frame()
    assert list(clusters.columns) == ["text", "cluster", "name", "score"]
    assert set(clusters["cluster"]) == {cluster.id for cluster in clustering.clusters}
    assert len(corpus.topics.nearest([]).to_frame()) == 0


def test_what_is_stored_becomes_frames(corpus):
    page = corpus.words.page(100).to_frame()
    assert list(page.columns) == ["id", "text", "row"] and len(page) == 6
    topics = corpus.topics.all().to_frame()
    assert list(topics.columns) == ["name", "description", "examples"] and list(topics["name"]) == list(NAMES)
    clustering = corpus.clusterings.make(ClusteringSettings(k=3))
    clusters = clustering.to_frame()
    assert (
        list(clusters.columns) == ["id", "name", "size", "keywords", "examples"] and list(clusters["size"]) == [2] * 3
    )
    words = corpus.clusterings.words(clustering.id, 100).to_frame()
    assert list(words.columns) == ["id", "text", "cluster"] and set(words["cluster"]) == set(clusters["id"])
    every = corpus.clusterings.all().to_frame()
    assert list(every["id"]) == [clustering.id] and list(every["k"]) == [3]
    assert "clusters" not in every.columns


def test_a_comparison_of_clusterings_becomes_a_row_for_each_cluster():
    continued = [{"from": "A-0", "to": "B-1", "shared": 7}]
    common = {"born": ["B-0"], "gone": ["A-1"], "split": [], "merged": [], "moved": 1, "common": 9}
    diff = ClusteringDiff.model_validate({"from": "A", "to": "B", "continued": continued} | common)
    assert diff.to_frame().columns.tolist() == ["from", "to", "shared"]
    assert diff.records() == [
        *continued,
        {"from": None, "to": "B-0", "shared": 0},
        {"from": "A-1", "to": None, "shared": 0},
    ]


def test_similarities_become_a_labelled_matrix(corpus):
    frame = corpus.similarity(["fruit", "a country"], NAMES).to_frame()
    assert list(frame.index) == ["fruit", "a country"] and list(frame.columns) == list(NAMES)
    assert frame.loc["fruit", "fruit"] == pytest.approx(1, abs=1e-6)
    assert list(frame.idxmax(axis=1)) == ["fruit", "country"]


def test_measurements_become_a_row_for_each_rate(corpus):
    rows = [LabelledText(f"{name} {i}", name) for name in NAMES for i in range(20)]
    evaluation = corpus.topics.evaluate(rows)
    frame = evaluation.to_frame().set_index("figure")
    assert list(frame.columns) == ["value", "low", "high", "n"]
    assert frame.loc["accuracy", "value"] == evaluation.accuracy.value == 1
    assert {"macro_f1", "auroc", "precision", "coverage", "none_recall"} <= set(frame.index)
    calibration = corpus.topics.calibrate(rows)
    frame = calibration.to_frame()
    assert list(frame.columns) == ["criterion", "figure", "value", "low", "high", "n"]
    assert frame["criterion"][0] == calibration.criterion
    assert set(frame["criterion"]) == {calibration.criterion, *calibration.tried}
    assert not frame.duplicated(["criterion", "figure"]).any()


def test_info_becomes_one_row(corpus):
    frame = corpus.info().to_frame()
    assert len(frame) == 1
    row = frame.iloc[0]
    assert (row["model"], row["dimension"], row["words"], row["topics"], row["mode"]) == ("axes", 8, 6, 3, "embedded")


def test_metadata_by_the_name_of_a_column_has_a_column_of_its_own():
    metadata = {"text": "mine", "query": "mine too", "n": 1}
    assert WordRecord(id="1", text="fruit", metadata=metadata).records() == [
        {"id": "1", "text": "fruit", "metadata.text": "mine", "query": "mine too", "n": 1}
    ]
    match = WordMatch(id="1", text="fruit", metadata=metadata, score=0.5)
    row = {"query": "a", "id": "1", "text": "fruit", "score": 0.5}
    assert WordAnswer(text="a", matches=[match]).records() == [
        row | {"metadata.text": "mine", "metadata.query": "mine too", "n": 1}
    ]


def test_without_pandas_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(InvalidRequest, match="pip install pandas"):
        TOPICS.to_frame()


def test_a_frame_is_a_pandas_data_frame():
    assert isinstance(TOPICS.to_frame(), pandas.DataFrame)
