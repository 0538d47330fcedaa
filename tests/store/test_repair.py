"""The repair: whatever the doctor finds is mended, nothing is lost on the way, and nothing is embedded without need."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from indexer import Engine
from indexer.contract.clusterings import ClusteringSettings
from indexer.errors import InvalidRequest, ModelMismatch, StoreFormat
from indexer.records import Topic, Word
from indexer.store.doctor import examine
from indexer.store.repair import Repair
from tests.model import AxisEmbedder
from tests.store.damage import (
    assert_all_there,
    cut_off_index,
    fault_counts,
    ill,
    make_words,
    mend,
    open_store,
    plain,
    remove_index,
    sorted_as,
    stored,
)


def test_what_two_plain_clients_lost_is_found_and_mended(damaged, model):
    settings, words = damaged
    store = open_store(settings)
    counts = fault_counts(store)
    assert counts["gone"] > 0 and counts["wrong"] > 0  # and now and then one that is lost
    mend(store, model)
    assert len(model.texts) == counts["gone"] + counts["wrong"]
    assert set(store.words.ids()) == {word.id for word in words}
    assert_all_there(store, sorted_as(store, words))
    store.close()
    with Engine(settings, load=lambda _: model) as engine:
        assert engine.words.nearest(["fruit 1502"], 1)[0].matches[0].text == "fruit 1502"
        assert engine.words.add(words[-500:]).unchanged == 500


KILLED = """
import os, sys, pathlib
from indexer import Settings
from indexer.store import repair
from indexer.store.doctor import examine
from indexer.store.store import Store
from indexer.store.chroma import Chroma
from tests.model import AxisEmbedder
folder, where = pathlib.Path(sys.argv[1]), sys.argv[2]
store = Store.open(Settings(data=folder, model="axes"), damaged=True)
def told(message):
    if where == "copying" and message.startswith("20 of"):
        os.kill(os.getpid(), 9)
if where in ("drop", "rename"):
    def die(*_): os.kill(os.getpid(), 9)
    setattr(Chroma, where, die)
repair._BATCH = 10
repair.Repair(store, examine(store, None), "axes", lambda _: AxisEmbedder(), told).run()
"""


@pytest.mark.parametrize("where", ["copying", "drop", "rename"])
def test_a_repair_that_is_killed_loses_nothing_and_is_run_again(engine, settings, model, where):
    words = make_words(0, 50)
    engine.words.add(words)
    client, rows = ill(engine, settings)
    rows.update(ids=["w7"], embeddings=[[1.0] + [0.0] * 7])
    client.close()
    killed = subprocess.run([sys.executable, "-c", KILLED, str(settings.data), where], stderr=subprocess.PIPE)
    assert killed.returncode == -9, killed.stderr.decode()
    store = open_store(settings)
    assert [(w.id, w.text) for w, _ in stored(store)] == [(w.id, w.text) for w in words]
    if where == "copying":
        assert fault_counts(store) == {"unfinished": 1, "wrong": 1}
        mend(store, model)
    assert_all_there(store, words)
    store.close()


def test_vectors_that_no_search_finds_are_indexed_again_and_not_embedded(settings, model):
    words = make_words(0, 1_500)
    with Engine(settings, load=lambda _: model) as engine:
        engine.words.add(words)
    (index,) = settings.data.glob("*/data_level0.bin")
    graph = bytearray(index.read_bytes())
    element = 4 + 64 * 4 + 8 * 4 + 8  # the number of links, 64 links, 8 dimensions, a label
    assert len(graph) % element == 0
    for i in range(0, len(graph), element):
        graph[i : i + 4] = bytes(4)
    index.write_bytes(graph)
    model.texts.clear()
    store = open_store(settings)
    counts = fault_counts(store)
    assert counts.keys() == {"lost"} and counts["lost"] > 900
    mend(store, model)
    assert model.texts == []
    assert_all_there(store, words)
    store.close()


def test_a_word_that_no_other_leads_to_is_linked_again_and_was_found_by_its_text(settings, model):
    words = make_words(0, 1_500)
    with Engine(settings, load=lambda _: model) as engine:
        engine.words.add(words)
    (index,) = settings.data.glob("*/data_level0.bin")
    graph = np.frombuffer(index.read_bytes(), np.uint8).reshape(1_500, 4 + 64 * 4 + 8 * 4 + 8).copy()
    counts, links = graph[:, :2].view(np.uint16), graph[:, 4 : 4 + 64 * 4].view(np.uint32)
    unlinked = 700
    for row, count in enumerate(counts[:, 0]):
        kept = [link for link in links[row, :count] if link != unlinked]
        links[row, : len(kept)], counts[row, 0] = kept, len(kept)
    index.write_bytes(graph.tobytes())
    with Engine(settings, load=lambda _: model) as engine:
        (missing,) = [word for word in words if word.id in engine.store.words.lost([word.id], model.embed([word.text]))]
        assert engine.words.nearest([missing.text], 1)[0].matches[0].id == missing.id
    store = open_store(settings)
    assert fault_counts(store) == {"lost": 1}
    said = []
    Repair(store, examine(store, None), "axes", lambda _: model, said.append).run()
    assert said == ["words that no other led to are linked again"]
    assert_all_there(store, words)
    store.close()


@pytest.mark.parametrize("ruin", [remove_index, cut_off_index])
def test_an_index_that_cannot_be_read_is_made_again_from_the_texts(settings, model, ruin):
    words = make_words(0, 1_500)
    with Engine(settings, load=lambda _: model) as engine:
        engine.words.add(words)
    for folder in [path for path in settings.data.iterdir() if path.is_dir()]:
        ruin(folder)
    store = open_store(settings)
    if ruin is cut_off_index:
        assert fault_counts(store) == {"cut": 1}
        store.discard_cut_off()
    assert fault_counts(store)["gone"] > 0
    mend(store, model)
    assert_all_there(store, words)
    store.close()


def test_vectors_come_back_from_the_snapshot_and_only_the_others_are_embedded(settings, model):
    words = make_words(0, 3_450)
    with Engine(settings, load=lambda _: model) as engine:
        engine.words.add(words[:2_400])
        with engine.store.write_lock:
            draft = engine.store.snapshots.begin()
            draft.write(engine.store.words.pages())
            draft.publish()
        changed = Word("country of another text", words[0].id)
        engine.words.add([changed])
        engine.words.add(words[2_400:])
    words = [changed, *words[1:]]
    for folder in [path for path in settings.data.iterdir() if (path / "header.bin").exists()]:
        cut_off_index(folder)
    store = open_store(settings)
    store.discard_cut_off()
    gone = {row.word.id for rows in store.words.inspect() for row in rows if row.fault == "gone"}
    saved = {word.id for word in words[1:2_400]}
    assert gone & saved
    assert gone - saved
    said, model.texts = [], []
    Repair(store, examine(store, None), "axes", lambda _: model, said.append).run()
    assert sorted(model.texts) == sorted(word.text for word in words if word.id in gone - saved)
    assert said[0].startswith(f"{len(gone - saved)} texts will be embedded again")
    assert_all_there(store, words)
    store.close()


def test_words_of_another_program_are_taken_in_from_their_text(engine, settings, model):
    words = make_words(0, 5)
    words[2] = Word("fruit 2", "w2", {"n": 2})  # without a float, which Chroma may give back changed by itself
    engine.words.add(words)
    client, rows = ill(engine, settings)
    rows.upsert(ids=["new"], embeddings=[[9.0] * 8], documents=["fruit new"], metadatas=[{"by": 7}])
    rows.update(ids=["w1"], embeddings=[[0.5] * 4 + [0.5] * 4], documents=["animal 1"])
    rows.update(ids=["w2"], metadatas=[{"n": 77}])
    rows.update(ids=["w3"], embeddings=rows.get(ids=["w4"], include=["embeddings"])["embeddings"])
    rows.add(ids=["blank"], embeddings=[[1.0] * 8])
    client.close()
    store = open_store(settings)
    assert fault_counts(store) == {"wrong": 3, "changed": 1, "blank": 1}
    with pytest.raises(InvalidRequest, match=r"1 word has no text.*--yes"):
        mend(store, model)
    mend(store, model, yes=True)
    words[1] = replace(words[1], text="animal 1")
    words[2] = replace(words[2], metadata={"n": 77})
    assert_all_there(store, [*words, Word("fruit new", "new", {"by": 7})])
    store.close()


def test_a_unit_vector_of_another_program_is_not_trusted(engine, settings, model):
    engine.words.add(make_words(0, 5))
    client, rows = ill(engine, settings)
    rows.add(ids=["new"], embeddings=[[1.0] + [0.0] * 7], documents=["country new"])
    client.close()
    store = open_store(settings)
    assert fault_counts(store) == {"foreign": 1}
    mend(store, model)
    assert_all_there(store, [*make_words(0, 5), Word("country new", "new")])
    store.close()


def test_the_forgotten_format_and_model_are_written_again_if_the_vectors_prove_it(engine, settings, model):
    engine.words.add(make_words(0, 5))
    identity = engine.store.model()
    client, rows = ill(engine, settings)
    rows.modify(metadata={"mine": 1})
    client.close()
    with pytest.raises(StoreFormat, match="topicdex doctor"):
        Engine(settings, load=lambda _: model)
    store = open_store(settings)
    assert fault_counts(store) == {"format": 1, "model": 1}

    class Other(AxisEmbedder):
        def embed(self, texts, role="passage"):
            return super().embed(texts, role)[:, ::-1]

    with pytest.raises(ModelMismatch, match="give the --model that made them"):
        mend(store, Other("other"))
    mend(store, model)
    assert store.model() == identity
    assert_all_there(store, make_words(0, 5))
    store.close()


def test_topics_that_a_write_left_behind_go_and_those_in_use_stay(engine, settings, model):
    engine.topics.replace([Topic("fruit", "sweet"), Topic("country")])
    client, rows = ill(engine, settings, "topicdex-topics")
    rows.add(
        ids=["0/0"],
        embeddings=[[1.0] * 8],
        documents=["old"],
        metadatas=[{"topicdex:set": "0", "topicdex:position": 0}],
    )
    sweet = rows.get(where_document={"$contains": "sweet"})["ids"]
    rows.update(ids=sweet, embeddings=[[1.0] + [0.0] * 7])
    client.close()
    store = open_store(settings)
    assert fault_counts(store) == {"topics_gone": 1, "topics_orphans": 1}
    mend(store, model)
    assert fault_counts(store) == {}
    assert model.texts[-1] == "sweet"
    store.close()
    with Engine(settings, load=lambda _: model) as later:
        assert [(t.name, t.description) for t in later.topics.all().topics] == [("fruit", "sweet"), ("country", "")]


def test_topics_whose_place_was_forgotten_come_back(engine, settings, model):
    engine.topics.replace([Topic("fruit"), Topic("country")])
    client, rows = ill(engine, settings, "topicdex-topics")
    rows.modify(metadata={"mine": 1})
    client.close()
    store = open_store(settings)
    assert fault_counts(store) == {"topics_forgotten": 1}
    mend(store, model)
    store.close()
    with Engine(settings, load=lambda _: model) as later:
        assert [t.name for t in later.topics.all().topics] == ["fruit", "country"]


def test_a_damaged_run_goes_and_one_that_nobody_does_has_failed(engine, settings, model):
    engine.words.add(make_words(0, 30))
    engine.topics.replace([Topic("fruit"), Topic("country")])
    made = [engine.clusterings.create(ClusteringSettings(k=2)) for _ in range(2)]
    whole, waiting = made
    engine.clusterings.run(whole, lambda _: None)
    grown = engine.clusterings.create(ClusteringSettings(around="topics"))
    engine.clusterings.run(grown, lambda _: None)
    engine.clusterings.activate(grown)
    client, rows = ill(engine, settings, "topicdex-clusterings")
    rows.delete(ids=[f"{grown}/1"])
    rows.add(ids=["0/0"], embeddings=[[1.0] * 8], metadatas=[{"topicdex:run": "0", "topicdex:position": 0}])
    client.close()
    store = open_store(settings)
    assert fault_counts(store) == {"runs_damaged": 1, "runs_orphans": 1, "runs_stopped": 1, "active": 1}
    mend(store, model)
    assert fault_counts(store) == {}
    store.close()
    with Engine(settings, load=lambda _: model) as later:
        status = {c.id: c.status for c in later.clusterings.all().clusterings}
        assert status == {whole: "done", waiting: "failed"}
        assert len(later.clusterings.words(whole, 100, None, None).words) == 30
        assert later.topics.nearest(["fruit 1"], 1)[0].prototypes == "label"


def test_embedding_for_money_is_asked_for(settings):
    paid = AxisEmbedder("openai:axes")
    with Engine(replace(settings, model="openai:axes"), load=lambda _: paid) as engine:
        engine.words.add(make_words(0, 5))
    client, rows = plain(settings)
    rows.update(ids=["w1"], embeddings=[[1.0] + [0.0] * 7])
    client.close()
    store = open_store(settings)
    with pytest.raises(InvalidRequest, match="1 text would be embedded again by openai:axes, for money; give --yes"):
        mend(store, paid)
    mend(store, paid, yes=True)
    assert_all_there(store, make_words(0, 5))
    store.close()
