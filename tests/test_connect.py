"""Opening a corpus: who owns the folder, who is waited for, and through whom the work is done."""

import json
import os
import threading
import time
from dataclasses import replace

import pytest

from indexer import Engine
from indexer.connect import connect
from indexer.errors import ServerUnavailable, StoreBusy
from indexer.remote import Remote
from indexer.store.lock import NOTE, StoreLock, prepare_folder, read_note
from tests.conftest import serving


def test_a_folder_that_another_command_owns_is_waited_for_and_then_named(settings):
    with Engine(settings):
        begin = time.monotonic()
        with pytest.raises(StoreBusy) as refused:
            connect(replace(settings, wait=0.4))
        assert time.monotonic() - begin >= 0.4
    message = str(refused.value)
    assert message.startswith(f"{settings.data} is in use by ") and "\n" not in message
    assert f"process {os.getpid()}, since " in message and "--wait" in message


def test_a_folder_that_is_given_back_in_time_is_opened(settings):
    held = Engine(settings)
    threading.Timer(0.3, held.close).start()
    with connect(replace(settings, wait=30)) as engine:
        assert isinstance(engine, Engine)


def test_a_server_that_listens_and_still_starts_is_waited_for(settings, model):
    found = []

    def wait():
        with connect(replace(settings, wait=30)) as corpus:
            found.append(type(corpus))

    thread = threading.Thread(target=wait)
    with serving(settings, model, before_it_answers=lambda: (thread.start(), time.sleep(0.3))):
        thread.join()
    assert found == [Remote]


def test_a_server_that_comes_to_own_the_folder_while_a_command_waits_does_its_work(settings, model):
    prepare_folder(settings.data, create=True)
    lock = StoreLock(settings.data)
    lock.acquire(0)
    found = []

    def wait():
        with connect(replace(settings, wait=30)) as corpus:
            found.append(type(corpus))

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.3)
    with serving(settings, model, lock=lock) as url:
        note = {"pid": os.getpid(), "command": "topicdex serve", "since": "now", "url": url}
        (settings.data / NOTE).write_text(json.dumps(note))
        thread.join()
    assert found == [Remote]


def test_the_stale_note_of_a_dead_server_hinders_nobody(settings, free_url):
    Engine(settings).close()
    (settings.data / NOTE).write_text(json.dumps({"pid": 1, "command": "x", "since": "now", "url": free_url}))
    begin = time.monotonic()
    with connect(replace(settings, wait=30)) as corpus:
        assert isinstance(corpus, Engine)
    assert time.monotonic() - begin < 10
    assert read_note(settings.data) is None


def test_a_server_that_owns_the_folder_and_does_not_answer_is_named(settings, free_url):
    with Engine(settings, url=free_url), pytest.raises(ServerUnavailable) as refused:
        connect(replace(settings, wait=0.3))
    assert free_url in str(refused.value) and "\n" not in str(refused.value)


def test_a_server_of_another_folder_at_the_address_of_a_dead_one_is_not_written_to(settings, url):
    """A note that changes while the server at its address is asked was not that server's note."""
    other = replace(settings, data=settings.data.parent / "other")
    with Engine(other):
        note = other.data / NOTE
        stale = {"pid": 1, "command": "serve", "since": "then", "url": url}
        note.write_text(json.dumps(stale))
        threading.Timer(0.0, note.write_text, [json.dumps({**stale, "pid": 2, "url": None})]).start()
        with pytest.raises(StoreBusy, match="process 2"):
            connect(replace(other, model=None)).close()
