"""What of an indexing must be asked for: which texts are neither stored nor cached, the files of requests, the batches.

A request asks for one text. So one that fails costs no other, its id follows from its text, and a batch still holds as
many texts as the API takes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import BinaryIO, cast

import numpy as np

from indexer.batches.submissions import Part, Submission, written
from indexer.contract.service import Service
from indexer.contract.words import Counts
from indexer.embedders import load_embedder
from indexer.embedders.openai.batch_api import MOST_BYTES, MOST_REQUESTS, BatchAPI
from indexer.embedders.openai.embedder import OpenAIEmbedder
from indexer.embedders.prices import price_of
from indexer.errors import InvalidRequest
from indexer.records import Word, text_hash
from indexer.settings import Settings

_BLOCK = 1_000  # texts that the cache is asked for at a time

Words = Callable[[], Iterable[Word]]  # reads the words from their beginning each time it is called


@dataclass
class Plan:
    """Which part asks for what, by the id of the request; a part for each number."""

    embedder: OpenAIEmbedder
    number_of: dict[str, int]
    parts: list[Part]

    def pending(self, word: Word) -> bool:
        """Tell whether the vector of a word is yet to come."""
        return self.part_of(word) is not None

    def part_of(self, word: Word) -> int | None:
        """Return the number of the part that brings the vector of a word; None where that is there."""
        return self.number_of.get(request_id(self.embedder, word))

    @property
    def texts(self) -> int:
        """Return the number of texts that are asked for."""
        return sum(part.texts for part in self.parts)


def check_batch_model(model: str) -> None:
    """Raise InvalidRequest for a model that the Batch API does not have."""
    if not model.startswith("openai:"):
        raise InvalidRequest(f"{model} has no Batch API; give --model openai:NAME, or leave --batch away")


def batch_embedder(settings: Settings, model: str) -> OpenAIEmbedder:
    """Load a model of the Batch API; raises as `check_batch_model` does, and ModelUnavailable."""
    check_batch_model(model)
    return cast(OpenAIEmbedder, load_embedder(model, settings))


def request_id(embedder: OpenAIEmbedder, word: Word) -> str:
    """Return the id of the request for the text of a word: the hash of what is sent for it."""
    return text_hash(embedder.sent(word.text))


def check_shared(service: Service, embedder: OpenAIEmbedder) -> None:
    """Check that a corpus takes its vectors from the cache that the batches fill, and let it choose its model.

    Two texts that nobody has seen get opposite vectors there; a corpus that has them from elsewhere finds them alike.
    Raises InvalidRequest.
    """
    here, there = (f"topicdex {os.urandom(8).hex()}" for _ in range(2))
    vector = np.eye(1, embedder.identity.dimension, dtype=np.float32)[0]
    sent = [embedder.sent(text) for text in (here, there)]
    embedder.keep(dict(zip(sent, (vector, -vector), strict=True)))
    if embedder.unkept(sent):
        raise InvalidRequest("the cache of vectors cannot be written, and batches need it; see the warning above")
    [[found]] = service.similarity([here], [there]).matrix
    if found > -0.99:
        raise InvalidRequest(
            "the server of this store does not share this user's cache of vectors, and would pay for all again; "
            "let both have one TOPICDEX_CACHE and one OPENAI_BASE_URL, or work on its folder while it is stopped"
        )


def plan(
    submission: Submission, service: Service, embedder: OpenAIEmbedder, words: Words, elsewhere: set[str], first: int
) -> Plan:
    """Write the files of parts, numbered from `first` on, for all texts of words that are neither stored nor cached.

    Texts that are awaited `elsewhere` are not asked for again; their words come in a part of their own.
    """
    made = Plan(embedder, {}, [])
    with ExitStack() as opened:
        requests = _Requests(submission, made, elsewhere, first, opened)
        service.words.plan(words(), requests.add)
        requests.flush()
    if requests.waiting:
        number = first + len(made.parts)
        made.parts.append(Part(number, 0, 0, status="asked elsewhere", taken=True))
        made.number_of.update(dict.fromkeys(requests.waiting, number))
    _write_words(submission, made, words())
    return made


def send(submission: Submission, api: BatchAPI, told: Callable[[str], None]) -> None:
    """Upload and submit the parts that are not; what is known is on disk before each step.

    A batch that was made, and of which nobody heard, is found by its name.
    """
    for part in submission.parts:
        if part.taken or part.batch is not None:
            continue
        if part.file is None:
            part.file = api.upload(submission.requests(part))
            submission.save()
        tried, part.tried = part.tried, True
        submission.save()
        state = api.create(part.file, part_name(submission, part), submission.made, tried=tried)
        part.batch, part.status = state.id, state.status
        submission.save()
        told(f"batch {part.batch}: {part.texts:,} texts, about {part.tokens:,} tokens")


def index_words(service: Service, words: Iterable[Word]) -> Counts:
    """Index words, and return their counts."""
    counts = Counts()

    def add(some: Counts) -> None:
        nonlocal counts
        counts += some

    service.words.index(words, add)
    return counts


def part_name(submission: Submission, part: Part) -> str:
    """Return the name by which a batch is found again at the API."""
    return f"{submission.id}/{part.number}"


def price(settings: Settings, model: str, tokens: int) -> tuple[float | None, str]:
    """Return what tokens cost by the Batch API, in USD, and of when that price is; None where it is not known."""
    known = price_of(model, settings)
    return (None, "") if known is None else (known.cost(tokens, batch=True), known.dated)


class _Requests:
    """The files of the requests of new parts, written as the texts come that are not stored."""

    def __init__(self, submission: Submission, made: Plan, elsewhere: set[str], first: int, opened: ExitStack) -> None:
        """Write into the file that `opened` holds; what is written of it where that ends badly is removed."""
        self.waiting = set[str]()  # the ids of requests that were made elsewhere
        self._submission, self._made, self._elsewhere = submission, made, elsewhere
        self._api = BatchAPI(submission.model, submission.dimensions)
        self._first, self._opened = first, opened
        self._most = min(MOST_REQUESTS, submission.most_texts or MOST_REQUESTS)
        self._block = list[str]()
        self._file: BinaryIO | None = None

    def add(self, text: str) -> None:
        """Ask for a text that is not stored, unless it is cached, asked for elsewhere, or asked for already."""
        self._block.append(self._made.embedder.sent(text))
        if len(self._block) == _BLOCK:
            self.flush()

    def flush(self) -> None:
        """Write what has come; the last file is whole once `opened` ends."""
        for text in self._made.embedder.unkept(self._block):
            id = text_hash(text)
            if id in self._elsewhere:
                self.waiting.add(id)
            elif id not in self._made.number_of:
                self._write(id, text)
        self._block.clear()

    def _write(self, id: str, text: str) -> None:
        line, parts = self._api.line(id, text), self._made.parts
        if self._file is None or parts[-1].texts == self._most or self._file.tell() + len(line) > MOST_BYTES:
            self._opened.close()
            parts.append(Part(self._first + len(parts), 0, 0))
            self._file = self._opened.enter_context(written(self._submission.requests(parts[-1])))
        self._file.write(line)
        parts[-1].texts += 1
        parts[-1].tokens += self._made.embedder.tokens(text)
        self._made.number_of[id] = parts[-1].number


def _write_words(submission: Submission, made: Plan, words: Iterable[Word]) -> None:
    """Write the words of each part, one a line."""
    with ExitStack() as opened:
        files = {part.number: opened.enter_context(written(submission.words_file(part))) for part in made.parts}
        for word in words:
            if (number := made.part_of(word)) is not None:
                line = json.dumps([word.text, word.id, dict(word.metadata)], ensure_ascii=False)
                files[number].write(line.encode("utf-8") + b"\n")
