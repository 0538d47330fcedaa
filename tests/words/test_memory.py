"""Words in memory: exact search, order, updates, and the room that they take."""

import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from indexer.prototypes import Prototypes
from indexer.words import memory, rows
from indexer.words.memory import MemoryIndex
from tests.words.conftest import search_both, word
from tests.words.snapshots import ListSnapshot, made_of, snapshot_of


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


@pytest.fixture(params=[(2, 0), (4, 0), (32_768, 0), (2, 6), (32_768, 6), (2, 3), (32_768, 5)])
def six(request, monkeypatch):
    """Six words in a plane, f before a, so that no order is that of the ids by chance.

    Blocks of several sizes; none, some, or all of the words lie in a base.
    """
    block, in_base = request.param
    monkeypatch.setattr(rows, "BLOCK", block)
    words = [word(id.upper(), id, axis=id in "abcd") for id in "fedcba"]
    index = MemoryIndex(ListSnapshot(words[:in_base], SIX[::-1][:in_base].copy()) if in_base else None)
    index.put(words[in_base:], SIX[::-1][in_base:])
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


def test_a_base_without_changes_gives_its_vectors_as_they_are_and_makes_no_words_of_its_own():
    base = ListSnapshot([word(id.upper(), id) for id in "abcdef"], SIX.copy())
    index = MemoryIndex(base)
    assert len(index) == 6 and index.sample(3).shape == (3, 2) and base.given == 0
    assert found(index, [1, 0], 2) == [("a", 1), ("f", 0.8)] and base.given == 2
    assert index.all_words().vectors is base.vectors
    assert next(index.pages())[1].base is base.vectors


def test_words_that_are_equal_in_every_way_but_their_ids_are_all_found():
    index = MemoryIndex()
    index.put([word("yes", str(i)) for i in range(5_000)], np.tile(SIX[:1], (5_000, 1)))
    assert [id for id, _ in found(index, [1, 0], 3_000)] == [str(i) for i in range(3_000)]


AXES = np.eye(3, 4, dtype=np.float32)
VALUES = [True, False, 1, 1.0, 0, 0.0, -0.0, "1", "", 2.5, 2**53, 2**53 + 1, float(2**53)]


class Plain:
    """The words in a dict, compared one by one: what the index must say."""

    def __init__(self):
        self.rows = {}

    def put(self, words, vectors):
        for each, vector in zip(words, vectors, strict=True):
            self.rows.pop(each.id, None)
            self.rows[each.id] = (each, vector)

    def remove(self, ids):
        for id in ids:
            self.rows.pop(id, None)

    def nearest(self, vector, k, where):
        def has(each, name, value):
            mine = each.metadata.get(name)
            return mine == value and isinstance(mine, bool) == isinstance(value, bool)

        scored = [
            (each, float(vector @ its))
            for each, its in self.rows.values()
            if all(has(each, *pair) for pair in where.items())
        ]
        return sorted(scored, key=lambda pair: -pair[1])[:k]


@pytest.mark.parametrize("seed", range(12))
def test_with_a_base_and_without_one_all_answers_are_those_of_plain_comparisons(seed, monkeypatch):
    """Coordinates are multiples of a half: products are exact and many of them equal."""
    draw, few = random.Random(seed), np.random.default_rng(seed)
    monkeypatch.setattr(rows, "BLOCK", draw.choice([4, 16, 64]))
    indexes, plain = [MemoryIndex(), MemoryIndex()], Plain()

    def vectors(n):
        return (few.integers(-1, 2, (n, 4)) / 2).astype(np.float32)

    for _ in range(30):
        ids = [str(draw.randrange(150)) for _ in range(draw.randrange(1, 20))]
        metadata = [{name: draw.choice(VALUES) for name in "ab" if draw.random() < 0.8} for _ in ids]
        words = [word(f"text {id}", id, **its) for id, its in zip(ids, metadata, strict=True)]
        new, gone = vectors(len(ids)), [str(draw.randrange(150)) for _ in range(draw.randrange(8))]
        for index in (*indexes, plain):
            index.put(words, new)
            index.remove(gone)
        if draw.random() < 0.3:
            base = snapshot_of(indexes[1])
            indexes[1] = MemoryIndex(base) if len(base) else indexes[1]
        asked, k = vectors(3), draw.choice([1, 3, 50])
        where = {name: draw.choice(VALUES) for name in draw.choice(["", "", "a", "b", "ab"])}
        expected = [plain.nearest(vector, k, where) for vector in asked]
        assert [index.nearest(asked, k, where) for index in indexes] == [expected, expected]
        in_order = sorted(plain.rows)
        for index in indexes:
            taken = index.all_words()
            assert (len(index), index.ids(), taken.ids) == (len(in_order), set(in_order), in_order)
            assert taken.texts == [plain.rows[id][0].text for id in in_order]
            assert (taken.vectors == [plain.rows[id][1] for id in in_order]).all() if in_order else True
            assert index.sample(7).tolist() == taken.vectors[:: max(1, -(-len(in_order) // 7))].tolist()
            paged = [each for page, _ in index.pages() for each in page]
            assert paged == [each for each, _ in plain.rows.values()]
            assigned = index.assign(Prototypes(tuple("xyz"), AXES))
            assert (assigned.ids, assigned.texts) == (taken.ids, taken.texts)
            assert assigned.nearest.tolist() == [int((AXES @ plain.rows[id][1]).argmax()) for id in in_order]


def test_what_changes_while_a_new_base_is_made_stays(six):
    pages = six.begin_rebase()
    six.put([word("new", "a"), word("G", "g")], SIX[[2, 1]])
    six.remove(["f"])
    base = made_of(pages)
    six.put([word("newest", "a"), word("E", "e")], SIX[[3, 4]])
    six.rebase(base)
    assert six.base is base and len(base) == 6
    assert [w.id for words, _ in six.pages() for w in words] == list("dcbgae")
    assert found(six, [0, -1], 2) == [("d", 1), ("a", 1)]
    assert (len(six), six.beside_base) == (6, 6)  # three tombstones of a, e and f, and three rows: g, a and e
    assert six.all_words().ids == list("abcdeg")


def test_callers_that_wait_at_the_same_time_share_one_scan_whatever_they_ask_for(monkeypatch):
    index = MemoryIndex()
    index.put([word(id.upper(), id, axis=id in "abcd") for id in "abcdef"], SIX)
    right, scans, go_on = memory.nearest, [], threading.Event()

    def slow(queries, *rest):
        scans.append(len(queries))
        assert go_on.wait(30)
        return right(queries, *rest)

    monkeypatch.setattr(memory, "nearest", slow)
    asked = [(1, {}), (2, {}), (3, {"axis": True}), (1, {"axis": False}), (2, {"axis": 0}), (6, {})]
    with ThreadPoolExecutor(len(asked) + 1) as pool:
        first = pool.submit(found, index, [0, 1], 1)
        eventually(lambda: scans == [1])
        others = [pool.submit(index.nearest, SIX[:n], n, where) for n, where in asked]
        eventually(lambda: len(index._nearest._waiting) == len(asked))
        go_on.set()
        assert first.result(30) == [("b", 1)]
        ids = [[[w.id for w, _ in row] for row in other.result(30)] for other in others]
    assert scans == [1, 15]
    assert ids[:3] == [[["a"]], [["a", "f"], ["b", "e"]], [["a", "b", "d"], ["b", "a", "c"], ["c", "b", "d"]]]
    assert ids[3:5] == [[["f"]], [[], []]] and ids[5][0] == list("afebdc")


@pytest.fixture
def hasty():
    """Threads that change hands as often as they can: more of them meet in the middle of something."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def test_every_answer_is_right_while_words_are_put_removed_and_moved_to_a_new_base(monkeypatch, hasty):
    monkeypatch.setattr(rows, "BLOCK", 64)
    vectors = np.eye(128, dtype=np.float32)
    words = [word(f"text {i}", str(i), third=i % 3) for i in range(128)]
    index, done = MemoryIndex(), threading.Event()
    index.put(words[:64], vectors[:64])  # these stay

    def write(first):
        for turn in range(20):
            for i in range(first, first + 16):
                index.put([words[i]], vectors[i : i + 1])
                assert index.nearest(vectors[i : i + 1], 1, {})[0][0] == (words[i], 1.0)
                if (turn + i) % 2:
                    index.remove([words[i].id])
                    assert words[i] not in [w for w, score in index.nearest(vectors[i : i + 1], 128, {})[0]]

    def read(seed):
        draw = random.Random(seed)
        while not done.is_set():
            i, k = draw.randrange(64), draw.choice([1, 5])
            where = draw.choice([{}, {"third": i % 3}])
            assert index.nearest(vectors[i : i + 1], k, where)[0][0] == (words[i], 1.0)
            assert index.nearest(vectors[i : i + 1], k, {"third": (i + 1) % 3})[0][0][1] == 0.0

    def rebase():
        bases = 0
        while not done.is_set():
            index.rebase(made_of(index.begin_rebase()))
            assert index.ids() >= {w.id for w in words[:64]}
            bases += 1
        return bases

    with ThreadPoolExecutor(9) as pool:
        others = [pool.submit(rebase), *(pool.submit(read, seed) for seed in range(4))]
        try:
            for writer in [pool.submit(write, first) for first in (64, 80, 96, 112)]:
                writer.result(120)
        finally:
            done.set()
        assert others[0].result(30) > 1
        for other in others:
            other.result(30)


def eventually(true, seconds=10.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.001)
