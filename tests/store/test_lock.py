"""The lock on a store's folder: who may open it, and which folders are refused."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from indexer import Engine
from indexer.errors import NotFound, StoreBusy, StoreFormat, StoreUnavailable
from indexer.store.lock import read_note
from indexer.store.store import Store


def test_two_owners_of_one_folder_are_refused_by_name(settings):
    with Engine(settings), pytest.raises(StoreBusy, match=f"process {os.getpid()}"):
        Engine(settings)


def test_the_lock_goes_with_its_process_and_a_stale_note_hinders_nobody(settings):
    hold = "import os, sys; from indexer import *; Engine(Settings(data=__import__('pathlib').Path(sys.argv[1]))); os._exit(9)"
    assert subprocess.run([sys.executable, "-c", hold, str(settings.data)]).returncode == 9
    assert read_note(settings.data).pid != os.getpid()
    with Engine(settings):
        assert read_note(settings.data).pid == os.getpid()
    assert read_note(settings.data) is None


def test_an_empty_or_missing_folder_is_made_a_store(settings):
    settings.data.mkdir()
    Store.open(settings).close()
    Store.open(settings).close()
    Store.open(replace(settings, data=settings.data / "deep" / "er")).close()


def test_a_folder_with_other_files_is_refused_and_left_as_it_is(settings):
    settings.data.mkdir()
    (settings.data / "thesis.tex").write_text("mine")
    with pytest.raises(StoreFormat, match=r"thesis\.tex"):
        Store.open(settings)
    assert [p.name for p in settings.data.iterdir()] == ["thesis.tex"]


def test_a_file_in_the_place_of_the_folder_is_refused(settings):
    settings.data.write_text("mine")
    with pytest.raises(StoreUnavailable, match="--data"):
        Store.open(settings)


def test_reading_from_where_nothing_is_makes_nothing(settings):
    with pytest.raises(NotFound, match="topicdex index"):
        Engine(settings, create=False)
    assert not settings.data.exists()
