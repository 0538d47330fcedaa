"""`topicdex index --prune`: what goes, and what never does."""

import pytest

from tests.commands.conftest import failed, interrupt, write


@pytest.fixture
def six(index):
    index(write("six.csv", "id,text\n" + "".join(f"{i},fruit {i}\n" for i in range(6))))


def rows(*ids):
    return "id,text\n" + "".join(f"{i},fruit {i}\n" for i in ids)


def test_prune_removes_what_the_input_no_longer_has(six, index, texts):
    summary = index(write("a.csv", rows(0, 1, 2)), write("b.csv", rows(4, 9)), "--prune")
    assert (summary["added"], summary["unchanged"], summary["removed"]) == (1, 4, 2)
    assert sorted(texts()) == ["0", "1", "2", "4", "9"]


def test_without_prune_nothing_is_removed(six, index, texts):
    assert index(write("a.csv", rows(0)))["removed"] == 0
    assert len(texts()) == 6


def test_half_may_go_and_more_only_with_yes(six, call, index, texts):
    failed(call("index", write("a.csv", rows(0, 1, 9)), "--prune"), "invalid_request", "4 of 6", "--yes")
    assert sorted(texts()) == list("012345")
    assert index("a.csv", "--prune", "--yes")["removed"] == 4
    assert sorted(texts()) == ["0", "1", "9"]


def test_exactly_half_may_go_without_yes(six, index):
    assert index(write("a.csv", rows(0, 1, 2)), "--prune")["removed"] == 3


@pytest.mark.parametrize(
    ("name", "content"), [("e.csv", ""), ("e.csv", "id,text\n"), ("e.txt", "\n \n"), ("e.csv", "id,text\n1,\n")]
)
def test_an_input_without_words_removes_nothing_not_even_with_yes(six, call, texts, name, content):
    write(name, content)
    result = call("index", name, "--prune", "--yes")
    failed(result, "invalid_request" if content.strip("idtex,\n") or name == "e.txt" else "input_error")
    assert len(texts()) == 6


def test_a_file_that_breaks_off_removes_and_adds_nothing(six, call, texts):
    write("good.csv", rows(0, 7))
    failed(
        call("index", "good.csv", write("bad.csv", rows(1) + "2,a,b\n"), "--prune"), "input_error", "bad.csv, line 3"
    )
    failed(call("index", "good.csv", "missing.csv", "--prune", "--yes"), "input_error", "missing.csv")
    assert sorted(texts()) == list("012345")


def test_an_interrupted_indexing_prunes_nothing(six, call, texts, model):
    interrupt(model, 1)
    assert call("index", write("a.csv", rows(0, 1, 2, 9)), "--prune")[0] == 130
    assert sorted(texts()) == list("012345")


def test_prune_without_files_is_a_wrong_command_line(call):
    write("topics.txt", "Fruit\n")
    assert call("index", "--topics", "topics.txt", "--prune")[0] == 2
