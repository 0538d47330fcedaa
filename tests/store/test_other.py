"""The exchange of the two sets of a store: killed at any step, the next opening has all of one model."""

import numpy as np
import pytest

from indexer.embedders import ModelIdentity
from indexer.errors import StoreUnavailable
from indexer.records import Word
from indexer.store.chroma import Chroma
from indexer.store.collection import Collection
from indexer.store.index_files import index_names
from indexer.store.other import OTHER
from indexer.store.store import Store
from indexer.store.topics import TopicText

OLD, NEW = ModelIdentity("old", "1", 4), ModelIdentity("new", "1", 6)


class Killed(BaseException):
    """The end of the process, at whatever it was."""


@pytest.fixture
def both(settings):
    """A store with a word, a topic and its state by the model "old", and a whole other set by "new"."""
    store = Store.open(settings)
    store.bind_model(OLD)
    store.words.write([Word("text", "1")], np.eye(1, 4, dtype=np.float32), {})
    topics = [TopicText("topic", "name", "topic", np.eye(1, 4, dtype=np.float32)[0])]
    store.topics.write("v", topics, np.eye(1, 4, dtype=np.float32))
    store.update_state(topics="v", thresholds={})
    other = store.begin_other(NEW)
    other.words.write([Word("text", "1")], np.eye(1, 6, dtype=np.float32), {})
    other.topics.write("v", topics, np.eye(1, 6, dtype=np.float32))
    yield store
    store.close()


def dimensions(store):
    """Return the dimension of everything in use, and check that it has the state and is of one set."""
    assert store.state() == {"topics": "v", "thresholds": {}}
    ((words, vectors),) = store.words.pages()
    assert [word.text for word in words] == ["text"]
    found = {store.model().dimension, vectors.shape[1], store.topics.read("v")[0].vector.shape[0]}
    (dimension,) = found
    other = store.others.find()
    assert other.model == (NEW if dimension == 4 else OLD)
    ((_, vectors),) = other.words.pages()
    assert vectors.shape[1] == other.model.dimension == 10 - dimension
    assert other.topics.read("v")[0].vector.shape[0] == other.model.dimension
    return dimension


STEPS = [("rename", step) for step in range(6)] + [("replace_metadata", step) for step in range(5)]


@pytest.mark.parametrize(("what", "step"), [*STEPS, ("rename", 99)])
def test_killed_at_any_step_all_is_of_one_model(both, settings, monkeypatch, what, step):
    owner, steps = (Chroma, []) if what == "rename" else (Collection, [])
    done = getattr(owner, what)

    def dying(*given):
        steps.append(given)
        if len(steps) == step + 1:
            raise Killed
        return done(*given)

    monkeypatch.setattr(owner, what, dying)
    try:
        both.exchange()
    except Killed:
        assert step != 99
    monkeypatch.undo()
    both.close()
    reopened = Store.open(settings)
    try:
        noted = what == "rename" or step == 4  # the note is the fourth change of metadata
        assert dimensions(reopened) == (6 if noted else 4)
        assert reopened.others.find().kept or not noted
    finally:
        reopened.close()


def test_an_exchange_and_another_is_what_was(both):
    both.exchange()
    assert dimensions(both) == 6 and both.others.find().kept
    both.exchange()
    assert dimensions(both) == 4 and both.others.find().kept


def test_a_dropped_set_leaves_nothing_on_the_disk(both, settings):
    other = both.others.find()
    words = [Word(f"text {i}", str(i)) for i in range(1_200)]
    other.words.write(words, np.eye(1_200, 6, dtype=np.float32) + 0.1, {})
    names = both._chroma.ids_by_name()
    (folder,) = index_names(settings.data, [names[f"topicdex-words{OTHER}"]])
    assert (settings.data / folder).is_dir()
    both.others.drop()
    assert not (settings.data / folder).exists() and both.others.find() is None
    assert not [name for name in both._chroma.ids_by_name() if name.endswith(OTHER)]


def test_a_set_whose_index_a_kill_has_cut_off_is_dropped_and_the_one_in_use_stays(both, settings):
    words = [Word(f"text {i}", str(i)) for i in range(1_200)]
    both.others.find().words.write(words, np.eye(1_200, 6, dtype=np.float32) + 0.1, {})
    (folder,) = index_names(settings.data, [both._chroma.ids_by_name()[f"topicdex-words{OTHER}"]])
    both.close()
    (settings.data / "topicdex-closed.json").unlink()  # a process that is killed leaves none
    with (settings.data / folder / "data_level0.bin").open("r+b") as file:
        file.truncate(100)
    reopened = Store.open(settings)
    try:
        assert reopened.others.find() is None and reopened.model() == OLD and reopened.words.count() == 1
    finally:
        reopened.close()


def test_a_store_whose_own_index_is_cut_off_is_still_refused_where_nobody_mends_it(both, settings):
    words = [Word(f"text {i}", str(i)) for i in range(1_200)]
    both.words.write(words, np.eye(1_200, 4, dtype=np.float32) + 0.1, {})
    (folder,) = index_names(settings.data, [both._chroma.ids_by_name()["topicdex-words"]])
    both.close()
    (settings.data / "topicdex-closed.json").unlink()
    with (settings.data / folder / "data_level0.bin").open("r+b") as file:
        file.truncate(100)
    with pytest.raises(StoreUnavailable, match="doctor --repair"):
        Store.open(settings)
