"""Opening a corpus for a command: the folder itself where it is free, else the server that owns it."""

import time
from typing import TYPE_CHECKING

from indexer.contract import Service
from indexer.errors import ServerUnavailable, TopicdexError
from indexer.settings import Settings
from indexer.store.lock import POLL_S, StoreLock, prepare_folder, read_note

if TYPE_CHECKING:  # each is loaded where it is opened: one brings Chroma, the other an HTTP client
    from indexer.engine import Engine
    from indexer.remote import Remote

_LEAST_PATIENCE_S = 5.0  # for the answer of a server that listens, however short `--wait` is


def connect(settings: Settings, *, create: bool = True) -> "Service":
    """Return the corpus that the settings name, to be used in a `with`.

    `--server` is worked through; so is the server that owns the folder. For a folder that another command owns, and
    for a server that is starting, it waits `--wait` seconds. Raises StoreBusy, StoreFormat, StoreUnavailable,
    ServerUnavailable, Unauthorized, and NotFound where there is no store and `create` is false.
    """
    if settings.server:
        return connect_server(settings, settings.server)
    if settings.chroma_url:
        return _engine(settings, create=create)
    prepare_folder(settings.data, create=create)
    lock = StoreLock(settings.data)
    end = time.monotonic() + settings.wait
    while not lock.try_acquire():
        # in each round anew: the owner may end, and another may come
        remote, failure = _owner(settings, end)
        if remote is not None:
            return remote
        if time.monotonic() >= end:
            raise failure or lock.busy()
        time.sleep(POLL_S)
    return _engine(settings, create=create, lock=lock)


def _owner(settings: Settings, end: float) -> "tuple[Remote | None, TopicdexError | None]":
    """Return the server that owns the folder, or why it cannot be worked through; neither where it is no server."""
    note = read_note(settings.data)
    if note is None or note.url is None:
        return None, None
    try:
        remote = connect_server(settings, note.url, patience=max(end - time.monotonic(), _LEAST_PATIENCE_S))
    except ServerUnavailable as error:
        failure = ServerUnavailable(
            f"{settings.data} is in use by {note}, which does not answer; end it or start it anew"
        )
        failure.__cause__ = error
        return None, failure
    if read_note(settings.data) == note:
        return remote, None
    remote.close()  # the note was one of a dead owner, and something else answers there
    return None, None


def _engine(settings: Settings, *, create: bool, lock: StoreLock | None = None) -> "Engine":
    from indexer.engine import Engine

    return Engine(settings, create=create, lock=lock)


def connect_server(settings: Settings, url: str, *, patience: float | None = None) -> "Remote":
    """Return the corpus of the server at `url`, which has `patience` seconds to answer; raises as `Remote` does."""
    from indexer.remote import Remote

    return Remote(settings, url, patience=patience)
