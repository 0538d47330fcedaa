"""Comparisons over HTTP: only models that the operator named, one job after the other, and lookups go on."""

import threading
from dataclasses import replace

import pytest

from indexer import Engine
from indexer.errors import ModelUnavailable
from server.context import context
from tests.comparison.models import Mistaken
from tests.server.http import add, is_problem, put_topics, serving

ROWS = [{"text": f"{kind} {i}", "label": kind} for kind in ("fruit", "country") for i in range(40)]
BOTH = ["axes", "second"]


@pytest.fixture
def loading(monkeypatch):
    """Load a second model for "/models/second", and none for anything else; the list has what was loaded."""
    loaded = []

    def load(name, settings, **_):
        loaded.append((name, settings.revision, settings.trust_remote_code))
        if name != "/models/second":
            raise ModelUnavailable(f"{name} cannot be loaded (/home/me/models is gone)")
        return Mistaken("second")

    monkeypatch.setattr("indexer.comparison.candidates.load_embedder", load)
    monkeypatch.setattr("server.comparing.model_name", lambda model: model.rpartition("/")[2])
    monkeypatch.setattr("indexer.comparison.candidates.model_name", lambda model: model.rpartition("/")[2])
    monkeypatch.setattr("indexer.comparison.candidates.gc.collect", lambda: None)  # 0.3 s in a process of so many tests
    return loaded


@pytest.fixture
def client(settings, model, loading):
    named = replace(settings, models="/models/second, gone", revision="a" * 40, trust_remote_code=True)
    with Engine(named, load=lambda _: model) as engine:
        client = serving(engine)
        yield client
        context(client.application).jobs.close()


def asked(client, models=BOTH, rows=ROWS, wait=30, **fields):
    return client.post(f"/v1/comparisons?wait={wait}", json={"models": models, "rows": rows, **fields})


def test_a_comparison_is_followed_listed_and_forgotten(client, loading):
    done = asked(client, seed=3)
    assert done.status_code == 200 and done.json["status"] == "done" and done.json["progress"] == 1
    own, second = done.json["models"]
    assert (own["name"], second["name"]) == ("axes", "second") and done.json["seed"] == 3
    assert own["accuracy"]["labels"]["value"] == 1 > second["accuracy"]["labels"]["value"]
    assert own["range"]["similar_from"]["low"] <= own["range"]["similar_from"]["score"]
    assert own["price_per_million"] == 0 and own["bytes_per_word"] == 32
    assert done.json["agreement"][0]["models"] == BOTH
    assert done.json["disagreements"][0]["answers"][1]["says"].endswith("is a fruit (!)")
    assert loading == [("/models/second", None, False)]  # the commit and the trust are the store's model's
    at = done.headers["Location"]
    assert client.get(at).json == done.json
    (entry,) = client.get("/v1/comparisons").json["comparisons"]
    assert entry["id"] == done.json["id"] and (entry["asked"], entry["rows"]) == (BOTH, 80) and "models" not in entry
    assert client.delete(at).status_code == 204
    for call in (client.get, client.delete):
        is_problem(call(at), 404, "not_found")


def test_labels_are_optional_and_null_is_no_topic_among_labels(client):
    bare = asked(client, rows=[{"text": row["text"]} for row in ROWS]).json
    assert (bare["status"], bare["labels"], bare["models"][0]["accuracy"]) == ("done", [], None)
    some = asked(client, rows=[*ROWS, {"text": "pebble", "label": None}, {"text": "stone"}]).json
    assert some["no_topic_rows"] == 2 and some["models"][0]["none_auroc"]["n"] == 82


@pytest.mark.parametrize("name", ["/models/second", "../second", "openai:text-embedding-3-large", "some/model", "axe"])
def test_callers_load_no_folder_download_nothing_and_spend_nothing(client, loading, name):
    detail = is_problem(asked(client, ["axes", name]), 422, "invalid_request")["detail"]
    assert "axes, second, gone" in detail and "TOPICDEX_MODELS" in detail and "/models" not in detail.replace(name, "")
    assert not loading and client.get("/v1/comparisons").json["comparisons"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"models": ["axes", "axes"], "rows": ROWS},
        {"models": [], "rows": ROWS},
        {"models": [str(i) for i in range(11)], "rows": ROWS},
        {"models": BOTH, "rows": []},
        {"models": BOTH, "rows": [{"text": "a"}] * 20_001},
        {"models": BOTH, "rows": [{"text": " "}]},
        {"models": BOTH, "rows": [{"text": "a", "label": 1}]},
        {"models": BOTH, "rows": [{"text": "a", "label": "\ud800"}]},
        {"models": BOTH, "rows": [{"text": f"a{i}", "label": str(i)} for i in range(1_001)]},
        {"models": BOTH, "rows": ROWS, "seed": -1},
        {"models": BOTH, "rows": ROWS, "surprise": 1},
        {"models": BOTH},
        {"rows": ROWS},
    ],
    ids=["twice", "no model", "11 models", "no rows", "20,001 rows", "blank", "no text", "half a pair", "1,001 labels",
         "seed", "field", "rows left away", "models left away"],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused_and_makes_no_job(client, body):
    is_problem(client.post("/v1/comparisons", json=body), 422, "invalid_request")
    assert client.get("/v1/comparisons").json["comparisons"] == []


def test_a_model_that_fails_says_why_without_a_path_and_the_others_are_kept(client):
    found = asked(client, ["gone", "axes"]).json
    assert found["status"] == "done" and found["models"][1]["accuracy"]["labels"]["value"] == 1
    assert found["models"][0]["error"] == "gone cannot be loaded ((a path) is gone)"


@pytest.fixture
def held(monkeypatch):
    """Hold up the second model at its first text until the event is set; `there` is set at that moment."""
    there, go, embed = threading.Event(), threading.Event(), Mistaken.embed

    def held(model, texts):
        there.set()
        assert go.wait(30)
        return embed(model, texts)

    monkeypatch.setattr(Mistaken, "embed", held)
    yield there, go
    go.set()


def test_figures_are_there_as_soon_as_a_model_is_done_and_lookups_go_on(client, held):
    there, go = held
    put_topics(client, "fruit", "country")
    add(client, "fruit 1")
    at = asked(client, wait=0).headers["Location"]
    assert there.wait(30)
    running = client.get(at).json
    assert running["status"] == "running" and 0 < running["progress"] < 1
    assert [m["name"] for m in running["models"]] == ["axes"] and running["models"][0]["accuracy"]
    assert client.get("/v1/topics/nearest?text=country").json["topic"] == "country"
    go.set()
    assert context(client.application).jobs.comparisons.wait(running["id"], 30)
    assert len(client.get(at).json["models"]) == 2


def test_a_comparison_is_cancelled_running_and_waiting_and_keeps_what_was_done(client, held):
    there, go = held
    running, waiting = (asked(client, wait=0).headers["Location"] for _ in range(2))
    assert there.wait(30) and client.get(waiting).json["status"] == "queued"
    assert client.delete(waiting).status_code == client.delete(running).status_code == 204
    go.set()
    assert context(client.application).jobs.comparisons.wait(running.rsplit("/")[-1], 30)
    ended, never = (client.get(at).json for at in (running, waiting))
    assert ended["status"] == never["status"] == "cancelled"
    assert [m["name"] for m in ended["models"]] == ["axes"] and never["models"] == []


def test_a_full_queue_says_so(client, held):
    answers = [asked(client, ["second"], wait=0) for _ in range(20)]
    assert {a.status_code for a in answers} == {202, 429}
    is_problem(answers[-1], 429, "too_many_jobs")
