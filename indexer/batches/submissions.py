"""What this machine has submitted: a folder each beside the cache of vectors, with all that taking it in needs.

It holds the words, texts and all, so that their files may be gone by then; the key is never in it. Only its owner may
read it.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit, urlunsplit

from filelock import FileLock, Timeout

from indexer.embedders.embedder import ModelIdentity
from indexer.errors import InvalidRequest, NotFound, StoreBusy, StoreUnavailable
from indexer.records import Word
from indexer.settings import Settings
from indexer.store.lock import replace_json

FOLDER = "batches"
_RECORD, _LOCK = "record.json", "lock"


@dataclass
class Part:
    """One batch of a submission, with its words; what the API said of it last.

    A part without texts holds words whose texts another submission has asked for.
    """

    number: int
    texts: int
    tokens: int
    file: str | None = None  # its id at the API
    tried: bool = False  # to make the batch: it may be there
    batch: str | None = None
    status: str = "not sent"
    completed: int = 0
    failed: int = 0
    refused: list[str] = field(default_factory=list)  # why the API took no request of it
    taken: bool = False  # nothing more comes of it


@dataclass
class Submission:
    """Words whose texts are asked for by batches, the store they go to, and how far that is."""

    id: str
    folder: Path
    made: float  # seconds since 1970
    model: str
    address: str
    dimension: int
    data: str  # the store: a folder, or where one of the two below is set, an address
    chroma_url: str | None
    server: str | None
    usd: float | None = None  # expected, by the prices that are dated
    dated: str = ""
    shortened: bool = False  # the dimension is not the model's own
    query_prompt: str = ""
    passage_prompt: str = ""
    most_texts: int | None = None  # in a batch, where the API took no larger one
    cancelled: bool = False
    parts: list[Part] = field(default_factory=list)

    @classmethod
    def new(cls, settings: Settings, address: str, model: ModelIdentity) -> Submission:
        """Make the folder of a new one, which counts from its first `save` on; raises OSError."""
        id = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
        folder = folder_of(settings) / id
        folder.mkdir(mode=0o700)
        return cls(
            id, folder, time.time(), model.name, address, model.dimension, shortened=model.shortened,
            query_prompt=model.prompts.query, passage_prompt=model.prompts.passage,
            data=str(settings.data.absolute()), chroma_url=_bare(settings.chroma_url), server=_bare(settings.server),
        )  # fmt: skip

    @property
    def dimensions(self) -> int | None:
        """Return the numbers a text that are asked for; None for the model's own."""
        return self.dimension if self.shortened else None

    @property
    def store(self) -> str:
        """Return the name of the store for people."""
        return self.server or self.chroma_url or self.data

    def save(self) -> None:
        """Bring the record to the disk; raises OSError."""
        record = {name: value for name, value in asdict(self).items() if name not in ("id", "folder")}
        replace_json(self.folder / _RECORD, record, synced=True)
        (self.folder / _RECORD).chmod(0o600)

    def reread(self) -> Submission:
        """Return it as it is on the disk; raises NotFound where another process has finished it."""
        if (found := _read(self.folder)) is None:
            raise self._finished()
        return found

    def _finished(self) -> NotFound:
        return NotFound(f"{self.id} was finished by another command just now")

    def remove(self) -> None:
        """Remove all that is kept of it."""
        (self.folder / _RECORD).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def settings(self, given: Settings) -> Settings:
        """Return the settings that open its store with its model; all else, passwords too, is as it is `given`."""
        chroma, server = (
            own if _bare(own) == kept else kept
            for own, kept in ((given.chroma_url, self.chroma_url), (given.server, self.server))
        )
        return replace(
            given, model=self.model, data=Path(self.data), chroma_url=chroma, server=server, dimensions=self.dimensions,
            query_prompt=self.query_prompt, passage_prompt=self.passage_prompt,
        )  # fmt: skip

    def requests(self, part: Part) -> Path:
        """Return the file of the requests of a part, one a line."""
        return self.folder / f"requests-{part.number}.jsonl"

    def fetched(self, part: Part, what: str) -> Path:
        """Return where a file of answers lies once it is fetched."""
        return self.folder / f"{what}-{part.number}.jsonl"

    def texts(self, part: Part) -> dict[str, str]:
        """Return what a part asks for, by the id of the request."""
        with self.requests(part).open("rb") as file:
            return {line["custom_id"]: line["body"]["input"] for line in map(json.loads, file)}

    def words(self, parts: Iterable[Part]) -> Iterator[Word]:
        """Yield the words of these parts."""
        for part in parts:
            with self.words_file(part).open("rb") as file:
                yield from (Word(*json.loads(line)) for line in file)

    def words_file(self, part: Part) -> Path:
        """Return the file of the words of a part, one a line."""
        return self.folder / f"words-{part.number}.jsonl"

    def tidy(self) -> None:
        """Remove the files that belong to no part: those of a process that was killed, or of what is done with."""
        numbers = {str(part.number) for part in self.parts}
        for path in self.folder.glob("*-*.*"):
            if path.stem.rpartition("-")[2] not in numbers:
                path.unlink(missing_ok=True)

    @contextmanager
    def locked(self, wait: float) -> Iterator[None]:
        """Own it, for one process at a time; waits so many seconds. Raises StoreBusy."""
        lock = FileLock(self.folder / _LOCK, mode=0o600, thread_local=False)
        try:
            lock.acquire(timeout=wait)
        except Timeout:
            raise StoreBusy(f"{self.id} is being worked on by another command; wait for it") from None
        except FileNotFoundError:
            raise self._finished() from None
        try:
            yield
        finally:
            if not (self.folder / _RECORD).exists():  # never saved, or done: by this process or by the one before
                shutil.rmtree(self.folder, ignore_errors=True)
            lock.release()


def submissions(settings: Settings) -> list[Submission]:
    """Return all that this machine has submitted, the oldest first; what was never saved is none."""
    folder = folder_of(settings)
    found = [_read(path.parent) for path in sorted(folder.glob(f"*/{_RECORD}"))]
    return [one for one in found if one is not None]


def submission(settings: Settings, id: str) -> Submission:
    """Return one of them; raises NotFound."""
    known = {one.id: one for one in submissions(settings)}
    if id not in known:
        raise NotFound(f"there is no submission {id!r}; see topicdex batches list")
    return known[id]


def asked_elsewhere(settings: Settings, own: Submission) -> set[str]:
    """Return the ids of the requests of which the answers of other submissions to the same model are awaited."""
    return {
        id
        for one in submissions(settings)
        if one.id != own.id and (one.model, one.address, one.dimension) == (own.model, own.address, own.dimension)
        for part in one.parts
        if not part.taken
        for id in one.texts(part)
    }


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """Give a new file that its owner alone may read; it is on the disk, and there at all, where the block ends well."""
    draft = path.with_suffix(".draft")
    try:
        with open(draft, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def planning(settings: Settings) -> Iterator[None]:
    """Be the only process that decides what to ask for, so that no text is asked for by two; raises OSError."""
    folder = folder_of(settings)
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    with FileLock(folder / _LOCK, mode=0o600, thread_local=False):
        for left in folder.iterdir():  # by a process that was killed before it had a record
            if left.is_dir() and not (left / _RECORD).exists():
                shutil.rmtree(left, ignore_errors=True)
        yield


def _read(folder: Path) -> Submission | None:
    """Return the submission of a folder; None where it was removed just now."""
    try:
        record = json.loads((folder / _RECORD).read_text("utf-8"))
        parts = [Part(**part) for part in record.pop("parts")]
        return Submission(id=folder.name, folder=folder, parts=parts, **record)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoreUnavailable(f"{folder / _RECORD} cannot be read ({error}); mend it, or remove the folder") from error


def folder_of(settings: Settings) -> Path:
    """Return where submissions are kept; raises InvalidRequest where the settings want no cache."""
    folder = settings.cache_folder
    if folder is None or not settings.cache_size:
        raise InvalidRequest(
            "batches need the cache of vectors: what was paid for is kept there until it is indexed; "
            "unset TOPICDEX_CACHE_SIZE=0, or name a folder with TOPICDEX_CACHE"
        )
    return folder / FOLDER


def _bare(url: str | None) -> str | None:
    """Return an address without user and password."""
    if url is None:
        return None
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
