"""Maps in the store: whole or not there, whatever happens, and examined and mended with the rest."""

import json
from dataclasses import replace

import numpy as np
import pytest

from indexer import Engine
from indexer.contract.maps import MapSettings
from indexer.embedders import ModelIdentity
from indexer.errors import NotFound, StoreUnavailable
from indexer.maps.history import MapHistory
from indexer.store import maps
from indexer.store.collection import Collection
from indexer.store.maps import MapContent, StoredMap
from tests.model import AxisEmbedder
from tests.store.damage import fault_counts, ill, make_words, mend, open_store

LANDMARKS = np.arange(24, dtype=np.float32).reshape(3, 8) / 7
PLACES = np.array([[0, 1], [2.5, 3], [65_535, 4]], dtype=np.float32)
KEYS = np.array([2**64 - 1, 0, 7, 1], dtype=np.uint64)
POSITIONS = np.array([[0, 1], [65_535, 3], [4, 5], [6, 7]], dtype=np.uint16)
CONTENT = MapContent(LANDMARKS, PLACES, 0.25, KEYS, POSITIONS)


@pytest.fixture
def drawn(engine, monkeypatch):
    """A store with a map whose content is in several rows, and the id of that map."""
    monkeypatch.setattr(maps, "_PART", 48)
    engine.words.add(make_words(0, 30))
    id = engine.maps.history.add(MapSettings(start=None), 4)
    engine.maps.history.finish(engine.maps.history.get(id).updated(status="done"), CONTENT)
    return engine, id


def assert_content(found):
    for name in ("landmarks", "places", "keys", "positions"):
        one, other = getattr(found, name), getattr(CONTENT, name)
        assert one.dtype == other.dtype and np.array_equal(one, other)
    assert found.reach == 0.25


def test_a_map_reads_back_bit_by_bit_also_after_it_was_pinned_and_in_another_process(drawn, settings):
    engine, id = drawn
    assert_content(engine.store.maps.content(id))
    assert engine.maps.pin(id).pinned
    engine.close()
    store = open_store(settings)
    assert_content(store.maps.content(id))
    assert store.maps.get(id).record.pinned and fault_counts(store) == {}
    store.close()


def test_a_stored_map_reads_back_equal_and_keeps_nothing_that_changes_by_itself(drawn):
    engine, id = drawn
    stored = engine.store.maps.get(id)
    assert StoredMap.from_json(stored.to_json()) == stored
    assert StoredMap.from_json(stored.updated(new_words=3).to_json()) == stored


@pytest.mark.parametrize("rows", [0, 1, 3, 4])
def test_a_kill_leaves_no_map_or_a_whole_one(engine, settings, monkeypatch, rows):
    """The content has four rows and the map one; the process ends once it has written so many."""
    monkeypatch.setattr(maps, "_PART", 48)
    engine.words.add(make_words(0, 30))
    id = engine.maps.history.add(MapSettings(start=None), 4)
    upsert, written = Collection.upsert, []

    def killed(collection, ids, *rest):
        if len(written) == rows:
            raise SystemExit
        written.append(ids)
        upsert(collection, ids, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(Collection, "upsert", killed)
        with pytest.raises(SystemExit):
            engine.maps.history.finish(engine.maps.history.get(id).updated(status="done"), CONTENT)
    engine.close()
    with Engine(settings, load=lambda _: AxisEmbedder()) as later:
        assert fault_counts(later.store) == {"maps_stopped": 1}
        later.maps.fail_abandoned()
        assert later.maps.get(id).status == "failed"
        assert next(iter(later.store.maps.inspect())).rows == (id,)
        assert fault_counts(later.store) == {}
        with pytest.raises(NotFound):
            later.store.maps.content(id)


def test_what_is_deleted_or_dropped_leaves_no_row(drawn, monkeypatch):
    monkeypatch.setattr("indexer.clusters.history.KEPT", 0)
    engine, _ = drawn
    later = engine.maps.history.add(MapSettings(start=None), 4)
    engine.maps.history.finish(engine.maps.history.get(later).updated(status="done"), CONTENT)
    assert list(engine.store.maps.inspect()) == []


def test_a_damaged_map_goes_and_one_that_nobody_draws_has_failed(drawn, settings, model):
    engine, id = drawn
    kinds = {"missing": None, "other": "AAAA", "no base64": "?"}
    damaged = []
    for _ in kinds:
        damaged.append(engine.maps.history.add(MapSettings(start=None), 4))
        engine.maps.history.finish(engine.maps.history.get(damaged[-1]).updated(status="done"), CONTENT)
    waiting = engine.maps.create(MapSettings(start=None))
    client, rows = ill(engine, settings, "topicdex-maps")
    for one, content in zip(damaged, kinds.values(), strict=True):
        if content is None:
            rows.delete(ids=[f"{one}/2"])
        else:
            rows.update(ids=[f"{one}/2"], metadatas=[{"topicdex:content": content}])
    rows.add(ids=["mine"], embeddings=[[1.0]], documents=["x"], metadatas=[{"my": 1}])
    client.close()
    store = open_store(settings)
    assert fault_counts(store) == {"maps_damaged": 3, "maps_orphans": 1, "maps_stopped": 1}
    for one in damaged:
        with pytest.raises(StoreUnavailable, match="doctor --repair"):
            store.maps.content(one)
    mend(store, model)
    assert fault_counts(store) == {}
    assert {one.id: one.record.status for one in store.maps.all()} == {id: "done", waiting: "failed"}
    assert_content(store.maps.content(id))
    store.close()


def test_a_store_that_is_bound_to_another_model_has_no_more_maps(drawn):
    engine, id = drawn
    engine.words.delete([word.id for word in make_words(0, 30)])
    engine.store.bind_model(ModelIdentity("other", "1", 4))
    assert len(engine.maps.all()) == 0
    with pytest.raises(NotFound):
        engine.maps.points(id)


def test_the_work_of_a_process_that_died_is_failed_and_another_may_cancel_it(engine, monkeypatch):
    monkeypatch.setattr(engine.store, "mode", "server")
    engine.words.add(make_words(0, 30))
    other = MapHistory(engine.store)
    left = other.add(MapSettings(start=None), 4)
    engine.maps.delete(left)  # it goes on elsewhere: it is asked to end
    assert engine.maps.get(left).status == "queued" and engine.store.maps.cancel_requested(left)
    other.finish(other.get(left).updated(status="done"), CONTENT)
    assert len(engine.maps.all()) == 0
    dead = other.add(MapSettings(start=None), 4)
    engine.store.maps.write(replace(other.get(dead), heartbeat=0.0))
    engine.maps.heartbeat()
    assert engine.maps.get(dead).status == "failed"


def test_the_record_is_small_and_says_nothing_of_a_host(drawn):
    engine, id = drawn
    fields = json.loads(engine.store.maps.get(id).to_json())
    assert fields["content"].keys() == {"landmarks", "dimension", "words", "reach", "checksum"}
    assert len(json.dumps(fields)) < 1_000
