"""Words in memory: exact search, order, updates, and the room that they take."""

import numpy as np
import pytest

from indexer.prototypes import Prototypes
from indexer.words import rows
from indexer.words.memory import MemoryIndex
from tests.words.conftest import search_both, word


def test_words_that_change_night_after_night_do_not_fill_the_memory(engine, monkeypatch):
    monkeypatch.setattr(rows, "BLOCK", 16)
    engine.words.load()
    for night in range(10):
        engine.words.add([word(f"fruit {i}", str(i), night=night) for i in range(40)])
    assert len(engine.words.memory._recent.blocks) <= 2 * 40 / 16 + 1
    assert search_both(engine, ["fruit 7"], 1) == [["7"]]
    assert engine.words.nearest(["fruit 7"], 1)[0].matches[0].metadata == {"night": 9}


def test_words_that_change_while_all_are_gone_through_are_not_left_out(engine, monkeypatch):
    monkeypatch.setattr(rows, "BLOCK", 16)
    words = [word(f"fruit {i}", str(i)) for i in range(40)]
    engine.words.add(words)
    engine.words.load()
    pages = engine.words.pages()
    seen = [w.id for w in next(pages)[0]]
    engine.words.add([word("fruit", w.id, changed=True) for w in words[20:30]])
    seen += [w.id for page, _ in pages for w in page]
    assert sorted(seen, key=int) == [w.id for w in words]


SIX = np.array([[1, 0], [0, 1], [-1, 0], [0, -1], [0.6, 0.8], [0.8, 0.6]], dtype=np.float32)


@pytest.fixture(params=[2, 4, 32_768])
def six(request, monkeypatch):
    """Six words in a plane, f before a, so that no order is that of the ids by chance; blocks of several sizes."""
    monkeypatch.setattr(rows, "BLOCK", request.param)
    index = MemoryIndex()
    index.put([word(id.upper(), id, axis=id in "abcd") for id in "fedcba"], SIX[::-1])
    return index


def found(index, vector, k=10, **where):
    return [(w.id, pytest.approx(score)) for w, score in index.nearest(np.array([vector], np.float32), k, where)[0]]


def test_the_nearest_come_best_first_and_equal_ones_in_the_order_they_were_added(six):
    assert found(six, [1, 0], 3) == [("a", 1), ("f", 0.8), ("e", 0.6)]
    assert found(six, [1, 0]) == [("a", 1), ("f", 0.8), ("e", 0.6), ("d", 0), ("b", 0), ("c", -1)]
    assert [id for id, _ in found(six, [1, 0], 4)] == list("afed")
    assert found(six, [1, 0], 2, axis=True) == [("a", 1), ("d", 0)]
    assert found(six, [1, 0], axis=1) == []


def test_a_word_is_replaced_and_removed(six):
    six.put([word("new", "a")], SIX[2:3])
    six.remove(["f", "nowhere"])
    assert (len(six), six.ids(), six.changes) == (5, set("abcde"), 8)
    assert found(six, [1, 0], 1) == [("e", 0.6)]
    assert found(six, [-1, 0], 2) == [("c", 1), ("a", 1)]
    six.put_missing([word("old", "a"), word("F", "f")], SIX[[0, 5]])
    assert found(six, [1, 0], 2) == [("f", 0.8), ("e", 0.6)]


def test_all_words_a_sample_and_an_assignment_are_in_the_order_of_the_ids(six):
    taken = six.all_words()
    assert (taken.ids, taken.texts) == (list("abcdef"), list("ABCDEF"))
    assert (taken.vectors == SIX).all()
    assert (six.sample(3) == SIX[::2]).all() and (six.sample(100) == SIX).all()
    assigned = six.assign(Prototypes(("right", "up"), SIX[:2]))
    assert (assigned.ids, assigned.nearest.tolist()) == (list("abcdef"), [0, 1, 1, 0, 1, 0])


def test_pages_are_in_the_order_in_which_words_were_added(six):
    assert [w.id for words, _ in six.pages() for w in words] == list("fedcba")
    assert (np.vstack([vectors for _, vectors in six.pages()]) == SIX[::-1]).all()


def test_no_words_are_searched_sampled_and_gone_through():
    index = MemoryIndex()
    assert found(index, [1, 0]) == list(index.pages()) == index.all_words().ids == []
    assert index.sample(5).shape[0] == 0
