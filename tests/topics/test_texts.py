"""The texts of a topic: taken apart, put together again, and which of them speaks for an answer."""

import numpy as np

from indexer.records import Topic
from indexer.store.topics import TopicText
from indexer.topics.texts import SENTENCES, given_texts, in_sentences, texts_by_topic

AXES = np.eye(8, dtype=np.float32)
GIVEN = [Topic("fruit", "sweet", ("apple", "pear")), Topic("country", " "), Topic("company", "", ("shell",))]


def rows(topics=GIVEN):
    texts = [(topic.name, role, text) for topic in topics for role, text in given_texts(topic)]
    return [TopicText(*row, AXES[i]) for i, row in enumerate(texts)]


def test_topics_are_put_together_as_they_were_given_except_for_blank_descriptions():
    put_together = [texts.topic() for texts in texts_by_topic(rows()).values()]
    assert put_together == [GIVEN[0], Topic("country"), GIVEN[2]]


def test_a_topic_whose_name_is_lost_is_left_out():
    assert list(texts_by_topic(rows()[1:])) == ["country", "company"]


def test_vectors_are_known_by_their_role():
    fruit, country, company = (texts.by_role() for texts in texts_by_topic(rows()).values())
    assert (
        (fruit.name == AXES[0]).all() and (fruit.description == AXES[1]).all() and (fruit.examples == AXES[2:4]).all()
    )
    assert (country.name == AXES[4]).all() and country.description is None and country.examples.shape == (0, 8)
    assert company.description is None and (company.examples == AXES[[6]]).all()


def test_the_nearest_text_speaks_for_a_topic_that_has_more_than_a_name():
    fruit, country, _ = texts_by_topic(rows()).values()
    strongest = fruit.strongest_evidence(0.6 * AXES[3] + 0.8 * AXES[4])
    assert (strongest.role, strongest.text) == ("example", "pear")
    assert np.isclose(strongest.score, 0.6)
    assert country.strongest_evidence(AXES[4]) is None


def test_names_are_put_into_the_same_sentences_for_every_topic_in_one_call():
    asked = []

    def embed(texts):
        asked.append(list(texts))
        return AXES[: len(texts)]

    topics = [texts.by_role() for texts in texts_by_topic(rows(GIVEN[:2])).values()]
    with_sentences = in_sentences(topics, ["fruit", "country"], embed)
    assert asked == [[sentence.format(name) for name in ("fruit", "country") for sentence in SENTENCES]]
    assert [(topic.sentences == AXES[i : i + 3]).all() for i, topic in zip((0, 3), with_sentences, strict=True)]
