"""The snapshot of a data folder: what is noted, what a crash leaves, and what is not believed."""

import json
import logging
import os
import stat
from dataclasses import replace

import numpy as np
import pytest

from indexer import Engine, Settings
from indexer.embedders import ModelIdentity
from indexer.errors import StoreFormat, StoreUnavailable
from indexer.records import Word
from indexer.store import lock
from indexer.store.snapshot import journal as journal_module
from indexer.store.snapshot import pointer, snapshots
from indexer.store.store import Store
from tests.model import AxisEmbedder
from tests.store.damage import plain

WORDS = [Word(f"fruit {i}", f"w{i}", {"n": i, "share": i / 7, "even": i % 2 == 0}) for i in range(40)]


@pytest.fixture
def store(settings):
    with Engine(settings, load=lambda _: AxisEmbedder()) as engine:
        engine.words.add(WORDS)
    store = Store.open(settings)
    yield store
    store.close()


def take(store):
    """Write a snapshot of the whole store."""
    with store.write_lock:
        draft = store.snapshots.begin()
        draft.write(store.words.pages())
        draft.publish()


def put(store, *words):
    vectors = AxisEmbedder().embed([word.text for word in words])
    store.words.write(words, vectors, store.words.known([word.id for word in words]))


def reopened(store, settings):
    store.close()
    return Store.open(settings)


def in_it(store):
    """Return the ids of all words that a process gets from the snapshot; None where there is none."""
    opened = store.snapshots.open()
    return opened and opened[0].ids(range(len(opened[0])))


def changed(store):
    opened = store.snapshots.open()
    return opened and sorted(opened[1])


def files(settings):
    """Return the files of snapshots in a data folder, by their kind."""
    beside = sorted(p.name for p in settings.data.glob("topicdex-snapshot*"))
    folders = sorted(p.name for p in settings.data.glob("snapshot/*"))
    return beside, folders


def assert_none_left(settings):
    assert files(settings) == ([], [])


def test_it_holds_every_word_after_a_restart(store, settings):
    take(store)
    store = reopened(store, settings)
    opened, changed = store.snapshots.open()
    assert changed == [] and opened.words(range(len(opened))) == [w for words, _ in store.words.pages() for w in words]
    assert np.abs(opened.vectors - np.concatenate([v for _, v in store.words.pages()])).max() == 0
    assert len(files(settings)[1]) == 1
    assert store.snapshots.is_newer(None) and not store.snapshots.is_newer(opened.folder)
    take(store)
    assert store.snapshots.is_newer(opened.folder) and not store.snapshots.aged()
    store.close()


def test_words_that_change_after_it_are_read_again(store, settings):
    take(store)
    put(store, Word("fruit new", "new"), Word("country", "w1"))
    store.words.delete(["w2"])
    assert changed(store) == ["new", "w1", "w2"]
    store = reopened(store, settings)
    assert changed(store) == ["new", "w1", "w2"]
    put(store, Word("country", "w3"))
    take(store)
    assert changed(store) == [] and "w2" not in in_it(store) and "new" in in_it(store)
    store.close()


def test_words_that_change_while_it_is_written_are_read_again(store, settings):
    take(store)
    draft = store.snapshots.begin()
    put(store, Word("country", "w1"))
    draft.write(store.words.pages())
    put(store, Word("country", "w2"))
    assert changed(store) == ["w1", "w2"]  # of the old one
    draft.publish()
    put(store, Word("country", "w3"))
    assert changed(reopened(store, settings)) == ["w1", "w2", "w3"]


def test_a_word_is_noted_before_it_is_written(store, settings, monkeypatch):
    take(store)
    monkeypatch.setattr(store._words, "upsert", raising)
    monkeypatch.setattr(store._words, "delete", raising)
    for write in (lambda: put(store, Word("country", "w1")), lambda: store.words.delete(["w2"])):
        with pytest.raises(StoreUnavailable):
            write()
    assert changed(reopened(store, settings)) == ["w1", "w2"]


def raising(*_, **__):
    raise StoreUnavailable("the disk is full")


def test_a_word_is_noted_once(store, settings):
    take(store)
    for i in range(5):
        put(store, Word(f"country {i}", "w1"))
    (journal,) = settings.data.glob("*.journal")
    assert journal.read_text() == '["w1"]\n'


def test_a_last_line_that_is_cut_off_was_never_written(store, settings):
    take(store)
    put(store, Word("country", "w1"))
    (journal,) = settings.data.glob("*.journal")
    store.close()
    with journal.open("a") as file:
        file.write('["w2", "w')
    store = Store.open(settings)
    assert changed(store) == ["w1"]
    put(store, Word("country", "w3"))
    assert changed(reopened(store, settings)) == ["w1", "w3"]


@pytest.mark.parametrize("line", ["w2\n", '{"a"\n', "7\n", "\x00\x00\n"])
def test_a_journal_that_is_damaged_or_gone_gives_the_snapshot_up(store, settings, line):
    take(store)
    (journal,) = settings.data.glob("*.journal")
    journal.write_text(line)
    assert in_it(reopened(store, settings)) is None
    assert_none_left(settings)


def test_a_journal_that_is_gone_gives_the_snapshot_up(store, settings):
    take(store)
    next(settings.data.glob("*.journal")).unlink()
    put(store, Word("country", "w1"))
    assert in_it(store) is None
    assert_none_left(settings)


def test_a_note_that_cannot_be_written_gives_the_snapshot_up_and_the_write_goes_on(store, settings, monkeypatch):
    take(store)
    draft = store.snapshots.begin()
    monkeypatch.setattr(journal_module.os, "fsync", full)
    with monkeypatch.context() as patch:
        patch.setattr(snapshots, "sync_folder", lambda folder: None)
        put(store, Word("country", "w1"))
    monkeypatch.undo()
    assert in_it(store) is None and store.words.get(["w1"])["w1"].text == "country"
    draft.write(store.words.pages())
    draft.publish()
    assert in_it(store) is None
    assert_none_left(settings)


def full(*_, **__):
    raise OSError(28, "No space left on device")


def test_a_write_is_refused_where_the_snapshot_can_be_neither_noted_nor_given_up(store, monkeypatch):
    take(store)
    monkeypatch.setattr(journal_module.os, "fsync", full)
    with pytest.raises(StoreUnavailable, match="cannot be removed"):
        put(store, Word("country", "w1"))
    monkeypatch.undo()
    assert store.words.get(["w1"])["w1"].text == "fruit 1"


def test_it_is_given_up_where_most_words_have_changed(store, settings):
    take(store)
    put(store, *(Word("country", f"w{i}") for i in range(20)))
    assert len(changed(store)) == 20
    put(store, Word("country", "w20"))
    assert in_it(store) is None
    assert_none_left(settings)


def test_a_draft_that_is_not_published_leaves_nothing(store, settings):
    draft = store.snapshots.begin()
    assert store.snapshots.begin() is None
    draft.write(store.words.pages())
    draft.discard()
    draft.discard()
    assert_none_left(settings)
    take(store)
    assert len(in_it(store)) == 40


def test_a_draft_that_fails_leaves_nothing_and_the_old_one_stays(store, settings):
    take(store)
    before = files(settings)

    def pages():
        yield from list(store.words.pages())
        full()

    draft = store.snapshots.begin()
    with pytest.raises(OSError, match="No space left"):
        draft.write(pages())
    draft.publish()
    assert files(settings) == before and len(in_it(store)) == 40


def test_a_disk_with_too_little_room_is_refused(store, settings, monkeypatch):
    free = type("Usage", (), {"free": 40 * 4 * 9 + 1_000})
    monkeypatch.setattr("indexer.store.snapshot.files.shutil.disk_usage", lambda _: free)
    draft = store.snapshots.begin()
    with pytest.raises(OSError, match="needed"):
        draft.write(store.words.pages())
    assert_none_left(settings)


def test_a_pointer_that_cannot_be_written_leaves_no_snapshot(store, settings, monkeypatch, caplog):
    take(store)
    draft = store.snapshots.begin()
    draft.write(store.words.pages())
    with monkeypatch.context() as patch:
        patch.setattr(pointer, "replace_json", full)
        draft.publish()
    assert "cannot be published" in caplog.text and in_it(store) is None
    assert_none_left(settings)


def test_what_a_kill_leaves_is_removed_at_the_next_opening(store, settings):
    take(store)
    draft = store.snapshots.begin()
    draft.write(store.words.pages())
    (settings.data / "snapshot" / "draft-123").mkdir()
    (settings.data / "snapshot" / "draft-123" / "vectors.f32").write_bytes(b"half")
    (settings.data / "topicdex-snapshot.77.tmp").write_text("{")
    assert len(files(settings)[1]) == 3 and len(files(settings)[0]) == 4
    store = reopened(store, settings)  # the draft was never published
    assert len(files(settings)[1]) == 1 and len(files(settings)[0]) == 2
    assert len(in_it(store)) == 40
    store.close()


def test_a_foreign_file_beside_it_stays(store, settings):
    (settings.data / "snapshot").mkdir()
    mine = settings.data / "snapshot" / "snapshot-of-mine"
    mine.mkdir()
    (mine / "thesis.tex").write_text("mine")
    take(store)
    assert (mine / "thesis.tex").read_text() == "mine"


def edit(settings, **fields):
    path = settings.data / "topicdex-snapshot.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


@pytest.mark.parametrize(
    "fields",
    [
        {"format": 99},
        {"collection": "another"},
        {"model": {"name": "axes", "revision": "2", "dimension": 8}},
        {"stamp": "another"},
        {"folder": "snapshot/another"},
        {"words": 39},
        {"dimension": 4},
        {"sizes": {}},
        {"unknown": 1},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_pointer_that_does_not_agree_is_removed(store, settings, fields):
    take(store)
    store.close()
    edit(settings, **fields)
    store = Store.open(settings)
    assert in_it(store) is None
    assert_none_left(settings)
    take(store)
    assert len(in_it(store)) == 40
    store.close()


def test_a_pointer_that_is_cut_off_is_removed(store, settings):
    take(store)
    path = settings.data / "topicdex-snapshot.json"
    path.write_text(path.read_text()[:20])
    assert in_it(reopened(store, settings)) is None
    assert_none_left(settings)


@pytest.mark.parametrize("name", ["vectors.f32", "by_id.i32", "words.arrow", "pairs.arrow"])
def test_a_file_that_is_cut_off_or_gone_gives_the_snapshot_up(store, settings, name):
    for harm in (lambda path: os.truncate(path, 100), lambda path: path.unlink()):
        take(store)
        harm(next(settings.data.glob(f"snapshot/*/{name}")))
        assert in_it(store) is None
        assert_none_left(settings)


def test_a_snapshot_that_differs_from_the_store_is_dropped_with_a_warning(store, settings, caplog):
    take(store)
    store.close()
    client, rows = plain(settings)
    rows.delete(ids=["w7"])
    client.close()
    store = Store.open(settings)
    with caplog.at_level(logging.WARNING):
        assert in_it(store) is None
    assert [record.message for record in caplog.records if "differs" in record.message]
    assert_none_left(settings)
    store.close()


@pytest.mark.parametrize(
    "harm",
    [
        lambda rows: rows.delete(ids=["w7"]),
        lambda rows: rows.update(ids=["w7"], metadatas=[{"n": 7.0}]),
        lambda rows: rows.update(ids=["w7"], metadatas=[{"more": 1}]),
        lambda rows: rows.update(ids=["w7"], metadatas=[{"topicdex:mark": "00" * 16}]),
    ],
    ids=["gone", "a number", "a name", "the vector"],
)
def test_what_differs_is_seen(store, settings, harm):
    take(store)
    store.close()
    client, rows = plain(settings)
    harm(rows)
    client.close()
    assert in_it(Store.open(settings)) is None


def test_words_that_are_in_the_journal_may_differ(store, settings):
    take(store)
    put(store, Word("country", "w7"))
    store.words.delete(["w0"])
    assert len(in_it(reopened(store, settings))) == 40


def rebuild(store):
    with store.rebuilding("words"):
        pass


@pytest.mark.parametrize(
    "change",
    [
        rebuild,
        lambda store: (store.words.delete(store.words.ids()), store.bind_model(ModelIdentity("other", "1", 8))),
    ],
    ids=["a new table", "another model"],
)
def test_it_is_dropped_where_the_store_changes_otherwise(store, settings, change):
    take(store)
    draft = store.snapshots.begin()
    draft.write(store.words.pages())
    change(store)
    draft.publish()
    assert in_it(store) is None
    assert_none_left(settings)


def test_a_rebuilt_table_of_topics_leaves_it(store):
    take(store)
    with store.rebuilding("topics"):
        pass
    assert len(in_it(store)) == 40


def test_an_earlier_version_cannot_open_a_folder_with_a_snapshot(store, settings):
    marker = settings.data / "topicdex.json"
    assert json.loads(marker.read_text()) == {"format": 1}
    take(store)
    assert json.loads(marker.read_text()) == {"format": 2}
    marker.write_text('{"format": 3}')
    with pytest.raises(StoreFormat, match="format 3"):
        Store.open(settings, lock=lock.StoreLock(settings.data))


def test_a_snapshot_beside_which_an_earlier_version_could_write_is_not_believed(store, settings):
    take(store)
    (settings.data / "topicdex.json").write_text('{"format": 1}')
    assert in_it(reopened(store, settings)) is None


def test_off_removes_it_and_lets_an_earlier_version_in(store, settings):
    take(store)
    put(store, Word("country", "w1"))
    store.close()
    store = Store.open(replace(settings, snapshot="off"))
    assert store.snapshots.open() is None and store.snapshots.begin() is None
    put(store, Word("company", "w1"))
    assert_none_left(settings)
    assert json.loads((settings.data / "topicdex.json").read_text()) == {"format": 1}
    store.close()


def test_it_lies_in_another_folder_where_one_is_named(store, settings, tmp_path):
    store.close()
    elsewhere = replace(settings, snapshot=str(tmp_path / "fast"))
    store = Store.open(elsewhere)
    take(store)
    (folder,) = (tmp_path / "fast").glob("*/snapshot-*")
    assert stat.S_IMODE(folder.parent.stat().st_mode) == stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    store = reopened(store, settings)  # the pointer says where it lies
    assert len(in_it(store)) == 40
    put(store, Word("country", "w1"))
    store = reopened(store, elsewhere)
    assert changed(store) == ["w1"]
    store = reopened(store, settings)
    take(store)  # in the data folder again
    assert len(in_it(store)) == 40 and not folder.exists()
    store.close()


def test_a_data_folder_that_is_moved_takes_it_along(store, settings, tmp_path):
    take(store)
    store.close()
    moved = Settings(data=settings.data.rename(tmp_path / "moved"), model="axes")
    store = Store.open(moved)
    assert len(in_it(store)) == 40
    store.close()


def test_a_store_without_a_model_has_none(settings):
    store = Store.open(settings)
    assert store.snapshots.open() is None and store.snapshots.begin() is None
    store.close()


def test_a_store_without_words_has_an_empty_one(store):
    store.words.delete(store.words.ids())
    take(store)
    assert in_it(store) == []


def test_a_store_that_nobody_has_touched_is_believed_without_a_look_at_its_words(tmp_path, model, monkeypatch):
    settings = Settings(data=tmp_path / "store", model="axes")
    words = [Word(f"fruit {i}", str(i)) for i in range(1_200)]
    with Engine(settings, load=lambda _: model) as engine:
        engine.words.index(words, lambda _: None)
        engine.words.load()
    for method in ("get", "count", "query"):
        monkeypatch.setattr(f"chromadb.Collection.{method}", None)
    with Engine(settings, load=lambda _: model) as engine:
        assert engine.store.snapshots.untouched and len(engine.words.load()) == 1_200
        assert engine.words.nearest(["fruit 7"], 1)[0].matches[0].id == "7" and engine.info().counts.words == 1_200


@pytest.mark.parametrize("how", ["another program wrote", "the process was killed", "the note is damaged"])
def test_a_store_that_may_have_been_touched_is_compared(tmp_path, model, how):
    settings = Settings(data=tmp_path / "store", model="axes")
    with Engine(settings, load=lambda _: model) as engine:
        engine.words.index([Word(f"fruit {i}", str(i)) for i in range(1_200)], lambda _: None)
        engine.words.load()
    note = settings.data / "topicdex-closed.json"
    if how == "another program wrote":
        client, collection = plain(settings)
        collection.update(ids=["0"], metadatas=[{"colour": "red"}])
        client.close()
    elif how == "the process was killed":
        note.unlink()
    else:
        note.write_text("[1,")
    with Engine(settings, load=lambda _: model) as engine:
        assert not engine.store.snapshots.untouched
        opened = engine.store.snapshots.open()
        assert (opened is None) == (how == "another program wrote")
