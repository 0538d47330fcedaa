"""Pages hold their place while words are deleted."""

from base64 import b64encode

import pytest

from indexer.errors import InvalidRequest
from indexer.words.paging import Place, cursor_of
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
    return lambda limit, offset: ids[offset : offset + limit]


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
    assert Place.of(Place().cursor_after("abcd"), pages_of(left)).offset == offset


def test_a_place_remembers_the_last_eight_words():
    cursor = Place.of(Place().cursor_after("abcdef"), pages_of("abcdefghijklmn")).cursor_after("ghijkl")
    assert [Place.of(cursor, pages_of(left)).offset for left in ("abcdefghijklmn", "e", "d")] == [12, 1, 0]
