"""The order in which words first came, and what a text contains."""

import random

import numpy as np
import pytest

from indexer.store.snapshot import files, mapped
from indexer.store.snapshot.files import SnapshotFiles
from indexer.store.snapshot.mapped import Snapshot
from indexer.words import rows
from indexer.words.memory import MemoryIndex
from tests.words.conftest import word
from tests.words.snapshots import made_of

EAST = np.array([[1, 0]], dtype=np.float32)


def put(index, *ids, text="word"):
    index.put([word(text, id) for id in ids], EAST.repeat(len(ids), axis=0))


def listed(index, contains=""):
    return [w.id for w in index.listing(contains).page(1_000, 0)[0]]


def rebase(index):
    index.rebase(made_of(index.begin_rebase()))


def test_a_word_that_changes_keeps_its_place_and_one_that_comes_again_is_last():
    index = MemoryIndex()
    put(index, *"fedcba")
    for step in (lambda: None, lambda: rebase(index)):
        step()
        put(index, "d", "f", text="changed")
        assert listed(index) == list("fedcba") and listed(index, "CHANGED") == list("fd")
    index.remove("e")
    put(index, *"xe")
    assert listed(index) == list("fdcbaxe")
    rebase(index)
    assert listed(index) == list("fdcbaxe")


@pytest.mark.parametrize("seed", range(20))
def test_the_order_is_that_of_a_dict_whatever_is_put_removed_and_moved_to_a_base(seed, monkeypatch):
    monkeypatch.setattr(rows, "BLOCK", 8)
    draw, index, plain, pages = random.Random(seed), MemoryIndex(), {}, None
    for turn in range(200):
        ids = {str(draw.randrange(30)) for _ in range(draw.randrange(4))}
        if draw.random() < 0.6:
            put(index, *ids, text=f"turn {turn}")
            plain |= dict.fromkeys(ids, turn)
        else:
            index.remove(ids)
            plain = {id: turn for id, turn in plain.items() if id not in ids}
        if pages is None and draw.random() < 0.2:
            pages = made_of(index.begin_rebase())
        elif pages is not None and draw.random() < 0.3:
            index.rebase(pages)
            pages = None
        assert listed(index) == list(plain)
        assert listed(index, f"TURN {turn}") == [id for id, at in plain.items() if f"turn {turn}" in f"turn {at}"]


def test_memory_lists_the_words_as_the_store_does(engine):
    engine.words.add([word(f"fruit {i}", str(i)) for i in range(20)])
    engine.words.load()
    engine.words.add([word("country", "7"), word("new", "20"), word("country", "3")])
    engine.words.delete(["5", "19"])
    engine.words.add([word("again", "5")])
    assert listed(engine.words.memory) == engine.store.words.ids()


@pytest.mark.parametrize("in_base", [0, 4, 6])
def test_a_position_is_that_among_all_words_and_only_one_before_the_place_counts(in_base):
    index = MemoryIndex()
    put(index, *"abcdef"[:in_base], text="one")
    rebase(index)
    put(index, *"abcdef"[in_base:], text="one")
    put(index, "b", "e", text="two")
    index.remove("c")
    listing = index.listing("two")
    assert listing.positions(["b", "c", "d", "nowhere", "f"], 4) == [1, 2]
    assert [([w.id for w in words], behind) for words, behind in map(listing.page, (1, 1, 1), (0, 2, 4))] == [
        (["b"], 2),
        (["e"], None),
        ([], None),
    ]
    assert (len(listing), len(index.listing())) == (2, 5)


FOUND = [
    ("apple", "Apple pie"),
    ("STRASSE", "Hauptstraße 5"),
    ("straße", "HAUPTSTRASSE"),
    ("ÉTÉ", "un été"),
    ("Σ", "ὀδυσσεύς"),
    ("k", "5 \u212a"),  # the sign of kelvin
    ("FI", "\ufb01sh"),  # the ligature
    ("日本", "in 日本で"),
    ("i\u0307STANBUL", "İstanbul"),
    ("i", "İ"),
    ("\0", "a\0b"),
    ("👩", "👩‍👩‍👧"),
    (" ", "a b"),
]
NOT_FOUND = [
    ("e", "été"),
    ("e\u0301", "été"),  # an accent is another character than a letter that has it
    ("istanbul", "İstanbul"),
    ("ab", "a b"),
    ("pleb", "apple"),
    ("apple", "b"),
    ("half \udc80", "half"),
]


@pytest.mark.parametrize("in_base", [False, True])
@pytest.mark.parametrize(
    ("contains", "text", "found"), [(*pair, True) for pair in FOUND] + [(*pair, False) for pair in NOT_FOUND]
)
def test_a_text_contains_another_when_both_are_casefolded(contains, text, found, in_base, tmp_path):
    words = [word("apple", "1"), word(text, "2"), word("b", "3")]
    index = MemoryIndex(written(tmp_path, words) if in_base else None)
    if not in_base:
        index.put(words, EAST.repeat(3, axis=0))
    assert ("2" in listed(index, contains)) is found
    assert listed(index, contains) == [w.id for w in words if contains.casefold() in w.text.casefold()]


def test_texts_in_files_contain_what_they_contain_in_python_across_all_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(mapped, "BLOCK", 7)
    monkeypatch.setattr(files, "BLOCK", 7)
    draw = random.Random(1)
    letters = "aAbßsSİiı éE\u0301日😀"
    words = [word("".join(draw.choices(letters, k=draw.randrange(1, 9))) or "a", str(i)) for i in range(200)]
    snapshot = written(tmp_path, words)
    for _ in range(300):
        folded = "".join(draw.choices(letters, k=draw.randrange(1, 4))).casefold()
        assert snapshot.containing(folded).tolist() == [folded in w.text.casefold() for w in words]


def written(folder, words):
    with SnapshotFiles(folder, private=False, reserve=0) as snapshot:
        snapshot.add(words, EAST.repeat(len(words), axis=0))
        snapshot.finish()
    return Snapshot(folder, 2)
