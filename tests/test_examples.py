"""The bundled example: it reads without a skipped row, and its parts fit together."""

from importlib.resources import as_file, files

import pytest

from indexer.readers import read_labelled, read_topics, read_words
from indexer.records import LabelledText, Word

NOTEBOOK = ["Apple", "Mango", "Banana", "India", "France", "Google", "Facebook"]


@pytest.fixture
def example():
    with as_file(files("indexer") / "examples") as folder:
        yield folder


def test_the_notebook_has_its_seven_words_and_three_topics(example):
    assert [row.text for row in read_words(example / "notebook.csv")] == NOTEBOOK
    assert [topic.name for topic in read_topics(example / "notebook_topics.csv")] == [
        "Fruit",
        "Country",
        "Company",
    ]


def test_the_example_has_300_words_in_12_topics(example):
    words = list(read_words(example / "words.csv"))
    assert all(isinstance(row, Word) for row in words)
    assert len({word.id for word in words}) == 300
    assert set(NOTEBOOK) <= {word.text for word in words}
    topics = read_topics(example / "topics.csv")
    assert len(topics) == 12
    assert all(topic.description for topic in topics)


def test_the_labelled_texts_are_new_and_their_labels_are_topics_or_none(example):
    rows = list(read_labelled(example / "labelled.csv"))
    assert all(isinstance(row, LabelledText) for row in rows)
    topics = read_topics(example / "topics.csv")
    known = {word.text.casefold() for word in read_words(example / "words.csv")}
    known |= {text.casefold() for topic in topics for text in topic.examples}
    assert not known & {row.text.casefold() for row in rows}
    assert {row.label for row in rows} == {topic.name for topic in topics} | {"none"}
    assert sum(row.label == "none" for row in rows) == 30
