"""Words and topics as callers give them, and the rules of texts, ids and metadata: for files, commands and HTTP.

A text is kept exactly as it was sent.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from indexer.errors import InvalidRequest

Item = TypeVar("Item")
Scalar = str | int | float | bool
Role = Literal["name", "description", "example"]  # of a text that was given for a topic

MOST_ITEMS = 1_000  # in any list that a server takes; more are sent in several calls
ID_BYTES = 128  # longest id, as UTF-8
METADATA_NAMES = 64  # most names that one word may carry
METADATA_BYTES = 16 * 1024  # largest metadata of one word, names and texts together, in UTF-8
INT64 = range(-(2**63), 2**63)  # whole numbers beyond these come back from the store as rounded floats
# Chroma refuses the first two, and drops the last without a word, which it keeps for itself; the third is ours.
RESERVED_PREFIXES = ("#", "$", "topicdex:", "chroma:")

_canonical = json.JSONEncoder(sort_keys=True).encode


@dataclass(frozen=True, slots=True)
class Word:
    """A text of the corpus (word, phrase or short document) with its id and flat metadata."""

    text: str
    id: str
    metadata: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic that a person named, with what describes it."""

    name: str
    description: str = ""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A text and the topic that a person gave it; None where it belongs to none."""

    text: str
    label: str | None


def word_of(given: Word | str) -> Word:
    """Return a word as it is; a bare text becomes one whose id follows from it.

    Raises InvalidRequest where its text, id or metadata cannot be stored.
    """
    text = valid_text(given.text if isinstance(given, Word) else given)
    word = given if isinstance(given, Word) else Word(text, text_hash(text))
    if reason := id_problem(word.id) or metadata_problem(word.metadata):
        raise InvalidRequest(f"the word {word.text!r}: {reason}")
    return word


def topic_of(given: Topic | str) -> Topic:
    """Return a topic as it is; a bare name becomes one without description and examples.

    Raises InvalidRequest where a text of it cannot be stored.
    """
    topic = given if isinstance(given, Topic) else Topic(given)
    valid_texts([topic.name, *topic.examples])
    if not encodes(topic.description):
        raise InvalidRequest(f"the description of {topic.name!r} holds half of a surrogate pair")
    return topic


def valid_text(text: str) -> str:
    """Return a text as it is; raises InvalidRequest where it is blank or no valid Unicode."""
    if reason := text_problem(text):
        raise InvalidRequest(f"{text!r}: {reason}; give a text with something in it")
    return text


def valid_texts(texts: Sequence[str]) -> list[str]:
    """Return the texts as they are; raises InvalidRequest as `valid_text` does."""
    return [valid_text(text) for text in texts]


def text_hash(text: str) -> str:
    """Return the first 32 hex digits of the SHA-256 of a text in UTF-8; also its id where none is given.

    Raises UnicodeEncodeError for a text that is not valid Unicode, which `text_problem` refuses.
    """
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def fingerprint(word: Word) -> str:
    """Return 32 hex digits that change when the id, the text or the metadata of a word changes.

    The order of the metadata does not count; the type of a value does: 1, 1.0, True and "1" differ.
    """
    return text_hash(_canonical([word.id, word.text, dict(word.metadata)]))


def text_problem(text: str) -> str | None:
    """Return why this text is refused (it is blank, or not valid Unicode), or None where it is fine."""
    if not text or text.isspace():
        return "the text is blank"
    return None if encodes(text) else "the text holds half of a surrogate pair"


def id_problem(id: str) -> str | None:
    """Return why this id is refused, or None where it is fine: 1 to 128 bytes of UTF-8, any character."""
    if not encodes(id):
        return "the id holds half of a surrogate pair"
    if not 1 <= len(id.encode()) <= ID_BYTES:
        return f"the id is empty or longer than {ID_BYTES} bytes"
    return None


def metadata_name_problem(name: str) -> str | None:
    """Return why metadata cannot stand under this name, or None where it can."""
    if not name:
        return "a metadata name is empty"
    if name.startswith(RESERVED_PREFIXES):
        return f"the metadata name {name!r} begins with {' or '.join(RESERVED_PREFIXES)}"
    return None


def metadata_problem(metadata: Mapping[str, object]) -> str | None:
    """Return why this metadata is refused, or None where it is fine.

    It is flat: a text, boolean, whole number of signed 64 bit or finite number for each name; at most 64 names, and
    at most 16 KB of names and texts together.
    """
    if len(metadata) > METADATA_NAMES:
        return f"the metadata has more than {METADATA_NAMES} names"
    for name, value in metadata.items():
        problem = metadata_name_problem(name) or _value_problem(name, value)
        if problem:
            return problem
    texts = "".join((*metadata, *(value for value in metadata.values() if isinstance(value, str))))
    if not encodes(texts):
        return "the metadata holds half of a surrogate pair"
    if len(texts.encode()) > METADATA_BYTES:
        return f"the metadata is larger than {METADATA_BYTES // 1024} KB"
    return None


def _value_problem(name: str, value: object) -> str | None:
    match value:
        case str() | bool():
            return None
        case int():
            return None if value in INT64 else f"the metadata {name!r} is a whole number of more than 64 bit"
        case float():
            return None if math.isfinite(value) else f"the metadata {name!r} is not a finite number"
        case _:
            return f"the metadata {name!r} is neither text nor number nor boolean"


def encodes(text: str) -> bool:
    """Tell whether the text can be written as UTF-8, as all but lone surrogates can."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def batched(items: Iterable[Item], most: int, size: Callable[[Item], int], most_size: int) -> Iterator[list[Item]]:
    """Yield the items in lists of `most` at most, with sizes of `most_size` at most in sum; a larger one goes alone."""
    batch: list[Item] = []
    total = 0
    for item in items:
        length = size(item)
        if batch and (len(batch) == most or total + length > most_size):
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += length
    if batch:
        yield batch
