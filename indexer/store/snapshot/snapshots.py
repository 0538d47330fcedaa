"""The snapshot of a store: where it lies, whether it may be believed, what has changed since, and the writing of it.

In a data folder, the ids of words that are about to change are noted in a journal ahead of each write, and read again
at the next start. That is the promise of a pointer that is removed before a write and put back after it, kept better:
no old row is ever used after a crash, and nothing has to be built again either.

On a Chroma server, many processes and machines write. Each announces its changes in the change log. A snapshot keeps
an entry of that log, its anchor, and what was announced since is read again at the next start. The anchor is dated at
the place in the log up to which the memory of the process was known to be complete when the snapshot was begun: what
others announced later may be missing in the memory, and is read again. Entries are deleted by their dates, so while
the anchor is there, no later entry has been deleted, by an earlier version of topicdex neither.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from indexer.errors import StoreUnavailable
from indexer.settings import Settings
from indexer.store.lock import PLAIN, WITH_SNAPSHOT, folder_format, mark_folder, sync_folder
from indexer.store.snapshot.check import sample_agrees
from indexer.store.snapshot.draft import Draft, Source, journal_path
from indexer.store.snapshot.journal import Journal
from indexer.store.snapshot.mapped import Snapshot
from indexer.store.snapshot.pointer import Place, Pointer, remove_files

_LOCK = "topicdex-snapshot.lock"
_AGED = timedelta(hours=12)  # half as long as the change log keeps an entry
_log = logging.getLogger("topicdex")


class Snapshots:
    """The snapshot of one store: where it lies, whether it may be believed, and what has changed since."""

    def __init__(self, settings: Settings, source: Callable[[], Source], *, untouched: bool) -> None:
        """Find the snapshot of the store that `source` gives; in a data folder, one of no use is removed.

        `untouched`: the store is just as the last process has left it, so nothing needs to be compared. That spares
        a first look at the words, for which Chroma loads its whole index: 1 s and 400 MB for 181,394 words.
        """
        self.untouched = untouched
        self._settings = settings
        self._source = source
        self._embedded = settings.chroma_url is None
        self._lock = threading.RLock()  # of what follows
        self._draft: Draft | None = None
        self._writing: FileLock | None = None  # on a Chroma server: held while this process changes the files
        self._pointer: Pointer | None = None  # of an embedded store, which no other process changes, with its journal
        self._journal: Journal | None = None
        if self._embedded:
            self._find()

    def open(self) -> tuple[Snapshot, list[str]] | None:
        """Return the snapshot, and the ids of the words that may have changed since; None where there is none to use.

        Those words must be read again from the store. The caller holds the store's write lock until what it makes of
        the snapshot follows all further changes.

        Where anybody else may have written to the store, a sample of the words is compared with it; a snapshot that
        differs is dropped, with a warning.
        Raises StoreUnavailable.
        """
        found = self.read()
        if found and not self.untouched and not sample_agrees(found[0], self._source().words, set(found[1])):
            _log.warning("the snapshot of the words differs from the store; it is removed, to be written again")
            self.drop()
            return None
        return found

    def read(self) -> tuple[Snapshot, list[str]] | None:
        """Return what `open` does, without a look at the words of the store."""
        earlier = None
        while (pointer := self.pointer()) and pointer != earlier and (place := self._place()):
            try:
                snapshot = pointer.open(place.pointer)
            except (OSError, ValueError) as error:  # on a Chroma server, another process may just have replaced it
                _log.info("%s cannot be read (%s)", place.pointer, error)
                earlier = pointer
                continue
            changed = self._changed_since(pointer)
            if changed is not None and 2 * len(changed) <= len(snapshot):
                return snapshot, changed
            break
        if pointer:
            with self._lock:
                self._forget()
        return None

    def pointer(self) -> Pointer | None:
        """Return what is known of the snapshot without opening it; None where there is none."""
        if self._embedded:
            return self._pointer
        source, place = self._source(), self._place()
        pointer = Pointer.read(place.pointer) if place and not self._settings.snapshot_off else None
        return pointer if pointer and pointer.is_of(source.collection, source.model) else None

    def is_newer(self, than: Path | None) -> bool:
        """Tell whether the store has a snapshot now, and another one than that in the folder `than`."""
        pointer = self.pointer()
        return pointer is not None and (than is None or than.name != Path(pointer.folder).name)

    def begin(self) -> Draft | None:
        """Return a draft; None where snapshots are off, or another process writes one. Hold the store's write lock.

        None also where the folder cannot be written. The caller ends the draft with `publish` or `discard`.
        Raises StoreUnavailable.
        """
        with self._lock:
            if self._settings.snapshot_off or self._draft:
                return None
            source, place = self._source(), self._place()
            if place is None or source.model is None:
                return None
            try:
                if not self._take(place):
                    return None
                self._sweep(place)
                self._draft = Draft(place, source, source.model, embedded=self._embedded, end=self._end)
            except OSError as error:
                _log.warning("no snapshot of the words can be written to %s (%s)", place.files, error)
            finally:
                self._release()
            return self._draft

    def aged(self) -> bool:
        """Tell whether the snapshot must be written again for its age: its anchor will soon be gone from the log."""
        pointer = None if self._embedded else self.pointer()
        return pointer is not None and datetime.now(UTC) - datetime.fromisoformat(pointer.created) > _AGED

    def note(self, ids: Sequence[str]) -> None:
        """Note on disk that these words are about to change; call it before any write touches Chroma.

        Where the note cannot be written, or most words have changed, the snapshot is given up instead. On a Chroma
        server nothing is noted: the change log says what has changed.
        Raises StoreUnavailable where the snapshot cannot be given up either.
        """
        with self._lock:
            if self._draft and self._draft.journal and not _noted(self._draft.journal, ids):
                self._draft.lost = True
            if self._pointer and self._journal:
                noted = _noted(self._journal, ids)
                if not noted or 2 * len(self._journal.ids) > self._pointer.words:
                    self._forget()

    def drop(self) -> None:
        """Give the snapshot up: the store is about to change in another way than by words. Raises StoreUnavailable."""
        with self._lock:
            if self._draft:
                self._draft.lost = True
            self._forget()

    def _find(self) -> None:
        """Take the pointer in the data folder, with its journal; remove one that is of no use."""
        source, place, off = self._source(), self._place(), self._settings.snapshot_off
        if place is None:
            return
        pointer = Pointer.read(place.pointer)
        marked = folder_format(self._settings.data) == WITH_SNAPSHOT
        if pointer and marked and not off and pointer.is_of(source.collection, source.model):
            with suppress(OSError, ValueError, TypeError):
                self._journal = Journal.read(journal_path(place, pointer.stamp))
                self._pointer = pointer
        if self._pointer is None:
            self._forget()
        self._sweep(place)
        if marked and off:  # so that an earlier version can open the folder
            with suppress(OSError):
                mark_folder(self._settings.data, PLAIN)

    def _changed_since(self, pointer: Pointer) -> list[str] | None:
        """Return the ids of the words that may have changed; None where nobody knows, or most of them."""
        if pointer.anchor:
            return self._source().changes.since(pointer.anchor, most=pointer.words // 2)
        with self._lock:
            return list(self._journal.ids) if self._journal else None

    def _end(self, draft: Draft) -> None:
        with self._lock:
            if draft is not self._draft:
                return
            try:
                if draft.pointer and not draft.lost:
                    self._switch(draft, draft.pointer)
            finally:
                self._draft = None
                self._sweep(draft.place)
                self._release()

    def _switch(self, draft: Draft, pointer: Pointer) -> None:
        try:
            if self._embedded and folder_format(self._settings.data) != WITH_SNAPSHOT:
                mark_folder(self._settings.data, WITH_SNAPSHOT)
            earlier = Pointer.read(draft.place.pointer)
            pointer.write(draft.place.pointer)
        except OSError as error:
            _log.warning("the snapshot of the words cannot be published (%s)", error)
            self._forget()
        else:
            if self._embedded:
                self._pointer, self._journal = pointer, draft.journal
            if earlier:  # its files lie elsewhere where the settings have changed
                with suppress(OSError):
                    remove_files(draft.place.pointer.parent / earlier.folder)

    def _forget(self) -> None:
        """Remove the pointer, then the files; where another process writes a new one, that takes its place."""
        place = self._place()
        if place is None or not place.pointer.exists():
            return
        try:
            if self._take(place):
                earlier = Pointer.read(place.pointer)
                place.pointer.unlink(missing_ok=True)
                sync_folder(place.pointer.parent)
                self._pointer = self._journal = None
                if earlier:  # its files lie elsewhere where the settings have changed
                    remove_files(place.pointer.parent / earlier.folder)
                self._sweep(place)
        except OSError as error:
            if self._embedded:  # with a Chroma server, each start decides anew whether it may be believed
                raise StoreUnavailable(
                    f"{place.pointer} cannot be removed ({error.strerror}), but is out of date; check its disk"
                ) from error
        finally:
            self._release()

    def _sweep(self, place: Place) -> None:
        """Remove the files of all but the present snapshot and the draft, also those that a crash has left."""
        pointer = self._pointer if self._embedded else Pointer.read(place.pointer)
        kept = {present.stamp for present in (pointer, self._draft) if present}
        beside = place.pointer.parent.glob(f"{place.pointer.stem}[-.]*")
        with suppress(OSError):  # what is left now is removed the next time
            for folder in (*place.files.glob("draft-*"), *place.files.glob("snapshot-*")):
                if folder.name.partition("-")[2] not in kept:
                    remove_files(folder)
            for path in beside:
                if path.suffix in (".journal", ".tmp") and path.stem.rpartition("-")[2] not in kept:
                    path.unlink(missing_ok=True)

    def _take(self, place: Place) -> bool:
        """Keep other processes from changing the files; tell whether none of them does."""
        place.make()
        if self._embedded or self._writing:
            return True
        lock = FileLock(place.files / _LOCK, thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        self._writing = lock
        return True

    def _release(self) -> None:
        """Let other processes change the files, unless a draft is in the making."""
        if self._writing and self._draft is None:
            self._writing.release()
            self._writing = None

    def _place(self) -> Place | None:
        return Place.of(self._settings, self._source().collection)


def _noted(journal: Journal, ids: Sequence[str]) -> bool:
    try:
        journal.note(ids)
    except OSError as error:
        _log.warning("%s cannot be written (%s); the snapshot of the words is given up", journal.path, error)
        return False
    return True
