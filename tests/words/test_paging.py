"""Pages hold their place while words are deleted."""

from base64 import b64encode

import pytest

from indexer.errors import InvalidRequest
from indexer.words.paging import Place, cursor_of, positions_in
from tests.words.conftest import word


def test_pages_hold_their_place_while_words_are_deleted(engine):
    engine.words.add([word(f"fruit {i}", f"{i:02}") for i in range(20)])
    page = engine.words.page(8)
    assert [w.id for w in page.words] == [f"{i:02}" for i in range(8)]
    engine.words.delete(["01", "03", "07"])
    assert [w.id for w in engine.words.page(4, page.next).words] == ["08", "09", "10", "11"]


def test_a_caller_that_deletes_every_page_it_reads_sees_every_word(engine):
    engine.words.add([word(f"fruit {i}", f"{i:02}") for i in range(20)])
    seen, cursor = [], None
    while True:
        page = engine.words.page(6, cursor)
        seen += [w.id for w in page.words]
        engine.words.delete([w.id for w in page.words])
        if page.next is None:
            break
        cursor = page.next
    assert sorted(seen) == [f"{i:02}" for i in range(20)]


@pytest.mark.parametrize(
    "cursor",
    ["", "zzz", "MTIz", "WzAsIFtdXQ==", "WzEsIFtdXQ==", cursor_of([5, [[1]]]), b64encode(b"[" * 10**5).decode()],
)
def test_a_cursor_that_no_page_gave_is_refused(engine, cursor):
    engine.words.add([word("fruit")])
    with pytest.raises(InvalidRequest, match="cursor"):
        engine.words.page(1, cursor)


def pages_of(ids):
    return positions_in(lambda limit, offset: list(ids[offset : offset + limit]))


@pytest.mark.parametrize(
    ("left", "offset"),
    [
        ("abcdef", 4),  # nothing is deleted
        ("abcdefg", 4),
        ("bdef", 2),
        ("abef", 2),  # the last two that were seen are gone
        ("ef", 0),  # all that were seen are gone: begin again
        ("", 0),
    ],
)
def test_a_place_is_behind_the_last_word_that_was_seen_and_is_there(left, offset):
    assert Place.of(Place().cursor_after("abcd", 4), pages_of(left)).offset == offset


def test_a_place_remembers_the_last_eight_words():
    cursor = Place.of(Place().cursor_after("abcdef", 6), pages_of("abcdefghijklmn")).cursor_after("ghijkl", 12)
    assert [Place.of(cursor, pages_of(left)).offset for left in ("abcdefghijklmn", "e", "d")] == [12, 1, 0]


def test_a_cursor_leads_on_from_memory_to_the_store_and_back(engine):
    engine.words.add([word(f"fruit {i}", f"{i:02}") for i in range(20)])
    first = engine.words.page(5)
    engine.words.load()
    engine.words.delete(["02", "04"])
    second = engine.words.page(5, first.next)
    assert ([w.id for w in second], second.total) == (["05", "06", "07", "08", "09"], 18)
    engine.words.add([word("country", "07"), word("again", "09")])
    engine.words.replica.memory = None
    assert [w.id for w in engine.words.page(2, second.next)] == ["10", "11"]
    engine.words.load()
    found = engine.words.page(1, first.next, "COUNTRY")
    assert ([w.id for w in found], found.next, found.total) == (["07"], None, 1)


def test_a_word_that_is_deleted_and_comes_again_does_not_carry_its_page_along(engine):
    engine.words.add([word(f"fruit {i}", f"{i:02}") for i in range(20)])
    engine.words.load()
    first = engine.words.page(5)
    engine.words.delete(["04"])
    engine.words.add([word("fruit 4", "04")])
    assert [w.id for w in engine.words.page(2, first.next)] == ["05", "06"]


def test_a_text_is_looked_for_in_memory_which_is_loaded_for_it(engine):
    engine.words.add([word("fruit", "1"), word("Country", "2")])
    assert engine.words.memory is None
    assert [w.id for w in engine.words.page(5, contains="count")] == ["2"]
