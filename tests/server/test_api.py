"""The contract over HTTP, asked as a program would ask: shapes, statuses, headers, and what comes of bad input."""

import json
import threading
from dataclasses import replace
from urllib.parse import quote

import pytest

from indexer import Engine
from indexer.errors import StoreUnavailable
from server import create_app
from server.context import MOST_STREAMS
from tests.conftest import AxisEmbedder

PROBLEM = "application/problem+json"


def serving(engine, settings=None):
    """Return a client of an application that has warmed up."""
    app = create_app(settings, engine=engine)
    app.extensions["topicdex"].warmup.join()
    return app.test_client()


@pytest.fixture
def client(engine):
    client = serving(engine)
    yield client
    client.application.extensions["topicdex"].jobs.close()


@pytest.fixture(scope="module")
def stocked(tmp_path_factory):
    """A client whose store holds four words, two topics and a clustering; for calls that change nothing."""
    from indexer import Settings

    settings = Settings(data=tmp_path_factory.mktemp("stocked") / "store", model="axes")
    with Engine(settings, load=lambda _: AxisEmbedder()) as engine:
        client = serving(engine)
        put_topics(client, "fruit", "country")
        add(client, "fruit a", "fruit b", "country c", "country d")
        client.post("/v1/clusterings?wait=30", json={"k": 2})
        yield client
        client.application.extensions["topicdex"].jobs.close()


def put_topics(client, *names):
    answer = client.put("/v1/topics", json={"topics": [{"name": name} for name in names]})
    assert answer.status_code == 200
    return answer.json


def add(client, *texts, **ids):
    words = [{"text": text} for text in texts] + [{"text": text, "id": id} for id, text in ids.items()]
    answer = client.post("/v1/words", json={"words": words})
    assert answer.status_code == 200
    return answer.json


def is_problem(answer, status, code):
    """Check the one shape that every error has, and that nothing of the host is in it."""
    assert (answer.status_code, answer.content_type) == (status, PROBLEM), answer.text
    body = answer.json
    assert body["type"] == "about:blank"
    assert body["status"] == status
    assert body["code"] == code
    assert body["title"] and body["detail"]
    if status == 422:
        assert body["errors"]
        assert all(isinstance(e["loc"], list) and e["msg"] for e in body["errors"])
    for inside in ("Traceback", "site-packages", "/home/", "/tmp/", '.py"', 'File "'):
        assert inside not in answer.text
    return body


# Topics


def test_topics_are_set_added_to_listed_and_deleted(client):
    assert put_topics(client, "fruit", "country") == {
        "topics": [
            {"name": "fruit", "description": "", "examples": []},
            {"name": "country", "description": "", "examples": []},
        ]
    }
    company = {"name": "company", "description": "a business", "examples": ["company x"]}
    answer = client.post("/v1/topics", json={"topics": [company, {"name": "fruit", "description": "sweet"}]})
    assert [t["name"] for t in answer.json["topics"]] == ["fruit", "country", "company"]
    assert answer.json["topics"][2] == company
    assert client.get("/v1/topics").json == answer.json
    gone = client.delete("/v1/topics/country")
    assert (gone.status_code, gone.data) == (204, b"")
    assert [t["name"] for t in client.get("/v1/topics").json["topics"]] == ["fruit", "company"]
    is_problem(client.delete("/v1/topics/country"), 404, "not_found")
    assert put_topics(client, "animal")["topics"] == [{"name": "animal", "description": "", "examples": []}]


def test_an_answer_has_every_field_of_the_contract(client):
    put_topics(client, "fruit", "country", "company")
    answer = client.get("/v1/topics/nearest?text=fruit&k=2").json
    assert answer["text"] == "fruit" and answer["topic"] == "fruit" and answer["reason"] == "matched"
    assert answer["score"] == pytest.approx(1, abs=1e-6)
    assert answer["threshold"] is None
    assert answer["prototypes"] == "label" and answer["model"] == "axes"
    assert answer["matches"][0]["topic"] == "fruit" and len(answer["matches"]) == 2
    assert answer["margin"] == pytest.approx(answer["matches"][0]["score"] - answer["matches"][1]["score"])
    assert client.get("/v1/words").json["words"] == []


def test_the_margin_does_not_follow_k_and_k_may_be_above_what_exists(client):
    put_topics(client, "fruit", "country", "company")
    answers = [client.get(f"/v1/topics/nearest?text=fruit+x&k={k}").json for k in (1, 2, 1000)]
    assert [len(a["matches"]) for a in answers] == [1, 2, 3]
    assert len({a["margin"] for a in answers}) == 1


def test_one_topic_has_no_margin_and_no_topic_is_a_reason(client):
    none = client.get("/v1/topics/nearest?text=fruit").json
    assert (none["topic"], none["reason"], none["matches"], none["score"]) == (None, "no_topics", [], None)
    put_topics(client, "fruit")
    assert client.get("/v1/topics/nearest?text=fruit").json["margin"] is None


def test_many_texts_are_answered_in_their_order(client):
    put_topics(client, "fruit", "country")
    texts = [f"{kind} {i}" for i in range(500) for kind in ("fruit", "country")]
    results = client.post("/v1/topics/nearest?prototypes=label", json={"texts": texts, "k": 1}).json["results"]
    assert [r["text"] for r in results] == texts
    assert [r["topic"] for r in results] == ["fruit", "country"] * 500


def test_thresholds_are_shown_set_kept_and_taken_away(client):
    put_topics(client, "fruit", "country")
    shown = client.get("/v1/thresholds").json
    assert (shown["score"], shown["margin"]) == (None, None)
    assert client.put("/v1/thresholds", json={"score": 0.99, "margin": 0.05}).status_code == 200
    assert client.get("/v1/thresholds").json["score"] == 0.99
    below = client.get("/v1/topics/nearest?text=something+else").json
    assert (below["topic"], below["reason"], below["threshold"]) == (None, "below_threshold", 0.99)
    assert len(below["matches"]) == 2
    client.put("/v1/thresholds", json={"score": -1, "margin": 1})
    assert client.get("/v1/topics/nearest?text=fruit").json["reason"] == "ambiguous"
    client.put("/v1/thresholds", json={"score": None, "topics": {"fruit": 1.0}})
    assert client.get("/v1/topics/nearest?text=a+fruit").json["reason"] == "below_threshold"
    assert client.get("/v1/topics/nearest?text=a+country").json["reason"] == "matched"
    assert client.put("/v1/thresholds", json={}).json["topics"] == {}


def test_what_get_thresholds_shows_put_takes_also_after_a_topic_has_gone(client):
    put_topics(client, "fruit", "country")
    client.put("/v1/thresholds", json={"score": 0.5, "topics": {"fruit": 0.9}})
    client.delete("/v1/topics/fruit")
    shown = client.get("/v1/thresholds").json
    again = client.put("/v1/thresholds", json={name: shown[name] for name in ("score", "margin", "topics")})
    assert again.status_code == 200
    assert again.json["score"] == 0.5


# Words


def test_words_are_added_once_updated_and_left(client):
    first = add(client, a="fruit a", b="country b")
    assert {name: first[name] for name in ("added", "updated", "unchanged", "ids")} == {
        "added": 2,
        "updated": 0,
        "unchanged": 0,
        "ids": ["a", "b"],
    }
    again = add(client, a="fruit a", b="country c")
    assert (again["added"], again["updated"], again["unchanged"]) == (0, 1, 1)


def test_an_id_follows_from_the_text(client):
    (id,) = add(client, "fruit a")["ids"]
    assert add(client, "fruit a")["ids"] == [id]
    assert client.get(f"/v1/words/{id}").json == {"id": id, "text": "fruit a", "metadata": {}}


def test_pages_lead_to_every_word_once(client):
    add(client, **{f"w{i:02}": f"fruit {i}" for i in range(25)})
    seen, cursor, pages = [], None, 0
    while True:
        query = {"limit": 10} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/words", query_string=query).json
        seen += [word["id"] for word in page["words"]]
        pages += 1
        cursor = page["next"]
        if cursor is None:
            break
    assert (seen, pages) == ([f"w{i:02}" for i in range(25)], 3)


ODD_IDS = [
    "/",
    "/leading",
    "a/b/c",
    "a//b",
    "trailing/",
    "?#%&+ ",
    "..",
    "a\nb",
    "nul\0",
    "😀",
    "עברית",
    "delete",
    "ü" * 64,
]


@pytest.mark.parametrize("id", ODD_IDS)
def test_any_id_can_be_got_and_deleted_and_is_gone_then(client, id):
    client.post("/v1/words", json={"words": [{"text": "fruit", "id": id}]})
    where = f"/v1/words/{quote(id, safe='')}"
    assert client.get(where).json["id"] == id
    answer = client.delete(where)
    assert (answer.status_code, answer.data) == (204, b"")
    is_problem(client.delete(where), 404, "not_found")
    is_problem(client.get(where), 404, "not_found")


@pytest.mark.parametrize("name", ["a/b", "/a", "a?b#c%", "two\nlines", "😀 ثم"])
def test_any_topic_can_be_deleted_by_its_name(client, name):
    put_topics(client, name, "other")
    assert client.delete(f"/v1/topics/{quote(name, safe='')}").status_code == 204
    assert [t["name"] for t in client.get("/v1/topics").json["topics"]] == ["other"]


@pytest.mark.parametrize(
    "text",
    [" trimmed? ", "nul \0", "👩‍👩‍👧 emoji", "مرحبا עברית", "a\r\nb\u2028", "e\u0301", "\ufeffbom", "x" * 100_000],
)
def test_a_text_comes_back_exactly_as_it_was_sent(client, text):
    (id,) = add(client, text)["ids"]
    assert client.get(f"/v1/words/{id}").json["text"] == text
    nearest = client.post("/v1/words/nearest", json={"texts": [text], "k": 1}).json["results"][0]
    assert nearest["text"] == text == nearest["matches"][0]["text"]


def test_metadata_of_every_kind_comes_back_as_it_was(client):
    metadata = {
        "text": "a",
        "empty": "",
        "n": 3,
        "big": 2**62,
        "x": 1.5,
        "whole": 2.0,
        "yes": True,
        "ü.b c": "\0😀",
        "hash": "mine",
    }
    client.post("/v1/words", json={"words": [{"text": "fruit", "id": "1", "metadata": metadata}]})
    shown = client.get("/v1/words/1").json["metadata"]
    assert shown == metadata
    assert {name: type(value) for name, value in shown.items()} == {
        name: type(value) for name, value in metadata.items()
    }
    client.post("/v1/words", json={"words": [{"text": "fruit", "id": "1", "metadata": {"n": 4}}]})
    assert client.get("/v1/words/1").json["metadata"] == {"n": 4}


def test_nearest_words_come_with_scores_best_first_and_where_keeps_some(client):
    words = [
        {"text": f"{kind} {i}", "id": f"{kind}{i}", "metadata": {"kind": kind}}
        for kind in ("fruit", "country")
        for i in range(5)
    ]
    client.post("/v1/words", json={"words": words})
    one = client.get("/v1/words/nearest?text=fruit+3&k=4").json
    assert one["text"] == "fruit 3"
    assert set(one["matches"][0]) >= {"id", "text", "score", "metadata"}
    assert one["matches"][0]["id"] == "fruit3"
    scores = [m["score"] for m in one["matches"]]
    assert scores == sorted(scores, reverse=True) and all(-1 <= s <= 1 for s in scores)
    body = {"texts": ["fruit 3", "country 1"], "k": 1000, "where": {"kind": "country"}}
    results = client.post("/v1/words/nearest", json=body).json["results"]
    assert [r["text"] for r in results] == ["fruit 3", "country 1"]
    assert all({m["id"] for m in r["matches"]} == {f"country{i}" for i in range(5)} for r in results)


def test_nothing_stored_has_no_neighbours(client):
    assert client.get("/v1/words/nearest?text=fruit").json["matches"] == []


def test_many_are_deleted_at_once_and_what_is_not_there_does_not_count(client):
    add(client, a="fruit a", b="fruit b")
    assert client.post("/v1/words/delete", json={"ids": ["a", "a", "nowhere"]}).json == {"removed": 1}
    assert client.post("/v1/words/delete", json={"ids": ["a"]}).json == {"removed": 0}


def test_similarity_of_rows_with_columns_and_with_themselves(client):
    answer = client.post("/v1/similarity", json={"rows": ["fruit", "country"]}).json
    assert answer["rows"] == answer["columns"] == ["fruit", "country"]
    assert answer["matrix"][0][0] == pytest.approx(1, abs=1e-6)
    assert answer["matrix"][0][1] == pytest.approx(answer["matrix"][1][0])
    answer = client.post("/v1/similarity", json={"rows": ["fruit"], "columns": ["fruit", "a", "fruit"]}).json
    assert [len(row) for row in answer["matrix"]] == [3]


def test_of_a_call_with_one_bad_word_nothing_is_stored(client):
    is_problem(
        client.post("/v1/words", json={"words": [{"text": "fruit"}, {"text": " \t\u2003"}]}), 422, "invalid_request"
    )
    assert client.get("/v1/words").json == {"words": [], "next": None}


def test_a_thousand_are_taken(client):
    assert add(client, *(f"fruit {i}" for i in range(1000)))["added"] == 1000


# Clusterings


def test_a_clustering_is_made_shown_listed_and_removed(client):
    add(client, f1="fruit 1", f2="fruit 2", c1="country 1", c2="country 2", c3="country 3")
    started = client.post("/v1/clusterings", json={"k": 2, "seed": 7})
    assert started.status_code == 202
    run = started.json["id"]
    assert started.headers["Location"].endswith(f"/v1/clusterings/{run}")
    waited = client.post("/v1/clusterings?wait=60", json={"k": 2})
    assert waited.status_code == 200
    assert waited.headers["Location"].endswith(waited.json["id"])
    shown = client.get(started.headers["Location"]).json
    assert (shown["status"], shown["progress"], shown["k"], shown["words"]) == ("done", 1.0, 2, 5)
    assert shown["settings"]["k"] == 2 and shown["settings"]["seed"] == 7
    assert shown["seconds"] >= 0
    assert sorted((c["size"], sorted(c["examples"])) for c in shown["clusters"]) == [
        (2, ["fruit 1", "fruit 2"]),
        (3, ["country 1", "country 2", "country 3"]),
    ]
    assert all(set(c) >= {"id", "name", "size", "keywords", "examples"} for c in shown["clusters"])
    assert [c["id"] for c in client.get("/v1/clusterings").json["clusterings"]] == [waited.json["id"], run]
    assert client.delete(f"/v1/clusterings/{run}").status_code == 204
    is_problem(client.delete(f"/v1/clusterings/{run}"), 404, "not_found")
    is_problem(client.get(f"/v1/clusterings/{run}"), 404, "not_found")


def test_words_of_a_clustering_come_in_pages_and_later_words_are_there_too(client):
    add(client, f1="fruit 1", f2="fruit 2", c1="country 1", c2="country 2")
    shown = client.post("/v1/clusterings?wait=60", json={"k": 2}).json
    by_example = {c["examples"][0].split()[0]: c["id"] for c in shown["clusters"]}
    add(client, f3="fruit 3")
    words, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get(f"/v1/clusterings/{shown['id']}/words", query_string=query).json
        words += page["words"]
        cursor = page["next"]
        if cursor is None:
            break
    assert {w["id"]: w["cluster"] for w in words} == {
        id: by_example[{"f": "fruit", "c": "country"}[id[0]]] for id in ("f1", "f2", "f3", "c1", "c2")
    }
    some = client.get(f"/v1/clusterings/{shown['id']}/words?cluster={by_example['fruit']}").json
    assert [w["text"] for w in some["words"]] == ["fruit 1", "fruit 2", "fruit 3"]
    is_problem(client.get(f"/v1/clusterings/{shown['id']}/words?cluster=none"), 404, "not_found")


def test_the_nearest_cluster_of_a_text_comes_from_the_newest_run_or_the_one_named(client):
    is_problem(client.get("/v1/clusters/nearest?text=fruit"), 404, "no_clustering")
    add(client, "fruit 1", "fruit 2", "country 1", "country 2")
    old = client.post("/v1/clusterings?wait=60", json={"k": 1}).json
    new = client.post("/v1/clusterings?wait=60", json={"k": 2}).json
    answer = client.get("/v1/clusters/nearest?text=a+fruit&k=1000").json
    assert answer["text"] == "a fruit" and answer["clustering"] == new["id"]
    assert len(answer["matches"]) == 2
    assert answer["matches"][0]["cluster"] == next(c["id"] for c in new["clusters"] if "fruit 1" in c["examples"])
    assert set(answer["matches"][0]) >= {"cluster", "name", "score"}
    both = client.post(
        f"/v1/clusters/nearest?clustering={old['id']}", json={"texts": ["fruit", "country"], "k": 1}
    ).json
    assert [r["text"] for r in both["results"]] == ["fruit", "country"]
    assert {r["clustering"] for r in both["results"]} == {old["id"]}
    assert client.get("/v1/info").json["counts"]["words"] == 4


def test_what_can_be_decided_at_once_makes_no_job(client):
    is_problem(client.post("/v1/clusterings", json={"k": 1}), 422, "invalid_request")
    add(client, "fruit 1", "fruit 2")
    assert "at most 2" in is_problem(client.post("/v1/clusterings", json={"k": 3}), 422, "invalid_request")["detail"]
    assert client.get("/v1/clusterings").json == {"clusterings": []}


def test_a_run_that_cannot_succeed_ends_as_failed_and_says_why(client):
    add(client, a="fruit", b="fruit", c="fruit")
    answer = client.post("/v1/clusterings?wait=60", json={"k": 3})
    assert (answer.status_code, answer.json["status"]) == (200, "failed")
    assert answer.json["error"] and answer.json["seconds"] >= 0
    is_problem(client.get(f"/v1/clusters/nearest?text=a&clustering={answer.json['id']}"), 409, "conflict")
    is_problem(client.get("/v1/clusters/nearest?text=a"), 404, "no_clustering")


@pytest.fixture
def held(client, engine, monkeypatch):
    """Hold up every run until the event is set."""
    go, held = threading.Event(), engine.clusterings.run

    def run(id, progress):
        assert go.wait(30)
        return held(id, progress)

    monkeypatch.setattr(engine.clusterings, "run", run)
    add(client, "fruit 1", "fruit 2")
    yield go
    go.set()


def test_wait_gives_up_in_time_and_a_run_is_called_off(client, held):
    started = client.post("/v1/clusterings?wait=0.05", json={"k": 1})
    assert started.status_code == 202 and started.json["status"] in ("queued", "running")
    assert client.delete(started.headers["Location"]).status_code == 204
    held.set()
    assert client.post("/v1/clusterings?wait=30", json={"k": 1}).json["status"] == "done"
    assert client.get(started.headers["Location"]).json["status"] == "cancelled"


def test_a_full_queue_says_so(client, held):
    answers = [client.post("/v1/clusterings", json={"k": 1}) for _ in range(20)]
    assert {a.status_code for a in answers} == {202, 429}
    is_problem(answers[-1], 429, "too_many_jobs")
    held.set()
    assert client.post("/v1/topics/nearest", json={"texts": ["a"]}).status_code == 200


def test_one_run_that_breaks_does_not_stop_the_next(client, engine, monkeypatch):
    add(client, "fruit 1", "fruit 2")
    right = engine.clusterings.run
    monkeypatch.setattr(engine.clusterings, "run", lambda *_: 1 / 0)
    broken = client.post("/v1/clusterings?wait=30", json={"k": 1}).json
    monkeypatch.setattr(engine.clusterings, "run", right)
    assert broken["status"] == "failed" and broken["error"]
    assert client.post("/v1/clusterings?wait=30", json={"k": 1}).json["status"] == "done"


def test_a_run_that_a_dead_process_left_queued_has_failed_for_the_next(engine, client):
    from indexer.clusters.clusterings import ClusteringSettings

    add(client, "fruit 1")
    left = engine.clusterings.create(ClusteringSettings(k=1))
    engine.close()
    with Engine(engine.settings, load=lambda _: AxisEmbedder()) as reopened:
        later = serving(reopened)
        shown = later.get(f"/v1/clusterings/{left}").json
        assert (shown["status"], bool(shown["error"])) == ("failed", True)
        later.application.extensions["topicdex"].jobs.close()


# Service


def test_info_says_what_runs_on_what(stocked):
    info = stocked.get("/v1/info").json
    assert info["version"]
    assert (info["model"]["name"], info["model"]["dimension"]) == ("axes", 8)
    assert info["counts"] == {"words": 4, "topics": 2}
    assert info["store"] == {"mode": "embedded", "format": 1}


def test_ready_only_once_the_model_is_loaded(settings):
    go = threading.Event()

    def slow(_):
        assert go.wait(30)
        return AxisEmbedder()

    with Engine(settings, load=slow) as engine:
        app = create_app(engine=engine)
        client = app.test_client()
        assert client.get("/healthz").status_code == 200
        is_problem(client.get("/readyz"), 503, "not_ready")
        go.set()
        app.extensions["topicdex"].warmup.join()
        assert client.get("/readyz").status_code == 200
        app.extensions["topicdex"].jobs.close()


def test_readiness_tells_no_path_of_a_model_that_cannot_be_loaded(settings):
    from indexer.errors import ModelUnavailable

    def missing(_):
        raise ModelUnavailable("the model '/home/somebody/model' cannot be loaded")

    with Engine(settings, load=missing) as engine:
        client = serving(engine)
        is_problem(client.get("/readyz"), 503, "not_ready")
        client.application.extensions["topicdex"].jobs.close()


def test_a_store_that_fails_is_a_503_without_its_insides(client, engine, monkeypatch):
    def fails(*_):
        raise StoreUnavailable("Chroma failed (unable to open /home/somebody/store/chroma.sqlite3); run again")

    monkeypatch.setattr(engine.words, "page", fails)
    is_problem(client.get("/v1/words"), 503, "store_unavailable")


def test_a_bug_is_a_500_without_its_traceback(client, engine, monkeypatch):
    monkeypatch.setattr(engine.words, "page", lambda *_: [][1])
    is_problem(client.get("/v1/words"), 500, "internal")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/v1", 404, "not_found"),
        ("GET", "/v1/topics/", 404, "not_found"),
        ("GET", "/v1/words/", 404, "not_found"),
        ("GET", "/docs/assets/none.js", 404, "not_found"),
        ("GET", "/docs/assets/..%2f..%2f..%2f__init__.py", 404, "not_found"),
        ("PATCH", "/v1/topics", 405, "method_not_allowed"),
        ("PUT", "/v1/words", 405, "method_not_allowed"),
        ("POST", "/v1/words/some-id", 405, "method_not_allowed"),
        ("POST", "/healthz", 405, "method_not_allowed"),
        ("DELETE", "/v1/clusterings", 405, "method_not_allowed"),
    ],
)
def test_an_unknown_route_and_a_wrong_method_are_problems_too(stocked, method, path, status, code):
    answer = stocked.open(path, method=method)
    is_problem(answer, status, code)
    assert ("Allow" in answer.headers) == (status == 405)


@pytest.fixture
def locked(engine, settings):
    client = serving(engine, replace(settings, api_key="kéy"))
    yield client
    client.application.extensions["topicdex"].jobs.close()


@pytest.mark.parametrize("header", [None, "", "kéy", "Bearer", "Bearer ", "Bearer key", "Bearer kéy ", "Basic a3k6"])
@pytest.mark.parametrize("path", ["/v1/topics", "/v1/nothing", "/v1/words/nearest?text=a"])
def test_without_the_key_every_v1_call_is_unauthorized(locked, path, header):
    answer = locked.get(path, headers={} if header is None else {"Authorization": header.encode().decode("latin-1")})
    is_problem(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_with_the_key_and_outside_v1_calls_are_answered(locked):
    headers = {"Authorization": "Bearer kéy".encode().decode("latin-1")}  # a client sends UTF-8, WSGI has it so
    assert locked.get("/v1/topics", headers=headers).status_code == 200
    assert [locked.get(path).status_code for path in ("/healthz", "/readyz", "/openapi.json", "/docs")] == [200] * 4


# Bad input

LONE = "\ud800"
MANY = ["a"] * 1001
GET, POST, PUT, DELETE = "GET", "POST", "PUT", "DELETE"

UNPROCESSABLE = [
    # k and limit
    *[
        (GET, f"/v1/{what}/nearest?text=a&k={k}", None)
        for what in ("topics", "words", "clusters")
        for k in ("0", "-1", "two", "1001", "1.5", "")
    ],
    *[
        (POST, f"/v1/{what}/nearest", {"texts": ["a"], "k": k})
        for what in ("topics", "words", "clusters")
        for k in (0, -1, "2", 1001, 1.5, None, True, [2])
    ],
    *[(GET, f"/v1/words?limit={n}", None) for n in ("0", "-1", "many", "1001")],
    *[(POST, "/v1/clusterings", {"k": k}) for k in (0, -1, "two", 1001, 5, 2.5, True, [], None)],
    *[(POST, f"/v1/clusterings?wait={n}", {"k": 1}) for n in ("-1", "61", "nan", "soon", "")],
    (POST, "/v1/clusterings", {}),
    (POST, "/v1/clusterings", {"k": 2, "around": "topics"}),
    (POST, "/v1/clusterings", {"around": "words"}),
    (POST, "/v1/clusterings", {"k": 2, "seed": -1}),
    (POST, "/v1/clusterings", {"k": 2, "seed": 2**32}),
    (POST, "/v1/clusterings", {"k": 2, "start": LONE}),
    (POST, "/v1/clusterings", {"k": 2, "start": 7}),
    (POST, "/v1/clusterings", {"k": 2, "stop_words": [LONE]}),
    # texts
    *[
        (GET, f"/v1/{what}/nearest{query}", None)
        for what in ("topics", "words", "clusters")
        for query in ("", "?text=", "?text=+", "?text=%FF", "?text=%ED%A0%80")
    ],
    *[
        (POST, f"/v1/{what}/nearest", {"texts": texts})
        for what in ("topics", "words", "clusters")
        for texts in ([], MANY, [""], ["\t\n"], [LONE], [1], [None], "a", None, {})
    ],
    *[
        (POST, "/v1/words", {"words": [{"text": text}]})
        for text in ("", " ", "\u2003", LONE, f"a{LONE}b", 1, None, ["a"])
    ],
    *[
        (POST, "/v1/words", {"words": words})
        for words in ([], [{"text": "a"}] * 1001, ["a"], {"text": "a"}, [[]], [None], None)
    ],
    (POST, "/v1/words", {"words": [{"id": "1"}]}),
    *[
        (POST, "/v1/similarity", body)
        for body in (
            {},
            {"rows": []},
            {"rows": MANY},
            {"rows": ["a"], "columns": []},
            {"rows": ["a"], "columns": MANY},
            {"rows": [LONE]},
        )
    ],
    # ids and metadata
    *[(POST, "/v1/words", {"words": [{"text": "a", "id": id}]}) for id in ("", "x" * 129, "ü" * 65, LONE, 7, ["a"])],
    *[(POST, "/v1/words/delete", {"ids": ids}) for ids in ([], MANY, [1], [LONE], "a", None)],
    *[
        (POST, "/v1/words", {"words": [{"text": "a", "metadata": metadata}]})
        for metadata in (
            {"a": {"b": 1}},
            {"a": [1]},
            {"a": None},
            {"": 1},
            {"a": LONE},
            {LONE: 1},
            {"a": 2**64},
            {"a": float("nan")},
            {"a": float("-inf")},
            {"topicdex:text": "x"},
            {"chroma:document": "x"},
            {"$and": 1},
            {"a": "x" * 20_000},
            {f"n{i}": i for i in range(65)},
            [],
            "a",
            None,
        )
    ],
    *[
        (POST, "/v1/words/nearest", {"texts": ["a"], "where": where})
        for where in ({"a": None}, {"a": {"$gt": 1}}, {"": 1}, {"$or": "a"}, [], "a")
    ],
    # topics and thresholds
    *[
        (method, "/v1/topics", {"topics": topics})
        for method in (PUT, POST)
        for topics in (
            [],
            [{"name": f"t{i}"} for i in range(1001)],
            [{"name": "a"}, {"name": "a"}],
            [{"name": ""}],
            [{"name": " "}],
            [{"name": LONE}],
            [{"description": "a"}],
            [{"name": "a", "description": LONE}],
            [{"name": "a", "description": None}],
            [{"name": "a", "examples": "b"}],
            [{"name": "a", "examples": [""]}],
            [{"name": "a", "examples": [LONE]}],
            [{"name": "a", "examples": MANY}],
            ["a"],
            None,
        )
    ],
    *[
        (PUT, "/v1/thresholds", body)
        for body in (
            {"score": 2},
            {"score": "0.5"},
            {"score": float("nan")},
            {"margin": -0.1},
            {"topics": {"none": 0.5}},
            {"topics": {"fruit": None}},
            {"topics": {LONE: 0.1}},
            {"topics": []},
        )
    ],
    # what is not known
    *[
        (GET, f"{path}&surprise=1" if "?" in path else f"{path}?surprise=1", None)
        for path in (
            "/v1/topics",
            "/v1/words",
            "/v1/words/x",
            "/v1/clusterings",
            "/v1/clusterings/x",
            "/v1/clusterings/x/words",
            "/v1/thresholds",
            "/v1/info",
            "/v1/topics/nearest?text=a",
            "/v1/words/nearest?text=a",
            "/v1/clusters/nearest?text=a",
        )
    ],
    *[(DELETE, f"/v1/{what}/x?surprise=1", None) for what in ("topics", "words", "clusterings")],
    (GET, "/v1/topics/nearest?text=a&prototypes=adapted", None),
    (POST, "/v1/topics/nearest?k=2", {"texts": ["a"]}),
    *[(POST, f"/v1/{what}/nearest", {"texts": ["a"], "surprise": 1}) for what in ("topics", "words", "clusters")],
    (POST, "/v1/words", {"words": [{"text": "a"}], "surprise": 1}),
    (POST, "/v1/words", {"words": [{"text": "a", "surprise": 1}]}),
    (POST, "/v1/words", {"words": [{"text": "a"}], LONE: 1}),
    (PUT, "/v1/topics", {"topics": [{"name": "a", "surprise": 1}]}),
    (PUT, "/v1/thresholds", {"surprise": 1}),
    (POST, "/v1/clusterings", {"k": 2, "surprise": 1}),
    (POST, "/v1/words/delete", {"ids": ["a"], "surprise": 1}),
    (POST, "/v1/similarity", {"rows": ["a"], "surprise": 1}),
    # cursors
    (GET, "/v1/words?cursor=zzz", None),
    (GET, "/v1/words?cursor=", None),
    # JSON, and no object
    *[(POST, "/v1/words", body) for body in (None, [], "a", 7, True)],
]


def short(value):
    return str(value)[:40] if isinstance(value, str) else json.dumps(value)[:40]


@pytest.mark.parametrize(("method", "path", "body"), UNPROCESSABLE, ids=short)
def test_bad_input_is_a_422_that_changes_nothing(stocked, method, path, body):
    before = stocked.get("/v1/info").json, len(stocked.get("/v1/clusterings").json["clusterings"])
    sent = {} if method in (GET, DELETE) else {"data": json.dumps(body), "content_type": "application/json"}
    is_problem(stocked.open(path, method=method, **sent), 422, "invalid_request")
    assert (stocked.get("/v1/info").json, len(stocked.get("/v1/clusterings").json["clusterings"])) == before
    assert stocked.get("/v1/topics").status_code == 200


def raw(client, data, content_type="application/json", path="/v1/words"):
    return client.post(path, data=data, content_type=content_type)


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"hello",
        b'{"words": [{"text": "\xff"}]}',
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"k": ' + b"9" * 5000 + b"}",
        b"{'words': []}",
        b"\x00",
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_no_json_is_a_400(stocked, data):
    body = is_problem(raw(stocked, data), 400, "invalid_request")
    assert "JSON" in body["detail"]


def test_a_body_that_is_missing_is_a_422(stocked):
    is_problem(stocked.post("/v1/words"), 422, "invalid_request")
    is_problem(stocked.post("/v1/words", content_type="application/json"), 422, "invalid_request")


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "multipart/form-data; boundary=x",
    ],
)
def test_a_body_of_another_type_is_a_415(stocked, content_type):
    is_problem(raw(stocked, b'{"words": [{"text": "a"}]}', content_type), 415, "unsupported_media_type")


def test_a_charset_beside_the_type_is_fine(stocked):
    assert raw(stocked, b'{"texts": ["a"]}', "application/json; charset=utf-8", "/v1/topics/nearest").status_code == 200


def test_a_body_of_16_mb_is_taken_and_one_byte_more_is_a_413(stocked):
    whole = b'{"texts": ["a"]}'.ljust(16 * 2**20)
    assert raw(stocked, whole, path="/v1/topics/nearest").status_code == 200
    is_problem(raw(stocked, whole + b" ", path="/v1/topics/nearest"), 413, "too_large")


def test_readers_who_stop_reading_do_not_take_every_thread(client):
    put_topics(client, "fruit", "country")
    add(client, "fruit a")
    stalled = [client.get("/v1/topics/words") for _ in range(MOST_STREAMS)]
    answer = client.get("/v1/topics/words")
    assert answer.status_code == 429 and answer.json["code"] == "too_many_jobs"
    for response in stalled:
        response.close()
    assert client.get("/v1/topics/words").status_code == 200
