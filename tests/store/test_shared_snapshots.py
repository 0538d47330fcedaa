"""The snapshot beside a Chroma server: one a machine, written by one process at a time, good while its anchor is there."""

import stat
from dataclasses import replace

import pytest

from indexer import Engine
from indexer.embedders import ModelIdentity
from indexer.records import Word
from indexer.store import changes
from indexer.store.snapshot import snapshots
from indexer.store.store import Store
from scripts import processes
from tests.model import AxisEmbedder
from tests.store.test_snapshots import WORDS, changed, in_it, put, take

MODEL = ModelIdentity("axes", "1", 8)


@pytest.fixture(scope="module")
def chroma(tmp_path_factory):
    with processes.chroma(tmp_path_factory.mktemp("chroma")) as url:
        yield url


@pytest.fixture
def shared(chroma, settings, tmp_path):
    return replace(settings, chroma_url=chroma, cache=str(tmp_path / "cache"))


@pytest.fixture
def store(shared):
    """A store whose log is that of no other test: it is emptied, and the words are announced long before now."""
    store = Store.open(shared)
    store.bind_model(MODEL)
    for rows in (store.changes._collection, store._words):
        rows.delete(rows.ids())
    put(store, *WORDS)
    log = store.changes._collection
    log.delete(log.ids())
    yield store
    store.close()


def place_of(store):
    return store.snapshots._place().files


def test_another_process_opens_it(store, shared):
    take(store)
    other = Store.open(shared)
    opened, ids = other.snapshots.open()
    assert ids == [] and sorted(opened.ids(range(len(opened)))) == sorted(word.id for word in WORDS)
    assert other.snapshots.is_newer(None) and not other.snapshots.is_newer(opened.folder)
    folder = shared.cache_folder / "snapshots" / store._words.id
    assert opened.folder.parent == folder
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE(opened.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in opened.folder.iterdir()} == {0o600}
    other.close()


def test_what_anybody_writes_after_it_is_read_again(store, shared):
    take(store)
    other = Store.open(shared)
    put(store, Word("country", "w1"))
    put(other, Word("country new", "new"))
    other.words.delete(["w2"])
    assert changed(store) == changed(other) == ["new", "w1", "w2"]
    take(other)
    other.words.delete(["w3"])
    assert "w3" in changed(store)
    other.close()


def test_what_the_writer_had_not_read_yet_is_read_again(store, shared):
    other = Store.open(shared)
    put(other, Word("country new", "new"))  # the memory of `store` does not know it when it begins
    draft = store.snapshots.begin()
    draft.write((list(words), vectors) for words, vectors in store.words.with_vectors([word.id for word in WORDS]))
    draft.publish()
    assert changed(other) == ["new"]
    other.close()


def test_what_a_process_wrote_that_died_before_it_published_it_is_read_again(store, shared, monkeypatch):
    take(store)
    monkeypatch.setattr(store.words, "_changed", lambda ids: None)
    put(store, Word("country", "w1"))
    assert changed(store) == ["w1"]


def test_it_is_of_no_use_once_an_entry_after_it_may_be_deleted(store, shared, monkeypatch):
    take(store)
    put(store, Word("country", "w1"))
    now = changes._now
    monkeypatch.setattr(changes, "_now", lambda: now() + 23 * 3_600_000)
    store.changes.delete_old()
    assert changed(store) == ["w1"]
    monkeypatch.setattr(changes, "_now", lambda: now() + 25 * 3_600_000)
    store.changes.delete_old()
    assert changed(store) is None


def test_an_earlier_version_that_deletes_after_ten_minutes_makes_it_useless(store, monkeypatch):
    take(store)
    now = changes._now
    monkeypatch.setattr(changes, "_KEPT_MS", 10 * 60_000)
    monkeypatch.setattr(changes, "_now", lambda: now() + 11 * 60_000)
    store.changes.delete_old()
    assert changed(store) is None


def test_entries_that_others_delete_while_it_is_read_make_it_useless(store, monkeypatch):
    take(store)
    log, where = store.changes._collection, store.changes._collection.where

    def where_then_delete(*args, **kwargs):
        yield from list(where(*args, **kwargs))
        log.delete(log.ids())

    monkeypatch.setattr(log, "where", where_then_delete)
    assert changed(store) is None


def test_it_is_given_up_where_most_words_have_changed(store):
    take(store)
    put(store, *(Word("country", f"w{i}") for i in range(21)))
    assert in_it(store) is None and not list(place_of(store).glob("snapshot-*"))


def test_one_process_writes_and_readers_of_the_old_one_read_on(store, shared):
    take(store)
    other = Store.open(shared)
    opened, _ = other.snapshots.open()
    draft = store.snapshots.begin()
    assert other.snapshots.begin() is None
    draft.write(store.words.pages())
    draft.publish()
    assert not opened.folder.exists() and other.snapshots.is_newer(opened.folder)
    assert sorted(opened.ids(range(len(opened)))) == sorted(word.id for word in WORDS)
    other.snapshots.begin().discard()
    assert len([path for path in place_of(store).iterdir() if path.is_dir()]) == 1 and changed(other) == []
    other.close()


def test_what_a_killed_writer_leaves_is_removed_by_the_next(store, shared):
    (place_of(store) / "draft-123").mkdir(parents=True)
    (place_of(store) / "draft-123" / "vectors.f32").write_bytes(b"half")
    take(store)
    assert [folder.name[:9] for folder in place_of(store).iterdir() if folder.is_dir()] == ["snapshot-"]


def test_a_reader_whose_snapshot_is_replaced_while_it_opens_takes_the_new_one(store, shared, monkeypatch):
    take(store)
    other = Store.open(shared)
    pointer, seen = other.snapshots.pointer, []

    def pointer_then_replace():
        found = pointer()
        if not seen:
            take(store)
        seen.append(found)
        return found

    monkeypatch.setattr(other.snapshots, "pointer", pointer_then_replace)
    assert len(in_it(other)) == 40 and len(seen) == 2
    other.close()


def test_one_that_differs_is_dropped(store, caplog):
    take(store)
    store._words.delete(["w0"])  # and nobody announced it
    assert in_it(store) is None and "differs" in caplog.text
    assert store.snapshots.pointer() is None


def test_the_old_one_is_not_of_a_new_collection(store, shared):
    take(store)
    with store.rebuilding("words"):
        pass
    assert in_it(store) is None
    store.bind_model(MODEL)


def test_a_cache_that_cannot_be_written_is_no_error(store, shared, tmp_path, caplog):
    (tmp_path / "file").write_text("")
    other = Store.open(replace(shared, cache=str(tmp_path / "file" / "cache")))
    assert other.snapshots.begin() is None and other.snapshots.open() is None
    assert "no snapshot of the words can be written" in caplog.text
    other.close()


def test_off_writes_none_and_reads_none(store, shared):
    take(store)
    other = Store.open(replace(shared, snapshot="OFF"))
    assert other.snapshots.begin() is None and other.snapshots.open() is None
    other.close()
    assert len(in_it(store)) == 40


def test_it_is_written_again_before_its_anchor_is_gone(store, monkeypatch):
    assert not store.snapshots.aged()
    take(store)
    assert not store.snapshots.aged()
    monkeypatch.setattr(snapshots, "_AGED", -snapshots._AGED)
    assert store.snapshots.aged()


def test_info_shows_it_to_every_process(store, shared):
    take(store)
    with Engine(shared, load=lambda _: AxisEmbedder()) as engine:
        assert engine.info().snapshot.words == 40
