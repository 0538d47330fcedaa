"""Many processes on one Chroma server: what one writes, every other sees within two seconds."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from indexer import Engine, Settings
from indexer.clusters.history import History
from indexer.contract.clusterings import ClusteringSettings
from indexer.contract.topics import Thresholds, TopicChange
from indexer.embedders import spending
from indexer.errors import ModelMismatch, OverBudget, PreconditionFailed, StoreUnavailable
from indexer.records import Topic, Word
from indexer.store import changes
from indexer.store.chroma import PATIENCE_S
from scripts import processes
from tests.model import AxisEmbedder

SEEN_WITHIN_S = 2.0


@pytest.fixture(scope="module")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with processes.chroma(tmp_path_factory.mktemp("chroma")) as url:
        yield url


@pytest.fixture
def shared(chroma: str, settings: Settings) -> Iterator[Settings]:
    yield replace(settings, chroma_url=chroma)
    with Engine(replace(settings, chroma_url=chroma), load=lambda _: AxisEmbedder()) as engine:
        engine.words.delete(list(engine.store.words.ids()))
        for topic in engine.topics.all().topics:
            engine.topics.delete(topic.name)


@pytest.fixture
def two(shared: Settings, model: AxisEmbedder) -> Iterator[tuple[Engine, Engine]]:
    with Engine(shared, load=lambda _: model) as one, Engine(shared, load=lambda _: model) as other:
        yield one, other


def eventually(condition: Callable[[], bool], seconds: float = SEEN_WITHIN_S) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.05)


def nearest(engine: Engine, text: str) -> str | None:
    matches = engine.words.nearest([text], 1)[0].matches
    return matches[0].text if matches else None


def test_words_that_one_process_writes_are_seen_by_the_other(two):
    one, other = two
    other.words.load()
    one.words.add([Word("fruit a", "1"), Word("country b", "2")])
    eventually(lambda: nearest(other, "fruit a") == "fruit a")
    one.words.add([Word("company c", "1")])
    eventually(lambda: nearest(other, "company c") == "company c")
    one.words.delete(["1"])
    eventually(lambda: nearest(other, "company c") == "country b")


def test_topics_and_thresholds_are_seen_by_the_other(two):
    one, other = two
    one.topics.replace([Topic("fruit"), Topic("country")])
    eventually(lambda: len(other.topics) == 2)
    one.topics.set_thresholds(Thresholds(score=0.5))
    eventually(lambda: other.topics.thresholds().score == 0.5)


def test_topics_that_many_set_at_once_do_not_overwrite_each_other(two):
    one, other = two
    one.topics.add([Topic("fruit")])
    other.topics.add([Topic("country")])  # at once: it has not looked since
    assert [topic.name for topic in other.topics.all().topics] == ["fruit", "country"]
    one.topics.set_thresholds(Thresholds(score=0.5))
    other.topics.delete("fruit")
    assert [topic.name for topic in one.topics.add([Topic("animal")]).topics] == ["country", "animal"]
    assert one.topics.thresholds().score == 0.5
    seen = one.topics.get("animal").version
    other.topics.change("animal", TopicChange(description="wild"), seen)
    with pytest.raises(PreconditionFailed):
        one.topics.change("animal", TopicChange(description="tame"), seen)


def test_what_was_missed_while_the_store_was_away_is_read_when_it_is_back(two, monkeypatch):
    one, other = two
    other.words.load()
    one.words.add([Word("fruit a", "1")])
    eventually(lambda: nearest(other, "fruit a") == "fruit a")
    failed = []

    def away(ids):
        failed.append(ids)
        raise StoreUnavailable("the Chroma server does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(other.words.replica, "refresh", away)
        patch.setattr(other.store.topics, "read", away)
        one.words.add([Word("country b", "1")])
        one.topics.replace([Topic("fruit")])
        eventually(lambda: len(failed) > 2)
    eventually(lambda: nearest(other, "country b") == "country b" and len(other.topics) == 1)


def test_a_process_that_slept_reads_all_words_again(two, monkeypatch):
    one, other = two
    one.words.add([Word("fruit a", "1")])
    other.words.load()
    with monkeypatch.context() as patch:
        patch.setattr(other.words.replica, "refresh", lambda ids: None)  # it sleeps
        one.words.add([Word("country b", "1")])
        time.sleep(SEEN_WITHIN_S)
    now = changes._now
    monkeypatch.setattr(changes, "_now", lambda: now() + 25 * 3_600_000)
    eventually(lambda: nearest(other, "country b") == "country b")


def test_what_a_process_wrote_that_died_before_it_announced_it_is_found(two, monkeypatch):
    monkeypatch.setattr("indexer.sync._RECONCILE_EVERY", 2)
    one, other = two
    one.words.add([Word("fruit a", "1")])
    other.words.load()
    monkeypatch.setattr(one.store.words, "_changed", lambda ids: None)
    one.words.add([Word("country b", "2")])
    eventually(lambda: nearest(other, "country b") == "country b")


def test_a_snapshot_that_one_process_writes_is_what_the_other_stands_on_soon(two, monkeypatch):
    monkeypatch.setattr("indexer.sync._RECONCILE_EVERY", 2)
    monkeypatch.setattr("indexer.words.replica._WORTH_A_SNAPSHOT", 20)
    monkeypatch.setattr(changes, "_OVERLAP_MS", 100)  # else all that was written just now is read again
    one, other = two
    one.words.add([Word(f"fruit {i}", str(i)) for i in range(30)])
    written = changes._now()
    eventually(lambda: one.store.changes._read > written + 200)
    first = one.words.load().base
    assert first is not None and other.words.load().base.folder == first.folder
    one.words.add([Word(f"country {i}", f"country {i}") for i in range(4)])
    one.words.save_snapshot()
    newest = one.words.memory.base.folder
    assert newest != first.folder
    eventually(lambda: other.words.memory.base.folder == newest, 10)
    assert len(other.words.memory) == 34 and nearest(other, "country 3") == "country 3"
    one.words.add([Word("company", "1")])
    eventually(lambda: nearest(other, "company") == "company")


def test_a_word_that_a_process_replaced_that_died_before_it_published_it_is_read_again(two, monkeypatch):
    one, other = two
    one.words.add([Word("fruit a", "1")])
    other.words.load()
    monkeypatch.setattr(changes, "_PUBLISHED_WITHIN_MS", 500)
    monkeypatch.setattr(one.store.words, "_changed", lambda ids: None)
    one.words.add([Word("country b", "1")])
    eventually(lambda: nearest(other, "country b") == "country b")


def test_what_is_announced_and_published_is_read_once(two, monkeypatch):
    one, other = two
    other.words.load()
    read, refresh = [], other.words.replica.refresh
    monkeypatch.setattr(other.words.replica, "refresh", lambda ids: (read.extend(ids), refresh(ids)))
    ids = [f"once {i}" for i in range(1_500)]
    one.words.add([Word(f"fruit {id}", id) for id in ids])
    eventually(lambda: len(other.words.memory) == 1_500, 10)
    monkeypatch.setattr(changes, "_PUBLISHED_WITHIN_MS", 0)  # as if this were long ago
    looks: list[None] = []
    monkeypatch.setattr(other.topics, "reload_if_changed", lambda: looks.append(None))
    eventually(lambda: len(looks) > 3, 10)
    assert sorted(id for id in read if id.startswith("once")) == sorted(ids)  # earlier tests have written others


def test_a_bug_in_one_look_does_not_end_the_looks_that_follow(two, monkeypatch):
    one, other = two
    other.words.load()
    broken, right = threading.Event(), other.topics.reload_if_changed

    def reload_if_changed() -> None:
        if not broken.is_set():
            broken.set()
            raise IndexError
        right()

    monkeypatch.setattr(other.topics, "reload_if_changed", reload_if_changed)
    assert broken.wait(10)
    one.words.add([Word("fruit a", "1")])
    eventually(lambda: nearest(other, "fruit a") == "fruit a")


def test_a_clustering_is_read_and_cancelled_by_the_other(two):
    one, other = two
    one.words.add([Word(f"fruit {i}", str(i)) for i in range(50)])
    clustering = one.clusterings.create(ClusteringSettings(k=3))
    calls = []

    def progress(share: float) -> None:
        if not calls:
            other.clusterings.delete(clustering)
        calls.append(share)
        time.sleep(1.1)  # longer than the heartbeat interval

    assert one.clusterings.run(clustering, progress).status == "cancelled"
    assert other.clusterings.get(clustering).status == "cancelled"


def test_the_clusterings_of_a_process_that_died_are_failed_by_those_that_live(two, monkeypatch):
    monkeypatch.setattr("indexer.clusters.history._DEAD_S", 1.0)
    one, _ = two
    left = History(one.store).add(ClusteringSettings(k=1), 1)  # and no heartbeat follows
    eventually(lambda: one.clusterings.get(left).status == "failed", 10)


def test_the_newest_clustering_of_one_is_the_newest_of_the_other(two):
    one, other = two

    def made(k: int) -> str:
        return one.clusterings.run(one.clusterings.create(ClusteringSettings(k=k)), lambda _: None).id

    def newest() -> str:
        return other.clusterings.nearest(["fruit"], 1, None)[0].clustering

    one.words.add([Word(f"fruit {i}", str(i)) for i in range(9)])
    first = made(2)
    eventually(lambda: newest() == first)
    last = made(3)
    eventually(lambda: newest() == last)
    one.clusterings.delete(last)
    eventually(lambda: newest() == first)


def test_processes_that_open_a_new_store_at_once_can_all_make_clusterings(settings, tmp_path):
    with processes.chroma(tmp_path / "chroma") as url:
        new = replace(settings, chroma_url=url)
        with Engine(new, load=lambda _: AxisEmbedder()) as one, Engine(new, load=lambda _: AxisEmbedder()) as other:
            one.words.add([Word(f"fruit {i}", str(i)) for i in range(50)])  # its model is that of the store from now on
            for engine in (other, one):
                assert (
                    engine.clusterings.run(engine.clusterings.create(ClusteringSettings(k=2)), lambda _: None).status
                    == "done"
                )


def test_what_is_written_by_many_at_once_is_all_there(two):
    one, other = two
    for i in range(5):
        one.words.add([Word(f"fruit {i} {j}", f"one {i} {j}") for j in range(20)])
        other.words.add([Word(f"country {i} {j}", f"other {i} {j}") for j in range(20)])
    assert one.store.words.count() == other.store.words.count() == 200


def test_gunicorn_serves_with_several_workers(shared, quick):
    server = processes.gunicorn(2, {**os.environ, "TOPICDEX_CHROMA_URL": shared.chroma_url})
    server.ready()
    sent = server.client.post("/v1/words", json={"words": [{"text": "fruit a", "id": "1"}]})
    assert sent.json()["added"] == 1, sent.text

    def found(_: int) -> bool:
        fresh = httpx.get(f"{server.url}/v1/words/nearest?text=fruit+a&k=1", trust_env=False, timeout=30)
        return [match["id"] for match in fresh.json()["matches"]] == ["1"]

    eventually(lambda: all(map(found, range(8))))  # whichever worker answers
    assert server.end() == 0


def test_another_model_is_refused_here_too(shared, model):
    with Engine(shared, load=lambda _: model) as engine:
        engine.words.add([Word("fruit", "1")])
        with (
            Engine(replace(shared, model="other"), load=lambda _: AxisEmbedder("other")) as late,
            pytest.raises(ModelMismatch),
        ):
            late.embedder()


def test_a_server_that_is_away_is_a_clear_error(settings):
    with pytest.raises(StoreUnavailable, match="TOPICDEX_CHROMA_URL"):
        Engine(replace(settings, chroma_url="http://127.0.0.1:9"))


def test_a_server_that_hangs_is_a_clear_error(settings, monkeypatch):
    monkeypatch.setattr("indexer.store.chroma.PATIENCE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(StoreUnavailable, match="does not answer"):
        Engine(replace(settings, chroma_url=f"http://127.0.0.1:{silent.getsockname()[1]}"))


def test_no_answer_of_a_server_is_waited_for_for_ever(shared, model):
    with Engine(shared, load=lambda _: model) as engine:
        client: Any = engine.store._chroma._client
        assert client._server._session.timeout == httpx.Timeout(PATIENCE_S)


def test_the_budget_of_a_day_is_shared_and_restarts_know_what_was_paid(shared, model, monkeypatch):
    monkeypatch.setattr(spending, "EVERY_S", 0.0)  # they look at each other's payments at once
    paid, limited = "openai:text-embedding-3-small", replace(shared, budget=0.0001)  # 5,000 tokens

    def pay(engine, tokens):
        engine.spending.reserve(paid, tokens)
        engine.spending.book(paid, tokens, tokens)
        engine.spending.save()

    with Engine(limited, serving=True, load=lambda _: model) as one:
        with Engine(limited, serving=True, load=lambda _: model) as other:
            pay(one, 2_000)
            pay(other, 2_000)
            pay(one, 500)
        with Engine(limited, serving=True, load=lambda _: model) as later:
            for engine in (one, later):
                with pytest.raises(OverBudget):
                    engine.spending.reserve(paid, 501)
            pay(later, 500)
            assert [engine.info().costs.today.tokens for engine in (one, later)] == [5_000, 5_000]
