"""The files of a snapshot: what was written comes back exactly, whatever it is, and `where` decides as over words."""

import random
import stat

import numpy as np
import pytest

from indexer.records import Word
from indexer.store.snapshot import files as snapshot_files
from indexer.store.snapshot import mapped as snapshot
from indexer.store.snapshot.files import SnapshotFiles
from indexer.store.snapshot.mapped import BLOCK, FILES, Snapshot
from indexer.vectors import unit

VALUES = [
    1,
    1.0,
    True,
    "1",
    0,
    0.0,
    -0.0,
    False,
    "",
    "true",
    2**53,
    2**53 + 1,
    2.0**53,
    -(2**63),
    1 / 3,
    "é\0\n",
    1e300,
]
WORDS = [
    Word("fruit", "b"),
    Word("two\nlines\0 and 🙂", "a/é", {"z": 1, "a": "x"}),
    Word(" spaces ", "🙂", {"a": "x", "z": 1}),
    Word("long " * 10_000, "￿", {"é": ""}),
    *(Word(f"country {i}", f"v{i}", {"v": value, "even": i % 2 == 0}) for i, value in enumerate(VALUES)),
]


def has_metadata(word, where):
    """Tell whether a word has all of this metadata; true is not 1."""
    return all(
        (mine := word.metadata.get(name)) == value and isinstance(mine, bool) == isinstance(value, bool)
        for name, value in where.items()
    )


def vectors_of(words):
    rows = np.random.default_rng(0).standard_normal((len(words), 5))
    return unit(rows)


def written(folder, words, *, page=7):
    folder.mkdir()
    vectors = vectors_of(words)
    with SnapshotFiles(folder, private=True, reserve=0) as files:
        for i in range(0, len(words), page):
            files.add(words[i : i + page], vectors[i : i + page])
        files.finish()
    return Snapshot(folder, 5)


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of four rows, so that a few words fill several."""
    for module in (snapshot, snapshot_files):
        monkeypatch.setattr(module, "BLOCK", 4)


@pytest.fixture(params=[True, False], ids=["blocks", "a block"])
def opened(request, tmp_path):
    if request.param:
        request.getfixturevalue("small_blocks")
    return written(tmp_path / "snapshot", WORDS)


def exactly(words):
    """Return words in a form in which also the order of the metadata, its types and signs count."""
    return [(w.id, w.text, repr(dict(w.metadata))) for w in words]


def test_what_was_written_comes_back_exactly(opened):
    assert len(opened) == len(WORDS)
    assert exactly(opened.words(range(len(WORDS)))) == exactly(WORDS)
    assert (opened.vectors == vectors_of(WORDS)).all() and opened.vectors.dtype == np.float32


def test_rows_come_in_the_order_in_which_they_are_asked_for(opened):
    rows = np.array([9, 0, 9, 3], dtype=np.int32)
    assert opened.ids(rows) == [WORDS[row].id for row in rows]
    assert opened.texts([5, 1]) == [WORDS[5].text, WORDS[1].text]
    assert exactly(opened.words(rows)) == exactly([WORDS[row] for row in rows])
    assert opened.words([]) == [] and opened.ids(np.empty(0, dtype=np.int64)) == []


def test_a_word_is_found_by_its_id(opened):
    assert [opened.row_of(word.id) for word in WORDS] == list(range(len(WORDS)))
    assert [opened.row_of(id) for id in ("", "a", "v", "v99", "zz", "\U0010ffff", "\ud800")] == [None] * 7


def test_ids_are_in_the_order_of_python(opened):
    assert opened.ids(opened.by_id) == sorted(word.id for word in WORDS)


@pytest.mark.parametrize("value", [*VALUES, 2, 3.5, "x", 10**400, float("inf"), float("nan")], ids=repr)
def test_where_decides_as_over_the_words(opened, value):
    for where in ({"v": value}, {"v": value, "even": True}, {"a": value}):
        assert opened.having(where).tolist() == [has_metadata(word, where) for word in WORDS]


def test_where_has_several_names_or_none(opened):
    assert opened.having({}).all()
    assert opened.having({"a": "x", "z": 1.0}).tolist() == [1 <= row <= 2 for row in range(len(WORDS))]
    assert not opened.having({"unknown": 1}).any()
    with pytest.raises(ValueError, match="read-only"):
        opened.having({"a": "x"})[0] = True


def test_no_words_are_a_snapshot_too(tmp_path):
    empty = written(tmp_path / "snapshot", [])
    assert len(empty) == 0 and empty.vectors.shape == (0, 5)
    assert empty.row_of("a") is None and empty.words([]) == [] and empty.having({"a": 1}).shape == (0,)


def test_many_words_fill_blocks_of_any_page(tmp_path):
    choose = random.Random(0)
    words = [Word(f"fruit {i}", f"{choose.random()}", {"n": i % 100}) for i in range(2 * BLOCK + 1)]
    opened = written(tmp_path / "snapshot", words, page=5_000)
    assert opened.words(range(len(words))) == words
    assert opened.having({"n": 7}).tolist() == [i % 100 == 7 for i in range(len(words))]
    assert all(opened.row_of(words[row].id) == row for row in range(0, len(words), 999))


def test_it_is_read_on_after_its_files_are_removed(tmp_path):
    opened = written(tmp_path / "snapshot", WORDS)
    for name in FILES:
        (tmp_path / "snapshot" / name).unlink()
    assert exactly(opened.words(range(len(WORDS)))) == exactly(WORDS)
    assert opened.having({"a": "x"}).sum() == 2


def test_its_files_can_be_read_by_the_user_alone(tmp_path):
    written(tmp_path / "snapshot", WORDS)
    assert {stat.S_IMODE((tmp_path / "snapshot" / name).stat().st_mode) for name in FILES} == {0o600}


def test_a_disk_with_too_little_room_is_refused(tmp_path):
    with SnapshotFiles(tmp_path, private=False, reserve=2**60) as files, pytest.raises(OSError, match="needed"):
        files.add(WORDS, vectors_of(WORDS))
