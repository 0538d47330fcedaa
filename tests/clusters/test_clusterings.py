"""Runs of one corpus while others come, go and are called off beside them."""

import threading
import time

import pytest

from indexer import Engine
from indexer.clusters.history import History
from indexer.contract import ClusteringSettings
from indexer.errors import Conflict, NoClustering, NotFound
from indexer.records import Topic, Word
from indexer.store.chroma import Collection
from tests.conftest import AxisEmbedder


def run(engine, **settings):
    """Return the id of a run that is done."""
    done = engine.clusterings.run(engine.clusterings.create(ClusteringSettings(**settings)), lambda _: None)
    assert done.status == "done", done.error
    return done.id


@pytest.fixture
def grown(engine):
    """A run that grew from two topics."""
    engine.words.add([Word(f"{name} {i}", f"{name} {i}") for name in ("fruit", "country") for i in range(20)])
    engine.topics.replace([Topic("fruit"), Topic("country")])
    return run(engine, around="topics")


def prototypes(engine):
    return engine.topics.nearest(["fruit"], 1)[0].prototypes


def meanwhile(engine, monkeypatch, other):
    """Have another thread do `other` between the look at a run and its activation, if it is let, and return it."""
    thread, finished = threading.Thread(target=other), engine.clusterings.history.finished

    def looked(run):
        record = finished(run)
        thread.start()
        thread.join(0.5)  # it ends, or it waits for the activation
        return record

    monkeypatch.setattr(engine.clusterings.history, "finished", looked)
    return thread


def test_a_run_is_not_deleted_while_it_becomes_the_active_one(engine, grown, monkeypatch):
    refused = []

    def delete():
        try:
            engine.clusterings.delete(grown)
        except Conflict as error:
            refused.append(error)

    deleting = meanwhile(engine, monkeypatch, delete)
    assert engine.clusterings.activate(grown).id == grown
    deleting.join()
    assert refused
    engine.topics.load()
    assert prototypes(engine) == "adapted"


def test_a_run_is_not_dropped_for_later_ones_while_it_becomes_the_active_one(engine, grown, monkeypatch):
    monkeypatch.setattr("indexer.clusters.history.KEPT", 1)
    ended = engine.clusterings.history.get(grown).updated(id="later", status="failed", created="9999")
    dropping = meanwhile(engine, monkeypatch, lambda: engine.clusterings.history.finish(ended, None))
    engine.clusterings.activate(grown)
    dropping.join()
    engine.topics.load()
    assert prototypes(engine) == "adapted"


def test_a_run_that_is_gone_is_not_made_the_active_one(engine, grown):
    version = engine.topics.current.version
    engine.clusterings.delete(grown)
    with pytest.raises(NotFound):
        engine.topics.activate(grown, version)
    assert engine.store.state().get("active") is None


def test_a_store_whose_active_run_is_gone_opens_and_serves_by_labels(engine, grown, caplog):
    engine.clusterings.activate(grown)
    engine.store.clusterings.delete([grown])
    engine.close()
    with Engine(engine.settings, load=lambda _: AxisEmbedder()) as reopened:
        assert f"{grown} that topics should answer from is gone" in caplog.text
        assert prototypes(reopened) == "label"
        reopened.clusterings.activate(run(reopened, around="topics"))
        assert prototypes(reopened) == "adapted"


def newest(engine):
    return engine.clusterings.nearest(["fruit"], 1, None)[0].clustering


@pytest.fixture
def reads(monkeypatch):
    """The names of the calls that read from the store, as they are made."""
    made = []
    for name in ("get", "having", "ids", "page", "query"):
        read = getattr(Collection, name)
        monkeypatch.setattr(Collection, name, lambda *args, _name=name, _read=read: made.append(_name) or _read(*args))
    return made


def test_a_lookup_in_the_newest_run_reads_nothing_from_the_store(engine, grown, reads):
    last = run(engine, k=2)
    assert newest(engine) == last and reads
    reads.clear()
    assert newest(engine) == last
    assert engine.clusterings.nearest(["fruit"], 1, last)[0].clustering == last
    assert not reads


def test_the_newest_run_is_always_the_newest_that_is_there(engine, grown):
    first, last = run(engine, k=2), run(engine, k=3)
    assert newest(engine) == last
    engine.clusterings.delete(last)
    assert newest(engine) == first
    with pytest.raises(NotFound):
        engine.clusterings.nearest(["fruit"], 1, last)
    engine.clusterings.delete(first)
    assert newest(engine) == grown
    engine.clusterings.delete(grown)
    with pytest.raises(NoClustering):
        newest(engine)


def test_no_more_runs_are_in_memory_than_there_are(engine, grown, monkeypatch):
    monkeypatch.setattr("indexer.clusters.history.KEPT", 3)
    for _ in range(8):
        run(engine, k=2)
        newest(engine)
    assert len(engine.clusterings.all().clusterings) == 3
    assert len(engine.clusterings._starts) == 3


class Clock:
    """What the runs take for the time; it goes on by hand."""

    def __init__(self):
        self.now = time.time()
        self.time_ns, self.monotonic = time.time_ns, time.monotonic

    def time(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("indexer.clusters.history.time", clock)
    return clock


@pytest.fixture
def other(engine, clock, monkeypatch):
    """The runs as another process on the same Chroma server keeps them."""
    monkeypatch.setattr(engine.store, "mode", "server")
    engine.words.add([Word("fruit", "1")])
    return History(engine.store)


def test_a_run_that_waits_for_long_is_not_taken_for_abandoned(engine, other, clock):
    waiting = engine.clusterings.create(ClusteringSettings(k=1))
    for _ in range(20):
        clock.now += 15
        engine.clusterings.history.heartbeat()
        other.heartbeat()
        assert engine.clusterings.get(waiting).status == "queued"


def test_a_run_whose_process_died_fails_however_soon_another_looked(engine, other, clock):
    left = other.add(ClusteringSettings(k=1), 1)
    engine.clusterings.history.heartbeat()  # its successor starts at once
    assert engine.clusterings.get(left).status == "queued"
    clock.now += 100
    engine.clusterings.history.heartbeat()
    shown = engine.clusterings.get(left)
    assert (shown.status, bool(shown.error)) == ("failed", True)


def test_a_run_that_was_taken_for_abandoned_and_ends_well_carries_no_error(engine, other, clock):
    held_up = engine.clusterings.create(ClusteringSettings(k=1))
    clock.now += 100
    other.heartbeat()
    assert engine.clusterings.get(held_up).error
    done = engine.clusterings.run(held_up, lambda _: None)
    assert (done.status, done.error) == ("done", None)
    assert engine.clusterings.get(held_up).error is None


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_run_that_has_ended_gives_no_more_signs_of_life(engine, other, clock, status):
    ended = engine.clusterings.create(ClusteringSettings(k=1))
    engine.clusterings.history.end(ended, status)
    clock.now += 100
    engine.clusterings.history.heartbeat()
    assert engine.clusterings.get(ended).status == status
    engine.clusterings.delete(ended)
    clock.now += 100
    engine.clusterings.history.heartbeat()
    assert engine.clusterings.all().clusterings == []
