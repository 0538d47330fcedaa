"""`topicdex words`: the stored words, a page after another, and one of them."""

import json

import pytest

from tests.commands.conftest import failed, write


@pytest.fixture
def three(index):
    index(write("three.csv", "id,text,colour\n1,fruit a,réd\n2,fruit b,\n3,country c,\n"))


def test_words_are_lines_with_tabs_in_the_order_in_which_they_came(three, call):
    code, out, err = call("words", "list")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "id\ttext\tmetadata",
        '1\tfruit a\t{"colour": "réd"}',
        "2\tfruit b\t{}",
        "3\tcountry c\t{}",
    ]


@pytest.mark.parametrize("limit", [1, 2, 1000])
def test_a_limit_counts_words_as_lines_and_in_the_document(three, call, limit):
    assert len(call("words", "list", "--limit", limit)[1].splitlines()) == 1 + min(limit, 3)
    assert len(json.loads(call("words", "list", "--limit", limit, "--json")[1])["words"]) == min(limit, 3)


def test_one_word_is_shown_with_its_metadata(three, call):
    assert call("words", "get", "1")[1].splitlines() == ["name\tvalue", "id\t1", "text\tfruit a", "colour\tréd"]
    failed(call("words", "get", "9"), "not_found", "9")


def test_what_was_deleted_and_what_was_not_there_is_counted(three, call, texts):
    assert call("words", "delete", "1", "3", "9") == (0, "", "2 removed, 1 not there\n")
    assert texts() == {"2": "fruit b"}


def test_words_that_contain_a_text_are_listed_whatever_its_case(three, call):
    assert [line.split("\t")[0] for line in call("words", "list", "--contains", "FRUIT")[1].splitlines()[1:]] == [
        "1",
        "2",
    ]
    assert call("words", "list", "--contains", "fruit", "--limit", 1, "--json")[1].count('"id"') == 1
    assert call("words", "list", "--contains", "fruits")[1].splitlines() == ["id\ttext\tmetadata"]
