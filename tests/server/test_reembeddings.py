"""The change of the model over HTTP: who may name what, its progress, its end, and going back."""

import threading
from dataclasses import replace

import pytest

from indexer import Engine
from server.context import context
from tests.model import AxisEmbedder, WideEmbedder
from tests.server.http import add, is_problem, put_topics, serving


@pytest.fixture
def go():
    """Until it is set, the model "wide" embeds no word that holds `held`."""
    return threading.Event()


@pytest.fixture
def client(settings, go, tmp_path):
    class Held(WideEmbedder):
        def embed(self, texts, role="passage"):
            assert not any("held" in text for text in texts) or go.wait(30)
            return super().embed(texts, role)

    folder = tmp_path / "folder" / "wide"
    folder.mkdir(parents=True)
    models = {"axes": AxisEmbedder(), str(folder): Held(), "third": WideEmbedder("third")}
    settings = replace(settings, models=f"{folder},third")
    with Engine(settings, load=models.__getitem__) as engine:
        client = serving(engine)
        put_topics(client, "fruit", "country")
        add(client, "fruit a", "country b")
        yield client
        go.set()
        context(client.application).jobs.close()


def test_there_and_back(client):
    done = client.post("/v1/reembeddings?wait=30", json={"model": "wide"})
    assert (done.status_code, done.json["status"], done.json["progress"]) == (200, "done", 1.0)
    assert (done.json["model"], done.json["before"], done.json["words"]) == ("wide", "axes", 2)
    assert client.get("/v1/info").json["model"]["name"] == "wide"
    assert client.get("/v1/topics/nearest?text=fruit+x").json["model"] == "wide"
    # the operator's own TOPICDEX_MODEL was the model before: what checks the model goes on all the same
    imported = client.post("/v1/imports?name=words.txt&wait=30", data=b"country c\n")
    assert imported.json["status"] == "done", imported.json
    listed = client.get("/v1/reembeddings").json
    assert (listed["model"], listed["other"]) == ("wide", {"model": "axes", "words": 2, "kept": True})
    assert [record["id"] for record in listed["reembeddings"]] == [done.json["id"]]
    back = client.post("/v1/reembeddings/back?wait=30").json
    assert (back["status"], back["model"], back["embedded"]) == ("done", "axes", 1)
    assert client.get("/v1/words/nearest?text=country+c").json["matches"][0]["text"] == "country c"
    assert client.post("/v1/reembeddings/forget").json["other"] is None
    is_problem(client.post("/v1/reembeddings/forget"), 404, "not_found")
    is_problem(client.post("/v1/reembeddings/back"), 404, "not_found")
    assert client.delete(f"/v1/reembeddings/{done.json['id']}").status_code == 204
    is_problem(client.get(f"/v1/reembeddings/{done.json['id']}"), 404, "not_found")


@pytest.mark.parametrize("model", ["axes", "other", "", "/etc", "openai:text-embedding-3-large"])
def test_only_models_that_the_operator_has_named(client, model):
    said = is_problem(client.post("/v1/reembeddings", json={"model": model}), 422, "invalid_request")
    assert "wide, third" in said["detail"] and "TOPICDEX_MODELS" in said["detail"]


@pytest.mark.parametrize("body", [{}, {"model": None}, {"model": 1}, {"model": "wide", "yes": True}, []])
def test_a_body_that_names_no_model(client, body):
    is_problem(client.post("/v1/reembeddings", json=body), 422, "invalid_request")


def test_it_is_answered_while_the_model_changes_and_can_be_cancelled_and_abandoned(client, go):
    add(client, "fruit held")
    started = client.post("/v1/reembeddings", json={"model": "wide"})
    assert started.status_code == 202 and started.json["status"] in ("queued", "running")
    assert client.get(started.headers["Location"]).json["status"] in ("queued", "running")
    assert client.get("/v1/topics/nearest?text=fruit+x").json["model"] == "axes"
    add(client, "country meanwhile")
    while (running := client.get(started.headers["Location"]).json)["status"] == "queued":
        pass
    assert running["status"] == "running" and running["progress"] < 1
    is_problem(client.post("/v1/reembeddings/forget"), 409, "conflict")
    assert client.delete(started.headers["Location"]).status_code == 204
    go.set()
    assert context(client.application).jobs.reembeddings.wait(started.json["id"], 30)
    assert client.get(started.headers["Location"]).json["status"] == "cancelled"
    assert client.get("/v1/reembeddings").json["other"]["kept"] is False
    assert client.post("/v1/reembeddings/abandon").json["other"] is None
    assert client.get("/v1/info").json["model"]["name"] == "axes"
    is_problem(client.post("/v1/reembeddings/abandon"), 404, "not_found")


def test_a_failure_has_its_code(client, monkeypatch):
    engine = context(client.application).engine
    monkeypatch.setattr(engine.store, "mode", "server")
    failed = client.post("/v1/reembeddings?wait=30", json={"model": "third"}).json
    assert (failed["status"], failed["code"]) == ("failed", "conflict") and "Chroma server" in failed["error"]
