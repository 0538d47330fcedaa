import math

import pytest

from indexer.records import (
    ID_BYTES,
    METADATA_BYTES,
    METADATA_NAMES,
    Word,
    fingerprint,
    id_problem,
    metadata_problem,
    text_hash,
    text_problem,
)

HALF = "\ud83d"  # the first half of an emoji, as a JSON escape can smuggle it in


def test_the_hash_of_a_text_never_changes():
    assert text_hash("Mango") == "6455dbcb9597e2174aedccfd387db577"


def test_texts_that_differ_by_a_space_or_a_form_have_different_hashes():
    assert len({text_hash(text) for text in ("é", "e\u0301", " é", "é ", "É")}) == 5


def test_the_fingerprint_follows_id_text_and_metadata():
    words = [
        Word("a", "1"),
        Word("b", "1"),
        Word("a", "2"),
        Word("a", "1", {"n": 1}),
        Word("a", "1", {"m": 1}),
    ]
    assert len({fingerprint(word) for word in words}) == len(words)


def test_the_fingerprint_tells_types_apart_and_forgets_the_order():
    assert len({fingerprint(Word("a", "1", {"n": value})) for value in (1, 1.0, True, "1", "true")}) == 5
    assert fingerprint(Word("a", "1", {"m": 1, "n": 2})) == fingerprint(Word("a", "1", {"n": 2, "m": 1}))


@pytest.mark.parametrize("text", ["a", " a ", "\0", "a\u2028b", "😀", "\u200b", "x" * 1_000_000])
def test_any_text_with_a_character_in_it_is_fine(text):
    assert text_problem(text) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "blank"), (" \t\r\n\u3000", "blank"), (f"a{HALF}", "surrogate"), ("\udc00", "surrogate")],
)
def test_blank_texts_and_half_characters_are_refused(text, reason):
    assert reason in str(text_problem(text))


@pytest.mark.parametrize("id", ["a", "a/b", " ", "\0", "é" * (ID_BYTES // 2), "x" * ID_BYTES])
def test_any_id_of_1_to_128_bytes_is_fine(id):
    assert id_problem(id) is None


@pytest.mark.parametrize("id", ["", "x" * (ID_BYTES + 1), "é" * (ID_BYTES // 2) + "x", HALF])
def test_other_ids_are_refused(id):
    assert id_problem(id)


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"a": "", "b": True, "c": 2**63 - 1, "d": -(2**63), "e": -0.5, "f": "\0", "größe": "😀"},
        {"hash": "mine", "model": "mine", "a#": 1, "a.b": 1, " ": 1, "chroma": 1},
        {str(n): n for n in range(METADATA_NAMES)},
        {"a": "x" * (METADATA_BYTES - 9)},
    ],
)
def test_flat_metadata_is_fine(metadata):
    assert metadata_problem(metadata) is None


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"": 1}, "empty"),
        ({"#a": 1}, "begins with"),
        ({"$a": 1}, "begins with"),
        ({"topicdex:hash": 1}, "begins with"),
        ({"chroma:document": 1}, "begins with"),
        ({"a": None}, "neither"),
        ({"a": [1]}, "neither"),
        ({"a": {"b": 1}}, "neither"),
        ({"a": b"x"}, "neither"),
        ({"a": 2**63}, "64 bit"),
        ({"a": -(2**63) - 1}, "64 bit"),
        ({"a": math.nan}, "finite"),
        ({"a": -math.inf}, "finite"),
        ({"a": HALF}, "surrogate"),
        ({HALF: 1}, "surrogate"),
        ({str(n): n for n in range(METADATA_NAMES + 1)}, "more than 64"),
        ({"a": "x" * (METADATA_BYTES)}, "larger than 16 KB"),
        ({"a": "é" * (METADATA_BYTES // 2)}, "larger than 16 KB"),
    ],
)
def test_metadata_that_would_not_come_back_as_it_went_in_is_refused(metadata, reason):
    assert reason in str(metadata_problem(metadata))
