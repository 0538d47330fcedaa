"""Commands where no store is, where something else is, and where another process owns it."""

import os

import pytest

from indexer import Engine, Settings
from tests.commands.conftest import failed, write


@pytest.mark.parametrize(
    "arguments",
    [
        ["words", "list"],
        ["topics", "list"],
        ["info"],
        ["topic", "a"],
        ["similar", "a"],
        ["cluster", "-k", "2"],
        ["clusters", "list"],
    ],
)
def test_reading_from_where_no_store_is_says_so_and_makes_none(call, store, arguments):
    failed(call(*arguments), "not_found", "topicdex index")
    assert not store.exists()


def test_a_folder_that_is_no_store_is_left_as_it_is(call, store):
    store.mkdir()
    (store / "thesis.tex").write_text("mine")
    write("a.txt", "fruit\n")
    for arguments in (["index", "a.txt"], ["index", "a.txt", "--dry-run"], ["serve", "--port", "0"]):
        failed(call(*arguments), "store_format", "thesis.tex", "--data")
    assert [p.name for p in store.iterdir()] == ["thesis.tex"]


def test_a_store_in_use_names_its_owner(call, store):
    write("a.txt", "fruit\n")
    with Engine(Settings(data=store, model="axes")):
        failed(call("index", "a.txt", "--wait", "0"), "store_busy", str(os.getpid()), "--wait")
