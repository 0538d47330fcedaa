"""Words in and out of a real store: what is embedded, what is kept, what is found."""

import threading
from base64 import b64encode

import numpy as np
import pytest

from indexer import Engine
from indexer.errors import InvalidRequest, NotFound, StoreUnavailable
from indexer.records import Topic, Word, text_hash
from indexer.words import memory
from indexer.words.paging import cursor_of


def word(text, id=None, **metadata):
    return Word(text, id or text_hash(text), metadata)


def test_the_same_again_changes_and_embeds_nothing(engine, model):
    first = engine.words.add([word("fruit a"), word("country b", colour="red")])
    assert (first.added, first.updated, first.unchanged) == (2, 0, 0)
    again = engine.words.add([word("fruit a"), word("country b", colour="red")])
    assert (again.added, again.updated, again.unchanged) == (0, 0, 2)
    assert model.texts == ["fruit a", "country b"]


def test_a_changed_text_under_the_same_id_is_embedded_again(engine, model):
    engine.words.add([word("fruit a", "1")])
    assert engine.words.add([word("country b", "1")]).updated == 1
    assert engine.words.get("1").text == "country b"
    assert engine.words.nearest(["country b"], 1)[0].matches[0].score == pytest.approx(1, abs=1e-6)


def test_the_same_text_under_two_ids_is_embedded_once(engine, model):
    engine.words.add([word("fruit a", "1"), word("fruit a", "2")])
    engine.words.add([word("fruit a", "3")])
    assert model.texts == ["fruit a"]
    assert engine.store.words.count() == 3


def test_an_id_whose_text_changes_to_a_known_text_gets_that_vector(engine, model):
    engine.words.add([word("fruit a", "1"), word("country b", "2")])
    engine.words.add([word("country b", "1")])
    assert model.texts == ["fruit a", "country b"]
    scores = {m.id: m.score for m in engine.words.nearest(["country b"], 2)[0].matches}
    assert scores == {"1": pytest.approx(1, abs=1e-6), "2": pytest.approx(1, abs=1e-6)}


def test_changed_metadata_alone_is_updated_whole_and_not_embedded(engine, model):
    engine.words.add([word("fruit a", "1", colour="red", size=3)])
    assert engine.words.add([word("fruit a", "1", size=3.5, ripe=True)]).updated == 1
    assert engine.words.get("1").metadata == {"size": 3.5, "ripe": True}
    assert model.texts == ["fruit a"]


def test_the_type_of_a_value_counts(engine):
    engine.words.add([word("fruit a", "1", n=1)])
    assert engine.words.add([word("fruit a", "1", n=True)]).updated == 1
    assert engine.words.get("1").metadata["n"] is True


def test_of_the_same_id_twice_in_a_call_the_last_one_counts(engine, model):
    added = engine.words.add([word("fruit a", "1"), word("country b", "1")])
    assert (added.added, added.ids) == (1, ["1", "1"])
    assert engine.words.get("1").text == "country b"


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


def test_pages_hold_their_place_while_words_are_deleted(engine):
    engine.words.add([word(f"fruit {i}", f"{i:02}") for i in range(20)])
    page = engine.words.page(8)
    assert [w.id for w in page.words] == [f"{i:02}" for i in range(8)]
    engine.words.delete(["01", "03", "07"])
    assert [w.id for w in engine.words.page(4, page.next).words] == ["08", "09", "10", "11"]


def test_a_caller_that_deletes_every_page_it_reads_sees_every_word(engine):
    engine.words.add([word(f"fruit {i}", f"{i:02}") for i in range(20)])
    seen, cursor = [], None
    while True:
        page = engine.words.page(6, cursor)
        seen += [w.id for w in page.words]
        engine.words.delete([w.id for w in page.words])
        if page.next is None:
            break
        cursor = page.next
    assert sorted(seen) == [f"{i:02}" for i in range(20)]


@pytest.mark.parametrize(
    "cursor",
    ["", "zzz", "MTIz", "WzAsIFtdXQ==", "WzEsIFtdXQ==", cursor_of([5, [[1]]]), b64encode(b"[" * 10**5).decode()],
)
def test_a_cursor_that_no_page_gave_is_refused(engine, cursor):
    engine.words.add([word("fruit")])
    with pytest.raises(InvalidRequest, match="cursor"):
        engine.words.page(1, cursor)


def test_what_is_deleted_is_gone(engine):
    engine.words.add([word("fruit a", "1"), word("fruit b", "2")])
    assert engine.words.delete(["1", "1", "nowhere"]) == 1
    with pytest.raises(NotFound, match="'1'"):
        engine.words.get("1")
    assert [m.id for m in engine.words.nearest(["fruit a"], 5)[0].matches] == ["2"]


def search_both(engine, *args):
    """Search through Chroma's index and then from memory: both must say the same."""
    engine.words.memory = None
    stored = engine.words.nearest(*args)
    engine.words.load()
    cached = engine.words.nearest(*args)
    ids = [[m.id for m in a.matches] for a in cached]
    assert [[m.id for m in a.matches] for a in stored] == ids
    assert [[m.score for m in a.matches] for a in stored] == [
        pytest.approx([m.score for m in a.matches], abs=1e-5) for a in cached
    ]
    return ids


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


def test_memory_follows_every_write(engine):
    engine.words.add([word("fruit a", "1"), word("fruit b", "2")])
    engine.words.load()
    engine.words.add([word("country c", "1"), word("company d", "3")])
    engine.words.delete(["2"])
    assert search_both(engine, ["country c"], 5)[0][0] == "1"
    assert {m.id for m in engine.words.nearest(["x"], 5)[0].matches} == {"1", "3"}


def test_what_was_written_is_there_for_the_next_process(engine, settings, model):
    engine.words.add([word("fruit a", "1", colour="red")])
    engine.close()
    with Engine(settings, load=lambda _: model) as later:
        assert later.words.get("1").metadata == {"colour": "red"}
        assert later.words.add([word("fruit a", "1", colour="red")]).unchanged == 1


@pytest.fixture
def served(settings, model, monkeypatch):
    """An engine that writes a few rows at a time, its words in memory, and a disk that can be full after some writes."""
    with Engine(settings, serving=True, load=lambda _: model) as engine:
        engine.words.load()
        disk = engine.store._words._disk

        def full_after(writes):
            checks = []

            def check(*rows):
                checks.append(rows)
                if len(checks) > writes:
                    raise StoreUnavailable("the disk is full")

            monkeypatch.setattr(disk, "check", check)

        engine.full_after = full_after
        yield engine


def test_memory_does_not_part_from_a_disk_that_is_full_half_way(served):
    words = [word(f"fruit {i}", str(i)) for i in range(200)]
    served.full_after(2)
    with pytest.raises(StoreUnavailable):
        served.words.add(words)
    assert 0 < served.words.count() == served.store.words.count() < 200
    served.full_after(100)
    assert served.words.add(words).unchanged > 0
    assert served.words.count() == 200
    assert [served.words.nearest([w.text], 1)[0].matches[0].id for w in words] == [w.id for w in words]

    served.full_after(1)
    with pytest.raises(StoreUnavailable):
        served.words.delete([w.id for w in words])
    left = set(served.store.words.ids())
    assert 0 < len(left) < 200
    assert {m.id for m in served.words.nearest(["fruit"], 200)[0].matches} == left


def test_where_the_store_cannot_be_read_either_memory_follows_before_the_next_change(served, monkeypatch):
    served.full_after(1)
    real = served.store.words.with_vectors

    def away(ids):
        raise StoreUnavailable("the store does not answer")

    monkeypatch.setattr(served.store.words, "with_vectors", away)
    with pytest.raises(StoreUnavailable):
        served.words.add([word(f"fruit {i}", str(i)) for i in range(100)])
    monkeypatch.setattr(served.store.words, "with_vectors", real)
    served.full_after(100)
    served.words.add([word("country", "other")])
    assert served.words.count() == served.store.words.count() > 1


def test_words_that_change_night_after_night_do_not_fill_the_memory(engine, monkeypatch):
    monkeypatch.setattr(memory, "_BLOCK", 16)
    engine.words.load()
    for night in range(10):
        engine.words.add([word(f"fruit {i}", str(i), night=night) for i in range(40)])
    assert len(engine.words.memory._blocks) <= 2 * 40 / 16 + 1
    assert search_both(engine, ["fruit 7"], 1) == [["7"]]
    assert engine.words.nearest(["fruit 7"], 1)[0].matches[0].metadata == {"night": 9}


def test_words_that_change_while_all_are_gone_through_are_not_left_out(engine, monkeypatch):
    monkeypatch.setattr(memory, "_BLOCK", 16)
    words = [word(f"fruit {i}", str(i)) for i in range(40)]
    engine.words.add(words)
    engine.words.load()
    pages = engine.words.pages()
    seen = [w.id for w in next(pages)[0]]
    engine.words.add([word("fruit", w.id, changed=True) for w in words[20:30]])
    seen += [w.id for page, _ in pages for w in page]
    assert sorted(seen, key=int) == [w.id for w in words]


def test_others_need_not_wait_for_the_model(engine, model, monkeypatch):
    engine.words.add([word("fruit", "1")])
    begun, go_on = threading.Event(), threading.Event()
    embed = model.embed

    def slow(texts):
        begun.set()
        assert go_on.wait(30)
        return embed(texts)

    monkeypatch.setattr(model, "embed", slow)
    adding = threading.Thread(target=engine.words.add, args=([word("country", "1"), word("company", "2")],))
    adding.start()
    assert begun.wait(30)
    assert engine.words.delete(["1"]) == 1  # and what the writer had found out before is old now
    go_on.set()
    adding.join(30)
    assert {id: engine.words.get(id).text for id in ("1", "2")} == {"1": "country", "2": "company"}
    assert model.texts == ["fruit", "country", "company"]


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
