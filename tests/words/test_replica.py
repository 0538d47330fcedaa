"""The words in memory follow the store."""

import pytest

from indexer.errors import StoreUnavailable
from tests.words.conftest import search_both, word


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
