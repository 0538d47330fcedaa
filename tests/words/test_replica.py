"""The words in memory follow the store, and stand on its snapshot."""

import threading
from pathlib import Path

import pytest

from indexer.errors import StoreUnavailable
from indexer.words import replica
from tests.words.conftest import search_both, word
from tests.words.snapshots import ListSnapshots, snapshot_of


def test_memory_follows_every_write(engine):
    engine.words.add([word("fruit a", "1"), word("fruit b", "2")])
    engine.words.load()
    engine.words.add([word("country c", "1"), word("company d", "3")])
    engine.words.delete(["2"])
    assert search_both(engine, ["country c"], 5)[0][0] == "1"
    assert {m.id for m in engine.words.nearest(["x"], 5)[0].matches} == {"1", "3"}


def test_what_was_never_announced_is_found(engine):
    """As where another process has died between its write and its announcement."""
    engine.words.add([word(f"fruit {i}", str(i)) for i in range(4)])
    memory = engine.words.load()
    _, vectors = next(engine.store.words.with_vectors(["0"]))
    engine.store.words.delete(["1", "2"])
    engine.store.words.write([word("fruit 0", "new")], vectors, {})
    engine.words.replica.reconcile()
    assert memory.ids() == {"0", "3", "new"}


def test_all_words_are_read_again_and_no_number_of_changes_comes_twice(engine):
    engine.words.add([word("fruit", "1"), word("country", "2")])
    engine.words.load()
    before = engine.words.changes()
    engine.store.words.delete(["1"])
    engine.words.replica.reload()
    assert engine.words.load().ids() == {"2"}
    assert engine.words.changes() > before


def test_words_that_change_while_they_are_read_are_as_the_store_has_them(engine, monkeypatch):
    monkeypatch.setattr("indexer.store.collection._PAGE", 2)
    engine.words.add([word(f"fruit {i}", str(i)) for i in range(6)])
    pages = engine.store.words.pages

    def changing():
        for number, page in enumerate(pages()):
            yield page
            if number == 0:
                engine.words.delete(["0", "4"])
                engine.words.add([word("country", "1"), word("country", "5"), word("country", "6")])

    monkeypatch.setattr(engine.store.words, "pages", changing)
    taken = engine.words.load().all_words()
    assert dict(zip(taken.ids, taken.texts, strict=True)) == {
        "1": "country",
        "2": "fruit 2",
        "3": "fruit 3",
        "5": "country",
        "6": "country",
    }


def test_nothing_is_read_once_the_store_is_about_to_close(engine):
    engine.words.add([word("fruit")])
    engine.words.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        engine.words.load()
    assert engine.words.memory is None
    assert engine.words.replica._coming is None


def test_a_load_that_fails_half_way_leaves_nothing_that_follows_writes(engine, monkeypatch):
    engine.words.add([word("fruit", "1")])

    def broken():
        yield from ()
        raise StoreUnavailable("the store is away")

    with monkeypatch.context() as patch:
        patch.setattr(engine.store.words, "pages", broken)
        with pytest.raises(StoreUnavailable):
            engine.words.load()
    assert engine.words.replica._followers() == set()
    engine.words.add([word("country", "2")])
    assert engine.words.load().ids() == {"1", "2"}


@pytest.fixture
def snapshots(engine, monkeypatch):
    """Snapshots in memory, of any number of words, that are told of every write."""
    engine.embedder()  # which opens the tables anew
    monkeypatch.setattr(replica, "_WORTH_A_SNAPSHOT", 20)
    lists = ListSnapshots()
    monkeypatch.setattr(engine.store, "snapshots", lists)
    table = engine.store.words
    write, delete = table.write, table.delete

    def noted_write(words, *rest):
        lists.note([each.id for each in words])
        write(words, *rest)

    def noted_delete(ids):
        lists.note(ids)
        delete(ids)

    monkeypatch.setattr(table, "write", noted_write)
    monkeypatch.setattr(table, "delete", noted_delete)
    return lists


def anew(engine):
    """Forget what is in memory, as a new process does."""
    engine.words.replica = replica.Replica(engine.store)
    engine.words._writer._replica = engine.words.replica
    return engine.words.replica


def fruits(numbers, **metadata):
    return [word(f"fruit {i}", str(i), **metadata) for i in numbers]


def test_the_first_load_leaves_a_snapshot_and_the_next_one_reads_what_has_changed_since(engine, snapshots, monkeypatch):
    engine.words.add(fruits(range(30)))
    assert engine.words.load().base is snapshots.current is not None
    assert (len(snapshots.current), engine.words.memory.beside_base, snapshots.changed) == (30, 0, {})
    engine.words.add([word("country", "7"), word("country 30", "30")])
    engine.words.delete(["8"])
    anew(engine)
    monkeypatch.setattr(engine.store.words, "pages", lambda: pytest.fail("Chroma was read"))
    monkeypatch.setattr(engine.store.words, "ids", lambda: pytest.fail("Chroma was read"))
    memory = engine.words.load()
    assert memory.base is snapshots.current
    assert memory.ids() == {str(i) for i in range(31)} - {"8"}
    texts = dict(zip(memory.all_words().ids, memory.all_words().texts, strict=True))
    assert (texts["7"], texts["9"]) == ("country", "fruit 9")
    assert engine.words.nearest(["country"], 1)[0].matches[0].id == "7"


def test_few_words_are_not_worth_a_snapshot(engine, snapshots):
    engine.words.add(fruits(range(19)))
    assert engine.words.load().base is snapshots.current is None
    assert snapshots.discarded == 0


def test_a_snapshot_of_another_number_of_words_is_compared_with_the_store(engine, snapshots):
    engine.words.add(fruits(range(30)))
    engine.words.load()
    _, vectors = next(engine.store.words.with_vectors(["0"]))
    engine.store.words.write([word("fruit 0", "new")], vectors, {})
    engine.store.words.delete(["1", "2"])
    snapshots.changed.clear()  # as where nobody noted these
    anew(engine)
    assert engine.words.load().ids() == {str(i) for i in range(3, 30)} | {"0", "new"}


def test_a_snapshot_is_written_again_once_a_tenth_has_changed(engine, snapshots):
    engine.words.add(fruits(range(30)))
    engine.words.load()
    first = snapshots.current
    engine.words.add(fruits(range(30, 33)))
    engine.words.save_snapshot()
    assert snapshots.current is first
    engine.words.delete(["1"])
    engine.words.save_snapshot()
    assert engine.words.memory.base is snapshots.current is not first
    assert snapshots.current.ids(range(32)) == [str(i) for i in range(33) if i != 1]
    assert (engine.words.memory.beside_base, snapshots.changed) == (0, {})


def test_words_that_change_while_a_snapshot_is_written_are_right_now_and_for_the_next_process(engine, snapshots):
    engine.words.add(fruits(range(100)))

    def change():
        engine.words.add([word("country", "3"), word("country new", "new")])
        engine.words.delete(["4"])
        assert engine.words.nearest(["country new"], 1)[0].matches[0].id == "new"

    snapshots.while_writing = change
    for memory in (engine.words.load(), anew(engine).load()):
        assert memory.base is snapshots.current and len(snapshots.current) == 100
        assert memory.ids() == {str(i) for i in range(100)} - {"4"} | {"new"}
        assert [m.id for m in engine.words.nearest(["country"], 1)[0].matches] == ["3"]


def test_where_the_disk_refuses_one_warning_is_given_and_a_tenth_is_waited_for(engine, snapshots, caplog):
    engine.words.add(fruits(range(40)))

    def full():
        raise OSError(28, "No space left on device")

    snapshots.while_writing = full
    memory = engine.words.load()
    for _ in range(5):
        engine.words.save_snapshot()
    assert len(caplog.records) == 1 and "No space left on device" in caplog.text
    assert memory.base is snapshots.current is None and snapshots.discarded == 1
    snapshots.while_writing = lambda: None
    engine.words.add(fruits(range(40, 43)))
    engine.words.save_snapshot()
    assert memory.base is None
    engine.words.add(fruits([43]))
    engine.words.save_snapshot()
    assert memory.base is snapshots.current is not None and len(memory) == 44


def test_a_change_that_failed_half_way_is_settled_before_a_snapshot_is_begun(engine, snapshots, monkeypatch):
    engine.words.add(fruits(range(30)))
    memory = engine.words.load()
    put = engine.words.replica.put

    def broken(*_):
        raise StoreUnavailable("the store went away after it wrote")

    with monkeypatch.context() as patch:
        patch.setattr(engine.words.replica, "put", broken)
        patch.setattr(engine.store.words, "with_vectors", broken)
        with pytest.raises(StoreUnavailable):
            engine.words.add([word("country", "3"), *fruits(range(30, 35))])
    assert engine.words.replica.put == put and len(memory) == 30
    engine.words.replica._not_before = 0
    monkeypatch.setattr(engine.words.replica, "_is_due", lambda _: True)
    engine.words.save_snapshot()
    assert len(snapshots.current) == 35 and snapshots.current.texts([snapshots.current.row_of("3")]) == ["country"]


def test_closing_waits_for_the_snapshot_that_is_being_written(engine, snapshots):
    engine.words.add(fruits(range(30)))
    writing, go_on, failed = threading.Event(), threading.Event(), []

    def slow():
        writing.set()
        assert go_on.wait(30)

    def load():
        try:
            engine.words.load()
        except StoreUnavailable as error:
            failed.append(error)

    snapshots.while_writing = slow
    loading, closing = threading.Thread(target=load), threading.Thread(target=engine.words.close)
    loading.start()
    assert writing.wait(30)
    closing.start()
    assert engine.words.closed.wait(30)
    assert closing.is_alive() and snapshots.discarded == 0
    go_on.set()
    loading.join(30)
    closing.join(30)
    assert len(failed) == snapshots.discarded == 1 and snapshots.current is None


def test_the_snapshot_that_another_process_has_written_is_followed(engine, snapshots):
    engine.words.add(fruits(range(30)))
    memory = engine.words.load()
    before = engine.words.changes()
    engine.words.replica.follow_snapshot()
    assert engine.words.memory is memory and snapshots.opened == 1
    snapshots.current = snapshot_of(memory, Path("7"))
    engine.words.add([word("country", "3")])
    engine.words.replica.follow_snapshot()
    assert engine.words.memory.base is snapshots.current
    assert engine.words.nearest(["country"], 1)[0].matches[0].id == "3"
    assert engine.words.changes() > before
    engine.words.add([word("country 2", "4")])
    assert engine.words.nearest(["country 2"], 1)[0].matches[0].id == "4"


def test_a_single_question_is_answered_from_the_snapshot_where_that_is_quick(engine, snapshots, monkeypatch):
    monkeypatch.setattr(replica, "_QUICK", 2)
    engine.words.add(fruits(range(30)))
    anew(engine)
    assert engine.words.replica.load_if_quick() is None  # there is none yet
    engine.words.load()
    engine.words.add([word("country", "3")])
    anew(engine)
    assert engine.words.nearest(["country"], 1)[0].matches[0].id == "3"
    assert engine.words.memory.base is snapshots.current
    engine.words.add(fruits([1, 2, 30], new=True))
    anew(engine)
    opened = snapshots.opened
    for _ in range(3):
        assert engine.words.nearest(["fruit 30"], 1)[0].matches[0].id == "30"
    assert engine.words.memory is None and snapshots.opened == opened + 1
    assert engine.words.replica._followers() == set()


def test_a_single_question_does_not_wait_for_a_load(engine, snapshots):
    engine.words.add(fruits(range(30)))
    with engine.words.replica._loading:
        assert engine.words.nearest(["fruit 4"], 1)[0].matches[0].id == "4"
    assert engine.words.memory is None
