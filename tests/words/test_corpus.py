"""Words in and out of a real store: what is kept, what is found."""

import numpy as np
import pytest

from indexer import Engine
from indexer.errors import NotFound
from indexer.records import Topic
from tests.words.conftest import search_both, word


@pytest.mark.parametrize(
    "text",
    ["nul \0 here", "emoji 😀👩‍👩‍👧", "עברית ثم العربية", " leading and trailing ", "a\r\nb\u2028c", "x" * 100_000],
)
def test_a_text_is_kept_exactly_as_it_was_sent(engine, text):
    engine.words.add([word(text, "odd/../id ?#%")])
    assert engine.words.get("odd/../id ?#%").text == text
    assert engine.words.page(10).words[0].text == text


def test_vectors_are_stored_at_unit_length(engine):
    engine.words.add([word(f"fruit {i}") for i in range(20)])
    vectors = np.vstack([v for _, v in engine.store.words.pages()])
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_what_is_deleted_is_gone(engine):
    engine.words.add([word("fruit a", "1"), word("fruit b", "2")])
    assert engine.words.delete(["1", "1", "nowhere"]) == 1
    with pytest.raises(NotFound, match="'1'"):
        engine.words.get("1")
    assert [m.id for m in engine.words.nearest(["fruit a"], 5)[0].matches] == ["2"]


def test_neighbours_are_the_same_from_the_index_and_from_memory(engine):
    engine.words.add(
        [word(f"{kind} {i}", f"{kind}{i}", kind=kind, n=i) for kind in ("fruit", "country") for i in range(30)]
    )
    found = search_both(engine, ["fruit 7", "country 3"], 5)
    assert [ids[0] for ids in found] == ["fruit7", "country3"]
    assert all(id.startswith("fruit") for id in found[0])


def test_where_keeps_words_with_that_metadata(engine):
    engine.words.add(
        [word(f"{kind} {i}", f"{kind}{i}", kind=kind, n=i) for kind in ("fruit", "country") for i in range(9)]
    )
    assert search_both(engine, ["fruit 1"], 3, {"kind": "country", "n": 4}) == [["country4"]]
    assert search_both(engine, ["fruit 1"], 3, {"nowhere": True}) == [[]]


def test_what_was_written_is_there_for_the_next_process(engine, settings, model):
    engine.words.add([word("fruit a", "1", colour="red")])
    engine.close()
    with Engine(settings, load=lambda _: model) as later:
        assert later.words.get("1").metadata == {"colour": "red"}
        assert later.words.add([word("fruit a", "1", colour="red")]).unchanged == 1


def test_many_rows_that_share_a_value_are_read_a_page_at_a_time(engine, monkeypatch):
    engine.topics.replace([Topic("fruit", "", tuple(f"fruit {i}" for i in range(50)))])
    engine.words.add([word("yes", str(i), row=i) for i in range(50)])
    monkeypatch.setattr("indexer.store.collection._PAGE", 10)
    sizes = []
    for collection in (engine.store._words._collection, engine.store._topics._collection):
        get = collection.get

        def counted(get=get, **asked):
            found = get(**asked)
            sizes.append(len(found["ids"]) if asked.get("include") else 0)
            return found

        monkeypatch.setattr(collection, "get", counted)
    engine.topics.load()
    assert len(engine.topics.all().topics[0].examples) == 50
    assert engine.words.add([word("yes", "more")]).embedded == 0
    assert engine.words.nearest(["yes"], 60)[0].matches[0].text == "yes"
    assert 0 < max(sizes) <= 10


def test_topics_of_which_rows_are_gone_are_whole_when_they_are_set_again(engine):
    topics = [Topic("fruit", "", ("fruit a", "fruit b")), Topic("country")]
    engine.topics.replace(topics)
    engine.store._topics.delete(engine.store._topics.ids()[:1])  # the name
    engine.topics.load()
    assert [topic.name for topic in engine.topics.all().topics] == ["country"]
    engine.topics.replace(topics)
    engine.topics.load()
    assert [topic.examples for topic in engine.topics.all().topics] == [["fruit a", "fruit b"], []]


def test_the_background_follows_words_that_are_exchanged_one_for_another(engine):
    engine.topics.replace([Topic("fruit"), Topic("country")])
    engine.words.add([word(f"fruit {i}", str(i)) for i in range(100)])
    engine.words.load()
    before = engine.topics.null_scores()
    engine.words.add([word("fruit country", "0")])
    assert engine.topics.null_scores() is before
    engine.words.add([word("fruit country", str(i)) for i in range(100)])
    assert engine.topics.null_scores().percentiles != before.percentiles
