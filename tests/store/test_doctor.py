"""The doctor: what is wrong with a store is found and said, and nothing is said of one that is whole."""

import json

import pytest

from indexer.cli import run
from indexer.contract.clusterings import ClusteringSettings
from indexer.records import Topic, Word
from indexer.store.doctor import _FAULTS, Finding, examine
from tests.model import AxisEmbedder
from tests.store.damage import cut_off_index, fault_counts, ill, make_words, open_store, plain
from tests.store.test_snapshots import put, take


def test_a_sample_shows_the_damage_too(damaged):
    store = open_store(damaged[0])
    found = examine(store, 500)
    assert 400 <= found.examined <= 500 and not found.healthy
    store.close()


def test_the_command_line_says_a_line_each_and_mends(damaged, monkeypatch, capsys):
    settings, _ = damaged
    monkeypatch.setattr("indexer.embedders.load_embedder", lambda *_, **__: AxisEmbedder())
    assert run(["doctor", "--data", str(settings.data), "--all"]) == 1
    assert "words have lost their vector; --repair embeds their texts again" in capsys.readouterr().out
    assert run(["doctor", "--data", str(settings.data), "--repair"]) == 0
    told = capsys.readouterr()
    assert told.out == "2800 words examined, nothing wrong\n"
    assert "texts will be embedded again by axes" in told.err
    assert run(["doctor", "--data", str(settings.data), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["healthy"] is True


def test_the_command_line_mends_an_index_that_was_cut_off(engine, settings, monkeypatch, capsys):
    monkeypatch.setattr("indexer.embedders.load_embedder", lambda *_, **__: AxisEmbedder())
    engine.words.add(make_words(0, 1_500))
    engine.close()
    for folder in settings.data.iterdir():
        cut_off_index(folder)
    assert run(["words", "list", "--data", str(settings.data)]) == 1
    assert "topicdex doctor" in capsys.readouterr().err
    assert run(["doctor", "--data", str(settings.data)]) == 1
    assert capsys.readouterr().out.startswith("1 index was cut off by a full disk or a kill")
    assert run(["doctor", "--data", str(settings.data), "--repair"]) == 0
    assert capsys.readouterr().out == "1500 words examined, nothing wrong\n"


def test_a_healthy_store_is_left_alone(engine, model):
    engine.words.add([*make_words(0, 30), Word("x" * 50, "odd", {"b": True, "s": "é", "f": 1.0, "i": 2**53 + 1})])
    engine.topics.replace([Topic("fruit", "sweet", ("apple",)), Topic("country")])
    engine.clusterings.run(engine.clusterings.create(ClusteringSettings(k=2)), lambda _: None)
    run_ = engine.clusterings.run(engine.clusterings.create(ClusteringSettings(around="topics")), lambda _: None)
    engine.clusterings.activate(run_.id)
    assert fault_counts(engine.store) == {}


def test_an_empty_store_is_healthy(engine):
    assert fault_counts(engine.store) == {}


@pytest.mark.parametrize("code", _FAULTS)
def test_what_is_wrong_agrees_with_its_number(code):
    one, two = str(Finding(code, 1)), str(Finding(code, 2))
    assert one.startswith("1 ") and two.startswith("2 ")
    assert not set("{|}") & set(one + two)
    plural = {"words", "indexes", "rebuildings", "texts", "sets", "rows", "clusterings", "have", "are", "were", "their"}
    assert not plural & set(one.split(";")[0].replace("other words", "").split()[:3])


def test_one_word_that_has_lost_its_vector_is_one_word(engine, settings, capsys):
    assert str(Finding("gone", 1)) == "1 word has lost its vector; --repair embeds its text again"
    assert str(Finding("gone", 2)) == "2 words have lost their vector; --repair embeds their texts again"
    engine.words.add(make_words(0, 1))
    client, rows = ill(engine, settings)
    rows.update(ids=["w0"], metadatas=[{"by": 7}], embeddings=[[1.0] + [0.0] * 7])
    client.close()
    assert run(["doctor", "--data", str(settings.data)]) == 1
    assert capsys.readouterr().out == (
        "1 word has a vector that is not its own; --repair embeds its text again\n1 word examined, 1 wrong\n"
    )


@pytest.fixture
def snapshotted(engine, settings):
    """A store with a snapshot of 30 words, closed."""
    engine.words.add([*make_words(0, 29), Word("animal", "odd", {"f": 1.0})])
    take(engine.store)
    engine.close()
    return settings


def wrong_in_the_snapshot(settings, sample=None):
    store = open_store(settings)
    counts = fault_counts(store, sample)
    store.close()
    return counts.get("snapshot", 0)


def test_a_snapshot_that_is_right_is_healthy_also_where_words_changed_since(snapshotted):
    assert wrong_in_the_snapshot(snapshotted) == 0
    store = open_store(snapshotted)
    put(store, Word("fruit new", "new"), Word("country", "w3"))
    store.words.delete(["w4"])
    store.close()
    assert wrong_in_the_snapshot(snapshotted) == 0


def flip(settings, name, at):
    """Change one byte of a file of the snapshot."""
    (path,) = settings.data.glob(f"snapshot/*/{name}")
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def test_a_vector_that_differs_in_the_snapshot_is_found(snapshotted):
    flip(snapshotted, "vectors.f32", 8 * 8 * 4 - 2)
    assert wrong_in_the_snapshot(snapshotted) == 1


def test_a_text_and_metadata_that_differ_in_the_snapshot_are_found(snapshotted):
    (path,) = snapshotted.data.glob("snapshot/*/words.arrow")
    flip(snapshotted, "words.arrow", path.read_bytes().index(b"animal"))
    assert wrong_in_the_snapshot(snapshotted) == 1
    (path,) = snapshotted.data.glob("snapshot/*/pairs.arrow")
    flip(snapshotted, "pairs.arrow", path.read_bytes().index(b'["f", 1.0]') + 6)
    assert wrong_in_the_snapshot(snapshotted) == 1


def test_words_that_only_one_of_the_two_has_are_found(snapshotted):
    client, rows = plain(snapshotted)
    rows.delete(ids=["w1", "w2"])
    client.close()
    assert wrong_in_the_snapshot(snapshotted) == wrong_in_the_snapshot(snapshotted, 5) == 2


def test_the_repair_removes_a_snapshot_that_is_wrong(snapshotted, monkeypatch, capsys):
    monkeypatch.setattr("indexer.embedders.load_embedder", lambda *_, **__: AxisEmbedder())
    flip(snapshotted, "vectors.f32", 2)
    assert run(["doctor", "--data", str(snapshotted.data)]) == 1
    assert capsys.readouterr().out == (
        "1 word is not in the snapshot as in the store; --repair removes the snapshot\n30 words examined, 1 wrong\n"
    )
    assert run(["doctor", "--repair", "--data", str(snapshotted.data)]) == 0
    told = capsys.readouterr()
    assert told.out == "30 words examined, nothing wrong\n" and "the snapshot is removed" in told.err
    assert not list(snapshotted.data.glob("snapshot/*"))
