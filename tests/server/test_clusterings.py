"""Clusterings over HTTP: made, waited for, cancelled, paged through; the cluster nearest to a text."""

from indexer import Engine
from indexer.contract.clusterings import ClusteringSettings
from server.context import context
from tests.model import AxisEmbedder
from tests.server.http import add, is_problem, serving


def test_a_clustering_is_made_shown_listed_and_removed(client):
    add(client, f1="fruit 1", f2="fruit 2", c1="country 1", c2="country 2", c3="country 3")
    started = client.post("/v1/clusterings", json={"k": 2, "seed": 7})
    assert started.status_code == 202
    first = started.json["id"]
    assert started.headers["Location"].endswith(f"/v1/clusterings/{first}")
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
    assert [c["id"] for c in client.get("/v1/clusterings").json["clusterings"]] == [waited.json["id"], first]
    assert client.delete(f"/v1/clusterings/{first}").status_code == 204
    is_problem(client.delete(f"/v1/clusterings/{first}"), 404, "not_found")
    is_problem(client.get(f"/v1/clusterings/{first}"), 404, "not_found")


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


def test_the_nearest_cluster_of_a_text_comes_from_the_newest_clustering_or_the_one_named(client):
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


def test_a_clustering_that_cannot_succeed_ends_as_failed_and_says_why(client):
    add(client, a="fruit", b="fruit", c="fruit")
    answer = client.post("/v1/clusterings?wait=60", json={"k": 3})
    assert (answer.status_code, answer.json["status"]) == (200, "failed")
    assert answer.json["error"] and answer.json["seconds"] >= 0
    is_problem(client.get(f"/v1/clusters/nearest?text=a&clustering={answer.json['id']}"), 409, "conflict")
    is_problem(client.get("/v1/clusters/nearest?text=a"), 404, "no_clustering")


def test_wait_gives_up_in_time_and_a_clustering_is_cancelled(client, held):
    started = client.post("/v1/clusterings?wait=0.05", json={"k": 1})
    assert started.status_code == 202 and started.json["status"] in ("queued", "running")
    assert client.delete(started.headers["Location"]).status_code == 204
    held.set()
    assert client.post("/v1/clusterings?wait=30", json={"k": 1}).json["status"] == "done"
    assert client.get(started.headers["Location"]).json["status"] == "cancelled"


def test_a_clustering_that_is_deleted_in_its_last_moment_is_gone(client, engine, monkeypatch):
    add(client, "fruit 1", "fruit 2")
    finish = engine.clusterings.history.finish

    def deleted_meanwhile(stored, prototypes):
        assert client.delete(f"/v1/clusterings/{stored.id}").status_code == 204
        finish(stored, prototypes)

    with monkeypatch.context() as patched:
        patched.setattr(engine.clusterings.history, "finish", deleted_meanwhile)
        id = client.post("/v1/clusterings", json={"k": 1}).json["id"]
        assert context(client.application).jobs.clusterings.wait(id, 30)
    assert client.get("/v1/clusterings").json == {"clusterings": []}
    assert client.post("/v1/clusterings?wait=30", json={"k": 1}).json["status"] == "done"


def test_a_full_queue_says_so(client, held):
    answers = [client.post("/v1/clusterings", json={"k": 1}) for _ in range(20)]
    assert {a.status_code for a in answers} == {202, 429}
    is_problem(answers[-1], 429, "too_many_jobs")
    held.set()
    assert client.post("/v1/topics/nearest", json={"texts": ["a"]}).status_code == 200


def test_one_that_breaks_does_not_stop_the_next(client, engine, monkeypatch):
    add(client, "fruit 1", "fruit 2")
    right = engine.clusterings.run
    monkeypatch.setattr(engine.clusterings, "run", lambda *_: 1 / 0)
    broken = client.post("/v1/clusterings?wait=30", json={"k": 1}).json
    monkeypatch.setattr(engine.clusterings, "run", right)
    assert broken["status"] == "failed" and broken["error"]
    assert client.post("/v1/clusterings?wait=30", json={"k": 1}).json["status"] == "done"


def test_a_clustering_that_a_dead_process_left_queued_has_failed_for_the_next(engine, client):
    add(client, "fruit 1")
    left = engine.clusterings.create(ClusteringSettings(k=1))
    engine.close()
    with Engine(engine.settings, load=lambda _: AxisEmbedder()) as reopened:
        later = serving(reopened)
        shown = later.get(f"/v1/clusterings/{left}").json
        assert (shown["status"], bool(shown["error"])) == ("failed", True)
        context(later.application).jobs.close()
