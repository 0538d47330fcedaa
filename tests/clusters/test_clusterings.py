"""Clusterings of one corpus: made, ended, compared, and dropped while others come and go."""

import threading
import time

import pytest

from indexer import Engine
from indexer.clusters.history import History
from indexer.contract.clusterings import ClusteringSettings
from indexer.errors import Cancelled, Conflict, NoClustering, NotFound
from indexer.records import Topic, Word
from indexer.store.collection import Collection
from tests.model import AxisEmbedder


def make(engine, **settings):
    """Return the id of a clustering that is done."""
    done = engine.clusterings.make(ClusteringSettings(**settings))
    assert done.status == "done", done.error
    return done.id


@pytest.fixture
def grown(engine):
    """A clustering that grew from two topics."""
    engine.words.add([Word(f"{name} {i}", f"{name} {i}") for name in ("fruit", "country") for i in range(20)])
    engine.topics.replace([Topic("fruit"), Topic("country")])
    return make(engine, around="topics")


def prototypes(engine):
    return engine.topics.nearest(["fruit"], 1)[0].prototypes


def meanwhile(engine, monkeypatch, other):
    """Have another thread do `other` between the look at a clustering and its activation, if it may; return it."""
    thread, finished = threading.Thread(target=other), engine.clusterings.history.finished

    def looked(id):
        stored = finished(id)
        thread.start()
        thread.join(0.5)  # it ends, or it waits for the activation
        return stored

    monkeypatch.setattr(engine.clusterings.history, "finished", looked)
    return thread


def test_a_clustering_is_not_deleted_while_it_becomes_the_active_one(engine, grown, monkeypatch):
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


def test_a_clustering_is_not_dropped_for_later_ones_while_it_becomes_the_active_one(engine, grown, monkeypatch):
    monkeypatch.setattr("indexer.clusters.history.KEPT", 1)
    ended = engine.clusterings.history.get(grown).updated(id="later", status="failed", created="9999")
    dropping = meanwhile(engine, monkeypatch, lambda: engine.clusterings.history.finish(ended, None))
    engine.clusterings.activate(grown)
    dropping.join()
    engine.topics.load()
    assert prototypes(engine) == "adapted"


def test_a_clustering_that_is_gone_is_not_made_the_active_one(engine, grown):
    version = engine.topics.current.version
    engine.clusterings.delete(grown)
    with pytest.raises(NotFound):
        engine.topics.activate(grown, version)
    assert engine.store.state().get("active") is None


def test_a_store_whose_active_clustering_is_gone_opens_and_serves_by_labels(engine, grown, caplog):
    engine.clusterings.activate(grown)
    engine.store.clusterings.delete([grown])
    engine.close()
    with Engine(engine.settings, load=lambda _: AxisEmbedder()) as reopened:
        assert f"{grown} that topics should answer from is gone" in caplog.text
        assert prototypes(reopened) == "label"
        reopened.clusterings.activate(make(reopened, around="topics"))
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


def test_a_lookup_in_the_newest_clustering_reads_nothing_from_the_store(engine, grown, reads):
    last = make(engine, k=2)
    assert newest(engine) == last and reads
    reads.clear()
    assert newest(engine) == last
    assert engine.clusterings.nearest(["fruit"], 1, last)[0].clustering == last
    assert not reads


def test_the_newest_clustering_is_always_the_newest_that_is_there(engine, grown):
    first, last = make(engine, k=2), make(engine, k=3)
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


def test_no_more_clusterings_are_in_memory_than_there_are(engine, grown, monkeypatch):
    monkeypatch.setattr("indexer.clusters.history.KEPT", 3)
    for _ in range(8):
        make(engine, k=2)
        newest(engine)
    assert len(engine.clusterings.all().clusterings) == 3
    assert len(engine.clusterings._cluster_sets) == 3


class Clock:
    """What the clusterings take for the time; it goes on by hand."""

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
    """The clusterings as another process on the same Chroma server keeps them."""
    monkeypatch.setattr(engine.store, "mode", "server")
    engine.words.add([Word("fruit", "1")])
    return History(engine.store)


def test_a_clustering_that_waits_for_long_is_not_taken_for_abandoned(engine, other, clock):
    waiting = engine.clusterings.create(ClusteringSettings(k=1))
    for _ in range(20):
        clock.now += 15
        engine.clusterings.history.heartbeat()
        other.heartbeat()
        assert engine.clusterings.get(waiting).status == "queued"


def test_a_clustering_whose_process_died_fails_however_soon_another_looked(engine, other, clock):
    left = other.add(ClusteringSettings(k=1), 1)
    engine.clusterings.history.heartbeat()  # its successor starts at once
    assert engine.clusterings.get(left).status == "queued"
    clock.now += 100
    engine.clusterings.history.heartbeat()
    abandoned = engine.clusterings.get(left)
    assert (abandoned.status, bool(abandoned.error)) == ("failed", True)


def test_a_clustering_that_was_taken_for_abandoned_and_ends_well_carries_no_error(engine, other, clock):
    held_up = engine.clusterings.create(ClusteringSettings(k=1))
    clock.now += 100
    other.heartbeat()
    assert engine.clusterings.get(held_up).error
    done = engine.clusterings.run(held_up, lambda _: None)
    assert (done.status, done.error) == ("done", None)
    assert engine.clusterings.get(held_up).error is None


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_clustering_that_has_ended_has_no_more_heartbeat(engine, other, clock, status):
    ended = engine.clusterings.create(ClusteringSettings(k=1))
    engine.clusterings.history.end(ended, status)
    clock.now += 100
    engine.clusterings.history.heartbeat()
    assert engine.clusterings.get(ended).status == status
    engine.clusterings.delete(ended)
    clock.now += 100
    engine.clusterings.history.heartbeat()
    assert engine.clusterings.all().clusterings == []


def ids(engine, id):
    return sorted(cluster.id for cluster in engine.clusterings.get(id).clusters)


@pytest.mark.parametrize("follows", [True, False])
def test_every_id_in_a_diff_is_of_the_clustering_on_its_side(engine, follows):
    sizes = {"fruit": 30, "country": 10, "company": 10}
    engine.words.add([Word(f"{name} {i}", f"{name} {i}") for name, size in sizes.items() for i in range(size)])
    one = make(engine, k=1, start=None)
    three = make(engine, k=3, start=one if follows else None)
    ((only,), parts) = ids(engine, one), ids(engine, three)
    assert (only in parts) == follows

    split = engine.clusterings.diff(one, three)
    (continued,) = split.continued
    assert (split.old, split.new, continued.old, continued.shared) == (one, three, only, 30)
    assert sorted([continued.new, *split.born]) == parts
    assert [(s.old, sorted(s.new)) for s in split.split] == [(only, parts)]
    assert (split.gone, split.merged, split.moved, split.common) == ([], [], 20, 50)

    merged = engine.clusterings.diff(three, one)
    (continued,) = merged.continued
    assert (merged.old, merged.new, continued.new, continued.shared) == (three, one, only, 30)
    assert sorted([continued.old, *merged.gone]) == parts
    assert [(sorted(m.old), m.new) for m in merged.merged] == [(parts, only)]
    assert (merged.born, merged.split, merged.moved, merged.common) == ([], [], 20, 50)


def interrupt(*_):
    raise KeyboardInterrupt


def test_ctrl_c_cancels_its_own_clustering_and_no_other(engine, grown):
    begun, go, made = threading.Event(), threading.Event(), []

    def wait(_share):
        begun.set()
        go.wait(10)

    other = threading.Thread(target=lambda: made.append(engine.clusterings.make(ClusteringSettings(k=2), wait)))
    other.start()
    assert begun.wait(10)
    with pytest.raises(KeyboardInterrupt):
        engine.clusterings.make(ClusteringSettings(k=1), interrupt)
    own, others, _ = engine.clusterings.all()
    assert (own.settings.k, own.status, own.seconds) == (1, "cancelled", 0.0)
    assert (others.settings.k, others.status) == (2, "running")
    go.set()
    other.join()
    assert made[0].status == engine.clusterings.get(others.id).status == "done"


def test_ctrl_c_after_the_last_write_leaves_a_clustering_done(engine, grown, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(engine.clusterings, "_current", interrupt)
        with pytest.raises(KeyboardInterrupt):
            engine.clusterings.make(ClusteringSettings(k=2))
    newest, _ = engine.clusterings.all()
    assert (newest.status, newest.k, newest.error) == ("done", 2, None)
    assert engine.clusterings.nearest(["fruit"])[0].clustering == newest.id


@pytest.mark.parametrize("status", ["done", "failed", "cancelled"])
def test_what_has_ended_is_not_ended_again(engine, other, status):
    id = engine.clusterings.create(ClusteringSettings(k=1))
    engine.clusterings.history.finish(engine.clusterings.history.get(id).updated(status=status, seconds=5.0), None)
    before = engine.clusterings.get(id)
    engine.clusterings.cancel(id)
    engine.clusterings.fail(id, "too late")
    assert engine.clusterings.get(id) == before
    engine.clusterings.delete(id)
    engine.clusterings.cancel(id)
    engine.clusterings.fail(id, "too late")
    assert not engine.clusterings.all()


def test_a_clustering_that_ends_while_it_is_taken_for_abandoned_stays_done(engine, other, clock, monkeypatch):
    id = other.add(ClusteringSettings(k=1), 1)
    unfinished = engine.store.clusterings.refresh()
    other.finish(other.get(id).updated(status="done"), None)
    clock.now += 100
    monkeypatch.setattr(engine.store.clusterings, "refresh", lambda: unfinished)
    engine.clusterings.heartbeat()
    assert engine.clusterings.get(id).status == "done"


def test_a_clustering_that_ends_while_its_deletion_is_asked_for_is_gone(engine, other, monkeypatch):
    id, table = other.add(ClusteringSettings(k=1), 1), engine.store.clusterings
    request, done = table.request_cancel, other.get(id).updated(status="done")
    monkeypatch.setattr(table, "request_cancel", lambda id: (other.finish(done, None), request(id)))
    engine.clusterings.delete(id)
    assert engine.clusterings.all().clusterings == []
    assert table.inspect() == []


def test_a_clustering_that_ends_before_it_sees_that_its_deletion_was_asked_for_is_gone(engine, other):
    id = other.add(ClusteringSettings(k=1), 1)
    engine.clusterings.delete(id)
    other.finish(other.get(id).updated(status="done"), None)
    assert engine.clusterings.all().clusterings == []
    assert engine.store.clusterings.inspect() == []


def test_a_clustering_that_is_cancelled_when_all_is_found_is_cancelled(engine, grown):
    def cancel_at_the_end(share):
        if share == 1.0:
            raise Cancelled("enough")

    id = engine.clusterings.create(ClusteringSettings(k=2))
    ended = engine.clusterings.run(id, cancel_at_the_end)
    assert (ended.status, ended.clusters) == ("cancelled", [])
    assert engine.clusterings.get(id) == ended
