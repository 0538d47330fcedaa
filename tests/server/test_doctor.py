"""Checkups over HTTP: what is wrong is found and said, nothing is changed, and a store that is in use is healthy."""

import threading

import pytest

from indexer import Engine
from indexer.contract.clusterings import ClusteringSettings
from indexer.errors import StoreUnavailable
from indexer.records import Word
from scripts.processes import wait_until
from server.context import context
from tests.model import AxisEmbedder
from tests.server.http import add, is_problem, serving
from tests.store.damage import make_words, plain


def test_a_checkup_is_followed_listed_and_forgotten(client):
    add(client, "fruit 1", "fruit 2", "country 1")
    started = client.post("/v1/doctor")
    assert started.status_code == 202 and started.json["healthy"] is None
    waited = client.post("/v1/doctor?wait=30")
    assert waited.status_code == 200
    shown = client.get(started.headers["Location"]).json
    for done in (shown, waited.json):
        assert (done["status"], done["progress"], done["words"], done["healthy"]) == ("done", 1.0, 3, True)
        assert (done["findings"], done["error"]) == ([], None) and done["seconds"] >= 0
    assert [c["id"] for c in client.get("/v1/doctor").json["doctor"]] == [waited.json["id"], shown["id"]]
    assert client.delete(f"/v1/doctor/{shown['id']}").status_code == 204
    for call in (client.get, client.delete):
        is_problem(call(f"/v1/doctor/{shown['id']}"), 404, "not_found")


def test_an_empty_store_is_healthy(client):
    assert client.post("/v1/doctor?wait=30").json["healthy"] is True


def test_faults_are_said_in_words_with_a_remedy_and_some_ids_and_nothing_is_changed(engine, settings):
    engine.words.add(make_words(0, 30))
    engine.close()
    chroma, rows = plain(settings)
    broken = [f"w{i}" for i in range(12)]
    rows.update(ids=broken, embeddings=[[1.0] + [0.0] * 7] * 12)
    chroma.close()
    with Engine(settings, load=lambda _: AxisEmbedder()) as again:
        client = serving(again)
        for _ in range(2):
            found = client.post("/v1/doctor?wait=30").json
            assert (found["status"], found["healthy"], found["words"]) == ("done", False, 30)
            assert {f["fault"]: f["count"] for f in found["findings"]} == {"wrong": 12}
            (wrong,) = found["findings"]
            assert wrong["message"] == (
                "12 words have a vector that is not their own; topicdex doctor --repair embeds their texts again"
            )
            assert len(wrong["examples"]) == 10 and set(wrong["examples"]) < set(broken)
        context(client.application).jobs.close()


def test_words_that_are_written_and_deleted_meanwhile_are_no_fault(client, engine):
    """With a snapshot, a clustering that waits for its turn, and a writer that never rests."""
    engine.words.add(make_words(0, 3_000))
    wait_until(lambda: engine.store.snapshots.pointer() is not None, "the words in memory are not saved")
    engine.clusterings.create(ClusteringSettings(k=2))
    ended, failed = threading.Event(), []

    def write():
        turn = 0
        try:
            while not ended.is_set():
                turn += 1
                first = 100 * (turn % 30)
                engine.words.delete([f"w{i}" for i in range(first, first + 100)])
                engine.words.add(make_words(first + turn, first + turn + 150))
        except Exception as error:
            failed.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(4):
            found = client.post("/v1/doctor?wait=60").json
            assert (found["status"], found["healthy"]) == ("done", True), found
    finally:
        ended.set()
        writer.join()
    assert not failed


def test_what_changes_between_two_looks_is_looked_at_again(client, engine, monkeypatch):
    """Words that are in the snapshot change before and after their page is read, and while they are searched for."""
    engine.words.add(make_words(0, 1_200))
    wait_until(lambda: engine.store.snapshots.pointer() is not None, "the words in memory are not saved")
    inspect, lost = engine.store.words.inspect, engine.store.words.lost
    looks = []

    def inspected(ids=None):
        assert engine.store.write_lock._is_owned()
        return inspect(ids)

    def searched(ids, vectors):
        looks.append(ids)
        if len(looks) == 1:
            engine.words.delete([ids[0], ids[1], "w700"])
            engine.words.add([Word("fruit new", "w1"), Word("fruit newer", "w701"), Word("fruit newest", "added")])
        return lost(ids, vectors)

    monkeypatch.setattr(engine.store.words, "inspect", inspected)
    monkeypatch.setattr(engine.store.words, "lost", searched)
    found = client.post("/v1/doctor?wait=60").json
    assert (found["status"], found["healthy"]) == ("done", True), found
    assert (found["words"], len(looks)) == (1_199, 3)


@pytest.fixture
def held(client, engine, monkeypatch):
    """Hold up every checkup at its first page until the event is set; `there` is set at that moment."""
    there, go, inspect = threading.Event(), threading.Event(), type(engine.store.words).inspect

    def held(table, ids=None):
        there.set()
        assert go.wait(30)
        return inspect(table, ids)

    monkeypatch.setattr(type(engine.store.words), "inspect", held)
    engine.words.add(make_words(0, 1_200))
    yield there, go
    go.set()


def test_a_checkup_is_cancelled_running_and_waiting(client, held):
    there, go = held
    running, waiting = (client.post("/v1/doctor").headers["Location"] for _ in range(2))
    assert there.wait(30)
    assert client.get(running).json["status"] == "running" and client.get(waiting).json["status"] == "queued"
    assert client.delete(waiting).status_code == client.delete(running).status_code == 204
    go.set()
    assert context(client.application).jobs.checkups.wait(running.rsplit("/")[-1], 30)
    for at in (running, waiting):
        ended = client.get(at).json
        assert (ended["status"], ended["healthy"]) == ("cancelled", None)
    assert 0 < client.get(running).json["progress"] < 1 and client.get(running).json["words"] == 500


def test_a_full_queue_says_so(client, held):
    answers = [client.post("/v1/doctor") for _ in range(20)]
    assert {a.status_code for a in answers} == {202, 429}
    is_problem(answers[-1], 429, "too_many_jobs")


def test_a_store_that_does_not_answer_fails_the_checkup_without_a_path(client, engine, monkeypatch):
    def unavailable(_):
        raise StoreUnavailable("Chroma failed (/home/me/store is gone); run again")

    monkeypatch.setattr(type(engine.store.words), "ids", unavailable)
    found = client.post("/v1/doctor?wait=30").json
    assert (found["status"], found["healthy"]) == ("failed", None)
    assert found["error"] == "Chroma failed ((a path) is gone); run again"
