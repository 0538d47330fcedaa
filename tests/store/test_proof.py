"""The proof of vectors that an earlier version wrote: what its checksum cannot tell, the text embedded again can."""

import json
from dataclasses import replace

import numpy as np
import pytest

from indexer import Engine
from indexer.cli import run
from indexer.records import Topic
from indexer.store.doctor import examine
from indexer.store.repair import Repair
from tests.model import AxisEmbedder
from tests.store.damage import assert_all_there, fault_counts, make_words, mend, open_store, plain

DIRECTION = np.cos(np.arange(1, 9, dtype=np.float64) ** 2)  # of the one projection of version 0.1.0


def make_older(settings, name="topicdex-words"):
    """Give all rows the checksums of version 0.1.0; return the vectors by id."""
    client, rows = plain(settings, name)
    found = rows.get(include=["embeddings"])
    numbers = found["embeddings"].astype(np.float64) @ DIRECTION
    rows.update(ids=found["ids"], metadatas=[{"topicdex:mark": float(number)} for number in numbers])
    client.close()
    return dict(zip(found["ids"], found["embeddings"], strict=True))


def all_metadata(settings):
    client, rows = plain(settings)
    metadatas = [rows.get()["metadatas"], client.get_collection("topicdex-topics", embedding_function=None).get()]
    client.close()
    return metadatas


def overwrite(settings, id, vector, off):
    """Write another unit vector into a row, with a projection that is `off` from that of `vector`; its cosine is low."""
    along = DIRECTION / np.linalg.norm(DIRECTION)
    share = (float(vector @ DIRECTION) + off) / np.linalg.norm(DIRECTION)
    across = -(vector - (vector @ along) * along)
    other = share * along + np.sqrt(1 - share**2) * across / np.linalg.norm(across)
    assert other @ vector < 0.5
    client, rows = plain(settings)
    rows.update(ids=[id], embeddings=[other.tolist()])
    client.close()


@pytest.fixture
def older(settings, model):
    """A store of version 0.1.0 with 30 words and 2 topics (3 texts), and its vectors by id."""
    with Engine(settings, load=lambda _: model) as engine:
        engine.words.add(make_words(0, 30))
        engine.topics.replace([Topic("fruit", "sweet"), Topic("country")])
    model.texts.clear()
    make_older(settings, "topicdex-topics")
    return make_older(settings)


@pytest.fixture
def doctor(settings, model, monkeypatch, capsys):
    """The command line's doctor: gives its exit code, its JSON and what it said beside it."""
    monkeypatch.setattr("indexer.embedders.load_embedder", lambda *_, **__: model)

    def doctor(*options, data=settings.data):
        code = run(["doctor", "--data", str(data), "--json", *options])
        out, err = capsys.readouterr()
        answer = json.loads(out) if out else None
        return code, answer, err

    return doctor


def test_an_overwritten_vector_whose_older_checksum_almost_agrees_is_found_without_a_model(settings, older, doctor):
    overwrite(settings, "w7", older["w7"], off=5e-5)
    code, answer, _ = doctor()
    assert code == 1
    assert [(f["code"], f["count"]) for f in answer["findings"]] == [("wrong", 1)]


def test_an_overwritten_vector_whose_older_checksum_agrees_is_found_by_its_text_and_mended(
    settings, older, doctor, model
):
    overwrite(settings, "w7", older["w7"], off=0.0)
    assert doctor()[:2] == (0, {"healthy": True, "words": 30, "examined": 30, "unproven": 33, "findings": []})
    code, answer, said = doctor("--all")
    assert code == 1 and answer["unproven"] == 0
    assert [(f["code"], f["count"]) for f in answer["findings"]] == [("wrong", 1)]
    assert "33 texts will be embedded again by axes" in said
    assert "1 of these has a vector that is not of the text" in said
    assert len(model.texts) == 33
    assert doctor()[0] == 1  # from now on without a model
    assert len(model.texts) == 33
    assert doctor("--repair")[0] == 0
    assert model.texts[33:] == ["country 7"]
    store = open_store(settings)
    assert_all_there(store, make_words(0, 30))
    store.close()


def test_a_repair_proves_what_it_would_otherwise_vouch_for(settings, older, doctor, model):
    overwrite(settings, "w7", older["w7"], off=0.0)
    client, rows = plain(settings)
    rows.update(ids=["w2"], embeddings=[[1.0] + [0.0] * 7])  # a fault for which all words are written again
    client.close()
    assert doctor("--repair")[0] == 0
    store = open_store(settings)
    assert_all_there(store, make_words(0, 30))
    store.close()
    assert doctor()[1]["unproven"] == 0


def test_a_repair_of_a_store_that_has_forgotten_its_model_proves_its_vectors_too(settings, older, model):
    overwrite(settings, "w7", older["w7"], off=0.0)
    client, rows = plain(settings)
    rows.modify(metadata={"mine": 1})
    client.close()
    store = open_store(settings)
    assert Repair(store, examine(store, None), "axes", lambda _: model).prove() == 0 and model.texts == []
    mend(store, model)
    assert_all_there(store, make_words(0, 30))
    store.close()


def test_older_rows_are_marked_anew_and_a_second_look_embeds_nothing(settings, older, doctor, model):
    code, answer, said = doctor("--all")
    assert (code, answer["unproven"]) == (0, 0) and "none of these have a vector that is not of the text" in said
    assert len(model.texts) == 33
    client, rows = plain(settings)
    found = rows.get(include=["embeddings", "metadatas"])
    assert all(isinstance(metadata["topicdex:mark"], str) for metadata in found["metadatas"])
    assert all((vector == older[id]).all() for id, vector in zip(found["ids"], found["embeddings"], strict=True))
    client.close()
    assert doctor("--all")[:2] == (0, answer)
    assert len(model.texts) == 33


def test_rows_without_a_checksum_are_proven_too(settings, older, doctor, model):
    client, rows = plain(settings)
    rows.update(ids=["w1", "w2"], metadatas=[{"topicdex:mark": None}] * 2)
    client.close()
    assert doctor("--all")[0] == 0 and len(model.texts) == 33
    assert doctor()[1]["unproven"] == 0


def test_a_topic_text_with_the_vector_of_another_is_found_and_mended(settings, older, doctor, model):
    client, rows = plain(settings, "topicdex-topics")
    (sweet,) = rows.get(where_document={"$contains": "sweet"})["ids"]
    vector = [0.0, 1.0] + [0.0] * 6
    rows.update(ids=[sweet], embeddings=[vector], metadatas=[{"topicdex:mark": float(vector @ DIRECTION)}])
    client.close()
    assert doctor()[0] == 0
    assert [f["code"] for f in doctor("--all")[1]["findings"]] == ["topics_gone"]
    assert doctor("--repair")[0] == 0
    assert model.texts[33:] == ["sweet"]


def test_a_plain_doctor_loads_no_model_and_writes_nothing(settings, older, monkeypatch, capsys):
    def load(*_, **__):
        raise AssertionError("the model was loaded")

    monkeypatch.setattr("indexer.embedders.load_embedder", load)
    before = all_metadata(settings)
    assert run(["doctor", "--data", str(settings.data)]) == 0
    assert capsys.readouterr().out == (
        "33 vectors have an older checksum that is no proof; --all embeds their texts again, for money with --yes\n"
        "30 words examined, nothing wrong\n"
    )
    assert all_metadata(settings) == before


def test_what_would_cost_money_is_only_counted(settings, doctor, model):
    paid = replace(settings, model="openai:axes")
    embedder = AxisEmbedder("openai:axes")
    with Engine(paid, load=lambda _: embedder) as engine:
        engine.words.add(make_words(0, 30))
    make_older(settings)
    model._identity = embedder.identity
    for options in ((), ("--all",), ("--repair",)):
        code, answer, _ = doctor(*options)
        assert (code, answer["unproven"], model.texts) == (0, 30, [])
    client, rows = plain(settings)
    rows.update(ids=["w2"], embeddings=[[1.0] + [0.0] * 7])
    client.close()
    code, _, said = doctor("--repair")  # which would write the other words with checksums of vectors that may be wrong
    assert code == 1 and "30 texts would be embedded again by openai:axes, for money; give --yes" in said
    assert model.texts == []
    assert doctor("--all", "--yes")[1]["unproven"] == 0 and len(model.texts) == 29
    assert doctor("--repair", "--yes")[0] == 0 and len(model.texts) == 30
    store = open_store(settings)
    assert fault_counts(store) == {}
    store.close()
