"""What is written, what of it is embedded, and what is left where a write fails half way."""

import threading

import pytest

from indexer import Engine
from indexer.contract.words import Counts
from indexer.errors import StoreUnavailable
from indexer.words import upsert
from tests.words.conftest import word


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


@pytest.fixture
def served(settings, model, monkeypatch):
    """An engine that writes a few rows at a time, its words in memory, and a disk that can be full after some writes."""
    with Engine(settings, serving=True, load=lambda _: model) as engine:
        engine.words.load()
        room = engine.store._words._disk

        def full_after(writes):
            checks = []

            def check(*rows):
                checks.append(rows)
                if len(checks) > writes:
                    raise StoreUnavailable("the disk is full")

            monkeypatch.setattr(room, "check", check)

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


@pytest.fixture
def small(monkeypatch):
    """Batches of two words, looked up three at a time."""
    monkeypatch.setattr(upsert, "BATCH", 2)
    monkeypatch.setattr(upsert, "LOOKUP", 3)


def test_the_fingerprint_of_a_word_that_comes_in_is_looked_up_once(engine, monkeypatch, small):
    engine.embedder()  # a new store opens its collections again for its first model
    looked_up, unchanged = [], engine.store.words.unchanged

    def counted(words):
        looked_up.extend(word.id for word in words)
        return unchanged(words)

    monkeypatch.setattr(engine.store.words, "unchanged", counted)
    words = [word(f"fruit {i}", str(i)) for i in range(8)]
    engine.words.index(words, lambda counts: None)
    assert sorted(looked_up) == [w.id for w in words]
    looked_up.clear()
    engine.words.index(words, lambda counts: None)
    engine.words.add([word("country", "new")])
    assert sorted(looked_up) == [*(w.id for w in words), "new"]


def test_what_another_thread_writes_after_the_look_up_is_noticed(engine, model, small):
    words = [word(f"fruit {i}", str(i)) for i in range(4)]
    batches = []

    def on_batch(counts):
        if not batches:  # all four were looked up; this one is in the next batch
            engine.words.add([words[2]])
        batches.append(counts)

    engine.words.index(words, on_batch)
    assert batches == [Counts(added=2, embedded=2), Counts(added=1, unchanged=1, embedded=1)]
    assert model.texts == [w.text for w in words]


def test_a_plan_that_was_made_during_a_write_is_made_again(engine, monkeypatch):
    engine.embedder()
    write, planned = engine.store.words.write, threading.Event()
    vectors_of_texts = engine.store.words.vectors_of_texts
    late = threading.Thread(target=engine.words.add, args=([word("fruit", "1", size=3)],))

    def slow(*rows):
        if not late.ident:
            late.start()
            assert planned.wait(30)
        write(*rows)

    def noticed(hashes):
        found = vectors_of_texts(hashes)
        if threading.current_thread() is late:
            planned.set()
        return found

    monkeypatch.setattr(engine.store.words, "write", slow)
    monkeypatch.setattr(engine.store.words, "vectors_of_texts", noticed)
    engine.words.add([word("fruit", "1", colour="red")])
    late.join(30)
    assert engine.words.get("1").metadata == {"size": 3}  # and not the colour too, which the plan did not know of


@pytest.mark.parametrize("stored", [[], [word("fruit", "1"), word("company", "4")]])
def test_a_plan_says_what_index_does_whatever_the_batches(engine, small, stored):
    engine.words.add(stored)
    words = [word("fruit" if i % 2 else "country", str(i)) for i in range(9)]
    planned, batches = engine.words.plan(words), []
    engine.words.index(words, batches.append)
    assert planned == sum(batches, Counts())
    assert planned.embedded == (1 if stored else 2)
