"""A server is warm before its callers come and stays so: the model, the words, the null scores."""

import threading
import time

import pytest

from indexer.errors import ModelUnavailable, StoreUnavailable
from server import create_app, warmup
from server.warmup import Warmup

WORDS = [f"{kind} {i}" for kind in ("fruit", "country") for i in range(50)]


@pytest.fixture
def topics(engine):
    engine.words.add(WORDS)
    engine.topics.replace(["fruit", "country"])
    return engine.topics


@pytest.fixture
def client(engine, topics):
    app = create_app(engine=engine)
    app.extensions["topicdex"].warmup.join()
    yield app.test_client()
    app.extensions["topicdex"].jobs.close()


def percentile(client):
    return client.get("/v1/topics/nearest?text=animal 1").json["percentile"]


def eventually(true, seconds=10.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_warm_server_answers_with_a_percentile_at_once(client):
    assert 0 < percentile(client) < 100


@pytest.mark.parametrize("change", ["topics", "words"])
def test_a_change_slows_no_answer_and_percentiles_come_back_by_themselves(client, engine, monkeypatch, change):
    before, sample, go_on = percentile(client), engine.words.sample, threading.Event()

    def slow(size):
        assert go_on.wait(30)
        return sample(size)

    monkeypatch.setattr(engine.words, "sample", slow)
    if change == "topics":
        client.put("/v1/topics", json={"topics": [{"name": "fruit"}, {"name": "fruit country"}]})
    else:
        client.post("/v1/words", json={"words": [{"text": f"fruit country {i}"} for i in range(200)]})
    threading.Timer(5.0, go_on.set).start()  # else an answer that measures would never come
    begin = time.monotonic()
    assert percentile(client) is None
    assert time.monotonic() - begin < 4
    go_on.set()
    eventually(lambda: percentile(client) is not None)
    after = percentile(client)
    assert after != before
    client.get("/v1/topics/background")
    assert percentile(client) == after


def test_who_asks_for_the_background_waits_for_it(client):
    client.put("/v1/topics", json={"topics": [{"name": "fruit"}, {"name": "fruit country"}]})
    background = client.get("/v1/topics/background").json
    assert background["rows"] == 100 and len(background["percentiles"]) == 101
    assert percentile(client) is not None


def test_a_store_that_does_not_answer_is_asked_again(engine, topics, monkeypatch, caplog):
    monkeypatch.setattr(warmup, "_RETRY_S", 0.05)
    load, answers = engine.words.load, threading.Event()

    def away():
        if not answers.is_set():
            raise StoreUnavailable("the store does not answer")
        return load()

    monkeypatch.setattr(engine.words, "load", away)
    warming = Warmup(engine)
    eventually(lambda: isinstance(warming.failure, StoreUnavailable))
    answers.set()
    warming.join()
    assert warming.failure is None
    assert "store_unavailable: the store does not answer" in caplog.text


def test_words_that_come_later_are_in_the_snapshot_without_anybody_asking(engine, client, monkeypatch):
    saved = threading.Event()
    monkeypatch.setattr(engine.words.replica, "_is_due", lambda memory: len(memory) > 100)
    monkeypatch.setattr(engine.words.replica, "_save", saved.set)
    assert not saved.is_set()
    client.post("/v1/words", json={"words": [{"text": "fruit 100"}]})
    assert saved.wait(10)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ModelUnavailable("the model is gone"), "model_unavailable: the model is gone"),
        (ValueError("a bug"), "internal: a bug"),
    ],
)
def test_a_failure_that_will_not_pass_is_told_and_ends_it(engine, monkeypatch, caplog, error, line):
    def fail():
        raise error

    monkeypatch.setattr(engine, "embedder", fail)
    warming = Warmup(engine)
    warming.join()
    assert warming.failure is error
    assert line in caplog.text


def test_closing_the_engine_ends_it(engine, topics):
    before = set(threading.enumerate())
    warming = Warmup(engine)
    (thread,) = set(threading.enumerate()) - before
    warming.join()
    engine.close()
    thread.join(5)
    assert not thread.is_alive()
