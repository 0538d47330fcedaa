"""Files of Chroma's index that a kill has cut off, told from whole ones."""

import os
import shutil

import pytest

from indexer import Engine
from indexer.errors import StoreUnavailable
from indexer.store.doctor import examine
from indexer.store.index_files import cut_off
from indexer.store.repair import mend_cut_off
from indexer.store.store import Store
from tests.store.damage import assert_all_there, make_words

FILES = ("header.bin", "data_level0.bin", "length.bin", "link_lists.bin", "index_metadata.pickle")


@pytest.fixture
def index(settings, model):
    """The folder of an index that Chroma has saved."""
    with Engine(settings, load=lambda _: model) as engine:
        engine.words.add(make_words(0, 2_500))
    [folder] = [path.parent for path in settings.data.glob("*/header.bin") if path.with_name(FILES[-1]).exists()]
    return folder


def test_a_whole_index_is_whole(index, settings):
    assert cut_off(settings.data) == []


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("left", [0.0, 0.5, 0.999])
def test_a_file_that_is_short_is_seen(index, settings, name, left):
    file = index / name
    data = file.read_bytes()
    file.write_bytes(data[: int(left * len(data))])
    assert cut_off(settings.data) == [index]


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_not_there_is_seen(index, settings, name):
    (index / name).unlink()
    assert cut_off(settings.data) == ([] if name == "header.bin" else [index])


def test_links_of_no_size_that_an_index_writes_are_seen(index, settings):
    file = index / "link_lists.bin"
    data = bytearray(file.read_bytes())
    data[100:104] = b"\x07\xff\xff\xff"
    file.write_bytes(data)
    assert cut_off(settings.data) == [index]


@pytest.fixture
def killed(index, settings, tmp_path):
    """A store whose last process was killed while Chroma wrote its index; the snapshot has all words but the last."""
    store = Store.open(settings)
    with store.write_lock:
        draft = store.snapshots.begin()
        draft.write(store.words.pages())
        draft.publish()
    store.close()
    (index / "length.bin").write_bytes(b"")
    database = settings.data / "chroma.sqlite3"
    shutil.copy(database, tmp_path / "copy")
    os.replace(tmp_path / "copy", database)  # not the file that a process which ended in peace has noted
    return settings


def test_it_is_looked_at_before_chroma_reads_it(killed):
    """At the next write, Chroma would end the process with a segmentation fault."""
    with pytest.raises(StoreUnavailable, match="topicdex doctor --repair"):
        Store.open(killed)
    Store.open(killed, damaged=True).close()


def test_a_corpus_that_is_opened_builds_it_again_and_embeds_nothing(killed, model, caplog):
    model.texts = []
    with Engine(killed, load=lambda _: model) as engine:
        assert_all_there(engine.store, make_words(0, 2_500))
        assert examine(engine.store, None).healthy
        assert model.texts == []
        engine.words.add(["fruit of another day"])
    assert "it is built again" in caplog.text
    with Engine(killed, load=lambda _: model) as engine:
        assert engine.words.count() == 2_501


def test_what_was_being_built_again_is_when_that_is_cut_off_too(killed, model):
    def interrupted(said):
        if "in the new index" in said:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Store.open(killed, mend=lambda store: mend_cut_off(store, "axes", lambda _: model, interrupted))
    model.texts = []
    with Engine(killed, load=lambda _: model) as engine:
        assert examine(engine.store, None).healthy
        assert_all_there(engine.store, make_words(0, 2_500))
    assert model.texts == []


def test_a_model_that_costs_money_is_not_asked_unasked(killed, monkeypatch):
    monkeypatch.setattr(Store, "model_name", lambda _: "openai:small")
    with pytest.raises(StoreUnavailable, match="what it costs"):
        Engine(killed)
    assert cut_off(killed.data)
