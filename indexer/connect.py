"""Opening a corpus: the folder itself where it is free, else through the server that owns it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from indexer.errors import ServerUnavailable, TopicdexError
from indexer.store.lock import POLL_S, StoreLock, prepare_folder, read_note

if TYPE_CHECKING:  # each is loaded where it is opened: an engine brings Chroma, a remote an HTTP client
    from indexer.contract.service import Service
    from indexer.engine import Engine
    from indexer.remote import Remote
    from indexer.settings import Settings

_LEAST_PATIENCE_S = 5.0  # for the answer of a server that listens, however short `--wait` is


def connect(settings: Settings, *, create: bool = True, run: bool = False) -> Service:
    """Return the corpus that the settings name, for a `with`: an engine or a remote, which mypy holds to the protocol.

    A server is used where `--server` names one, or where one owns the folder. A folder that another command owns, and
    a server that is starting, are waited for, `--wait` seconds. `run`: an engine records what it pays as one indexing.
    Raises StoreBusy, StoreFormat, StoreUnavailable,
    ServerUnavailable, Unauthorized, and NotFound where there is no store and `create` is false.
    """
    if settings.server:
        return connect_server(settings, settings.server)
    if settings.chroma_url:
        return _engine(settings, create=create, run=run)
    prepare_folder(settings.data, create=create)
    lock = StoreLock(settings.data)
    end = time.monotonic() + settings.wait
    while not lock.try_acquire():
        # asked again in each round: the owner may end, and another may come
        remote, failure = _owner(settings, end)
        if remote is not None:
            return remote
        if time.monotonic() >= end:
            raise failure or lock.busy()
        time.sleep(POLL_S)
    return _engine(settings, create=create, run=run, lock=lock)


def connect_server(settings: Settings, url: str, *, patience: float | None = None) -> Remote:
    """Return the corpus of the server at `url`, which has `patience` seconds to answer; raises as `Remote` does."""
    from indexer.remote import Remote

    return Remote(settings, url, patience=patience)


def _owner(settings: Settings, end: float) -> tuple[Remote | None, TopicdexError | None]:
    """Return the server that owns the folder, or why it cannot be used; neither where the owner is no server."""
    note = read_note(settings.data)
    if note is None or note.url is None:
        return None, None
    try:
        remote = connect_server(settings, note.url, patience=max(end - time.monotonic(), _LEAST_PATIENCE_S))
    except ServerUnavailable as error:
        failure = ServerUnavailable(f"{settings.data} is in use by {note}, which does not answer; end or restart it")
        failure.__cause__ = error
        return None, failure
    if read_note(settings.data) == note:
        return remote, None
    remote.close()  # the note was left by a dead owner, and the server at its address is another one
    return None, None


def _engine(settings: Settings, *, create: bool, run: bool, lock: StoreLock | None = None) -> Engine:
    from indexer.engine import Engine

    return Engine(settings, create=create, run=run, lock=lock)
