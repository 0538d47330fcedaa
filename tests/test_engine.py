"""Which model an engine, a command, a server and a remote work with: the one asked for, else the store's own."""

import json
from dataclasses import replace

import pytest

import indexer
from indexer import Engine, Settings
from indexer.cli import run
from indexer.connect import connect
from indexer.errors import ModelMismatch, ModelUnavailable
from indexer.records import Word
from indexer.remote import Remote
from indexer.settings import DEFAULT_MODEL, model_name
from server import create_app
from tests.conftest import serving
from tests.model import AxisEmbedder
from tests.store.damage import plain


@pytest.fixture
def loaded(monkeypatch):
    """The names of the models that are loaded; what is loaded is the model of these tests."""
    names = []

    def load(name, *_, **__):
        names.append(name)
        return AxisEmbedder(model_name(name))

    monkeypatch.setattr("indexer.engine.load_embedder", load)
    return names


@pytest.fixture
def unnamed(settings, model):
    """The settings of somebody who names no model, for a store with a word whose model is "axes"."""
    with Engine(settings, load=lambda _: model) as engine:
        engine.words.add([Word("fruit", "1")])
    return replace(settings, model=None)


def test_an_engine_loads_the_stores_own_model(unnamed, loaded):
    with Engine(unnamed) as engine:
        assert (engine.info().model.name, engine.model_name()) == ("axes", "axes")
        assert engine.words.nearest(["fruit"], 1)[0].matches[0].id == "1"
        engine.topics.replace(["fruit"])
        assert engine.topics.nearest(["fruit"])[0].model == "axes"
    assert loaded == ["axes"]


def test_a_new_store_takes_the_default_model(settings, loaded):
    with Engine(replace(settings, model=None)) as engine:
        assert engine.info().model.name == DEFAULT_MODEL
        assert engine.topics.nearest(["fruit"])[0].model == DEFAULT_MODEL
        engine.words.add(["fruit"])
    assert loaded == [DEFAULT_MODEL]


def test_a_store_that_was_emptied_keeps_its_model_until_another_is_named(unnamed, loaded):
    with Engine(unnamed) as engine:
        engine.words.delete(["1"])
        engine.words.add(["country"])
        engine.words.delete(list(engine.words.ids()))
    with Engine(replace(unnamed, model="other")) as engine:
        engine.words.add(["country"])
    assert loaded == ["axes", "other"]


@pytest.mark.parametrize("named", ["other", DEFAULT_MODEL])
def test_another_model_that_is_named_is_refused_before_it_is_loaded(unnamed, loaded, named):
    with Engine(replace(unnamed, model=named)) as engine:
        for call in (engine.check_model, engine.embedder):
            with pytest.raises(ModelMismatch, match="axes"):
                call()
    assert loaded == []


def test_a_model_in_the_environment_is_named(unnamed, loaded, monkeypatch):
    monkeypatch.setenv("TOPICDEX_MODEL", "other")
    with connect(Settings.load(data=unnamed.data)) as corpus, pytest.raises(ModelMismatch, match=r"axes.*other"):
        corpus.check_model()
    monkeypatch.setenv("TOPICDEX_MODEL", "")
    with connect(Settings.load(data=unnamed.data)) as corpus:
        corpus.check_model()


def test_commands_work_with_the_stores_own_model(unnamed, loaded, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("TOPICDEX_DATA", str(unnamed.data))
    (tmp_path / "more.txt").write_text("country\n")
    for command in (
        ["index", str(tmp_path / "more.txt")],
        ["similar", "fruit"],
        ["topics", "add", "fruit"],
        ["topic", "a"],
    ):
        assert run([*command, "--json"]) == 0, capsys.readouterr().err
    assert set(loaded) == {"axes"}
    capsys.readouterr()
    assert run(["info", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"]["name"] == "axes"
    for flag, variable in ((["--model", "other"], ""), ([], "other")):
        monkeypatch.setenv("TOPICDEX_MODEL", variable)
        assert run(["similar", "fruit", *flag]) == 1
        assert capsys.readouterr().err.startswith("topicdex: model_mismatch: ")


def test_a_server_works_with_the_stores_own_model(unnamed, loaded):
    with Engine(unnamed) as engine:
        app = create_app(unnamed, engine=engine)
        app.extensions["topicdex"].warmup.join()
        client = app.test_client()
        assert client.get("/readyz").status_code == 200
        assert client.get("/v1/words/nearest?text=fruit").json["matches"][0]["id"] == "1"
        app.extensions["topicdex"].jobs.close()
    assert loaded == ["axes"]
    with Engine(replace(unnamed, model="other")) as engine, pytest.raises(ModelMismatch, match=r"axes.*other"):
        create_app(engine=engine)


def test_a_remote_works_with_the_servers_model_and_refuses_another_that_is_named(unnamed, model):
    with serving(unnamed, model) as url:
        with Remote(unnamed, url) as remote:
            assert remote.words.nearest(["fruit"], 1)[0].matches[0].id == "1"
        for named in ("other", DEFAULT_MODEL):
            with Remote(replace(unnamed, model=named), url) as remote, pytest.raises(ModelMismatch, match="axes"):
                remote.words.nearest(["fruit"], 1)


def test_the_folder_of_a_model_is_asked_for_where_its_name_alone_does_not_load(unnamed, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with Engine(unnamed) as engine, pytest.raises(ModelUnavailable, match=r"'axes'.*--model with the folder"):
        engine.words.nearest(["fruit"])


@pytest.fixture
def folder(tmp_path):
    """A folder by the name of the store's model."""
    (tmp_path / "axes").mkdir()
    return str(tmp_path / "axes")


def test_the_folder_that_is_named_is_loaded_for_a_store_that_has_its_name(unnamed, loaded, folder):
    with Engine(replace(unnamed, model=folder)) as engine:
        assert engine.words.nearest(["fruit"], 1)[0].matches[0].id == "1"
    assert loaded == [folder]


@pytest.mark.parametrize("named", [False, True])
def test_the_doctor_mends_with_the_stores_own_model_from_the_folder_that_is_named(
    unnamed, loaded, monkeypatch, folder, named
):
    monkeypatch.setattr("indexer.embedders.load_embedder", indexer.engine.load_embedder)
    client, rows = plain(unnamed)
    rows.upsert(ids=["new"], embeddings=[[9.0] * 8], documents=["fruit new"], metadatas=[{"by": 7}])
    client.close()
    assert run(["doctor", "--data", str(unnamed.data), "--repair", *(["--model", folder] if named else [])]) == 0
    assert loaded == [folder if named else "axes"]
