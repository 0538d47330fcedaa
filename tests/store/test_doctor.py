"""The doctor: what two plain Chroma clients do to a store, and what else can be wrong, is found and mended."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import chromadb
import numpy as np
import pytest
from chromadb.config import Settings as ChromaSettings

from indexer import Engine, Settings
from indexer.cli import run
from indexer.contract import ClusteringSettings
from indexer.errors import InvalidRequest, ModelMismatch, StoreFormat
from indexer.records import Topic, Word
from indexer.store.doctor import examine
from indexer.store.repair import Repair
from indexer.store.store import Store
from tests.conftest import AxisEmbedder

# A plain Chroma client that stays open: it writes the rows that it is told, in batches, when it is told.
CLIENT = """
import json, sys
import chromadb
from chromadb.config import Settings
client = chromadb.PersistentClient(sys.argv[1], settings=Settings(anonymized_telemetry=False))
words = client.get_collection("topicdex-words", embedding_function=None)
rows = json.load(open(sys.argv[2]))
words.query(query_embeddings=[rows["embeddings"][0]], n_results=1)
print("open", flush=True)
for line in sys.stdin:
    first, last, batch = map(int, line.split())
    for i in range(first, last, batch):
        words.upsert(**{name: column[i : min(last, i + batch)] for name, column in rows.items()})
    print("written", flush=True)
"""


def make_words(first, last):
    return [Word(f"{('fruit', 'country')[i % 2]} {i}", f"w{i}", {"n": i, "share": i / 7}) for i in range(first, last)]


def plain(settings, name="topicdex-words"):
    client = chromadb.PersistentClient(str(settings.data), settings=ChromaSettings(anonymized_telemetry=False))
    return client, client.get_collection(name, embedding_function=None)


def fault_counts(store, sample=None):
    return {finding.code: finding.count for finding in examine(store, sample).findings}


def mend(store, model, *, yes=False, model_name="axes"):
    repair = Repair(store, examine(store, None), model_name, lambda _: model)
    repair.check(yes=yes)
    repair.run()


def stored(store):
    """Return every word with its vector, in order."""
    return [pair for words, vectors in store.words.pages() for pair in zip(words, vectors, strict=True)]


def assert_all_there(store, words):
    """Every word is stored with its text, its metadata and the vector of its text, and finds itself."""
    found = stored(store)
    assert [(w.id, w.text) for w, _ in found] == [(w.id, w.text) for w in words]
    # Chroma gives some floats back one digit off in the 17th
    assert [w.metadata for w, _ in found] == [pytest.approx(w.metadata, rel=1e-15) for w in words]
    expected = AxisEmbedder().embed([w.text for w in words])
    assert np.abs(np.array([v for _, v in found]) - expected).max() < 1e-5
    assert store.words.unchanged(words) == {w.id for w in words}
    assert fault_counts(store) == {}


@pytest.fixture(scope="module")
def ruined(tmp_path_factory):
    """A store on which two plain clients wrote 1,600 words by turns, and 1,600 rows over again."""
    folder = tmp_path_factory.mktemp("ruined")
    words = make_words(0, 2_800)
    with Engine(settings_in(folder / "donor"), load=lambda _: AxisEmbedder()) as engine:
        engine.words.add(words)
    client, donor = plain(settings_in(folder / "donor"))
    parts = [
        donor.get(limit=1_000, offset=i, include=["embeddings", "documents", "metadatas"])
        for i in range(0, 2_800, 1_000)
    ]
    client.close()
    rows = {name: [row for part in parts for row in part[name]] for name in ("ids", "documents", "metadatas")}
    rows["embeddings"] = [row.tolist() for part in parts for row in part["embeddings"]]
    (folder / "rows.json").write_text(json.dumps(rows))
    with Engine(settings_in(folder / "store"), load=lambda _: AxisEmbedder()) as engine:
        engine.words.add(words[:1_200])
    command = [sys.executable, "-c", CLIENT, str(folder / "store"), str(folder / "rows.json")]
    one, other = (subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2))
    assert {one.stdout.readline(), other.stdout.readline()} == {"open\n"}
    for client, first, last, batch in (
        (one, 1_200, 1_600, 200),
        (other, 1_600, 2_000, 200),
        (one, 2_000, 2_400, 200),
        (other, 2_400, 2_800, 200),
        (one, 0, 1_000, 250),
        (other, 1_400, 2_000, 100),
    ):
        client.stdin.write(f"{first} {last} {batch}\n")
        client.stdin.flush()
        assert client.stdout.readline() == "written\n"
    for client in (one, other):
        client.communicate()
    return folder / "store", words


def settings_in(folder):
    return Settings(data=folder, model="axes", wait=0.2)


@pytest.fixture
def damaged(ruined, settings):
    """A copy of that store, and its words."""
    shutil.copytree(ruined[0], settings.data)
    return settings, ruined[1]


def open_store(settings):
    return Store.open(settings, create=False, damaged=True)


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


def sorted_as(store, words):
    by_id = {word.id: word for word in words}
    return [by_id[id] for id in store.words.ids()]


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


KILLED = """
import os, sys, pathlib
from indexer import Settings
from indexer.store import repair
from indexer.store.doctor import examine
from indexer.store.store import Store
from indexer.store.chroma import Chroma
from tests.conftest import AxisEmbedder
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


def remove_index(folder):
    shutil.rmtree(folder)


def cut_off_index(folder):
    """Leave what a full disk leaves."""
    listed = folder / "index_metadata.pickle"
    if listed.exists():
        listed.write_bytes(listed.read_bytes()[:-100])


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


def test_the_command_line_mends_an_index_that_was_cut_off(engine, settings, monkeypatch, capsys):
    monkeypatch.setattr("indexer.embedders.load_embedder", lambda *_, **__: AxisEmbedder())
    engine.words.add(make_words(0, 1_500))
    engine.close()
    for folder in settings.data.iterdir():
        cut_off_index(folder)
    assert run(["words", "list", "--data", str(settings.data)]) == 1
    assert "topicdex doctor" in capsys.readouterr().err
    assert run(["doctor", "--data", str(settings.data)]) == 1
    assert capsys.readouterr().out.startswith("1 indexes were cut off by a full disk or a kill")
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


def ill(engine, settings, name="topicdex-words"):
    """Close the engine and return a plain client on its store, with one collection."""
    engine.close()
    return plain(settings, name)


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
    with pytest.raises(InvalidRequest, match=r"1 words have no text.*--yes"):
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
        def embed(self, texts):
            return super().embed(texts)[:, ::-1]

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
    with pytest.raises(InvalidRequest, match="1 texts would be embedded again by openai:axes, for money; give --yes"):
        mend(store, paid)
    mend(store, paid, yes=True)
    assert_all_there(store, make_words(0, 5))
    store.close()
