"""The words in Chroma: a row for each, with its text, its vector, the user's metadata and our own keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from indexer.records import Scalar, Word, fingerprint, text_hash, text_problem
from indexer.store.checksums import CHECKSUM, agrees
from indexer.store.collection import Collection
from indexer.store.rows import Row, Rows
from indexer.vectors import Vectors

_TEXT = "topicdex:text"  # hash of the text: rows with the same one have the same vector
_WORD = "topicdex:word"  # fingerprint of id, text and metadata: it shows whether a word has changed
_OURS = frozenset({_TEXT, _WORD, CHECKSUM})
_UNIT = 1e-3  # tolerance of the length of a unit vector

WordFault = Literal["gone", "wrong", "foreign", "changed", "blank"]


@dataclass(frozen=True)
class StoredWord:
    """What a write must know of a stored word: its fingerprint and the names in its metadata."""

    fingerprint: str
    keys: frozenset[str]


@dataclass(frozen=True)
class InspectedWord:
    """A word as an inspection finds it; its vector (dimension,) is None where it must be made from the text.

    Faults: the vector is `gone`, or `wrong` (another word's, or not of unit length); the row is `foreign` (another
    program wrote it, so that its vector may be anything), `changed` by another program in its metadata alone, or
    `blank` (it has no text). `unproven`: no checksum proves the vector.

    Chroma returns some floats with another 17th digit, so metadata with a float is not called changed, and such a word
    keeps the fingerprint of what was sent.
    """

    word: Word
    vector: Vectors | None
    fault: WordFault | None
    fingerprint: str
    unproven: bool


class WordTable:
    """The collection of words."""

    def __init__(
        self,
        collection: Collection,
        *,
        changing: Callable[[Sequence[str]], None] = lambda _ids: None,
        changed: Callable[[Sequence[str]], None] = lambda _ids: None,
    ) -> None:
        """Keep words in a collection; `changing` gets the ids of a write before it, `changed` once it is on disk."""
        self._collection = collection
        self._changing = changing
        self._changed = changed

    def count(self) -> int:
        """Return the number of words."""
        return self._collection.count()

    def write(self, words: Sequence[Word], vectors: Vectors, stored: Mapping[str, StoredWord]) -> None:
        """Add or replace words; `stored` has those that exist. Shapes: vectors (n, dimension), unit rows.

        The words are on disk when this returns.
        """
        metadatas: list[dict[str, Any]] = []
        for word in words:
            before = stored[word.id].keys if word.id in stored else frozenset()
            # Chroma merges new keys into old ones; None removes a key
            removed = dict.fromkeys(before - word.metadata.keys())
            metadatas.append({**removed, **word.metadata, _TEXT: text_hash(word.text), _WORD: fingerprint(word)})
        self._write(words, vectors, metadatas)

    def restore(
        self, words: Sequence[InspectedWord], vectors: Vectors, stored: Mapping[str, StoredWord] = MappingProxyType({})
    ) -> None:
        """Write words as they were found, with these vectors, (n, dimension); on disk when this returns.

        `stored` has those that exist and may have other metadata.
        """
        metadatas: list[dict[str, Any]] = []
        for each in words:
            word = each.word
            before = stored[word.id].keys if word.id in stored else frozenset()
            removed = dict.fromkeys(before - word.metadata.keys())
            metadatas.append({**removed, **word.metadata, _TEXT: text_hash(word.text), _WORD: each.fingerprint})
        self._write([each.word for each in words], vectors, metadatas)

    def differing(self, other: WordTable, ids: Sequence[str]) -> tuple[list[InspectedWord], dict[str, StoredWord]]:
        """Return those words with these ids that `other` lacks or has otherwise, in the order of the ids.

        They have no vectors. The second value is what `other` has under these ids.
        """
        there, found = other.known(ids), dict[str, InspectedWord]()
        for rows in self._collection.get(ids, "documents", "metadatas"):
            for word, metadata in zip(_words(rows), rows.metadatas, strict=True):
                noted = str(metadata.get(_WORD) or fingerprint(word))
                if word.id not in there or there[word.id].fingerprint != noted:
                    found[word.id] = InspectedWord(word, None, None, noted, False)
        return [found[id] for id in ids if id in found], there

    def vectors(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """Return the vectors of those words with these ids that exist, by id."""
        pages = self._collection.get(ids, "embeddings")
        return {id: vector for rows in pages for id, vector in zip(rows.ids, rows.vectors, strict=True)}

    def _write(self, words: Sequence[Word], vectors: Vectors, metadatas: list[dict[str, Any]]) -> None:
        ids = [word.id for word in words]
        self._changing(ids)
        self._collection.upsert(ids, vectors, [word.text for word in words], metadatas)
        self._changed(ids)

    def write_checksums(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Note that these vectors, (n, dimension), are those of the words; the stored vectors stay as they are."""
        self._collection.write_checksums(ids, vectors)

    def publish(self, ids: Sequence[str]) -> None:
        """Tell other processes that these words may have changed."""
        self._changed(ids)

    def unchanged(self, words: Sequence[Word]) -> set[str]:
        """Return the ids of those words that are stored exactly as they are given."""
        prints = list({fingerprint(word) for word in words})
        return {id for rows in self._collection.having(_WORD, prints) for id in rows.ids}

    def known(self, ids: Sequence[str]) -> dict[str, StoredWord]:
        """Return those of the words that exist, by id."""
        return {
            id: StoredWord(str(metadata.get(_WORD, "")), frozenset(metadata) - _OURS)
            for rows in self._collection.get(ids, "metadatas")
            for id, metadata in zip(rows.ids, rows.metadatas, strict=True)
        }

    def vectors_of_texts(self, hashes: Iterable[str]) -> dict[str, Vectors]:
        """Return the stored vector of each text, by the hash of the text; texts without one are left out.

        So are vectors that, by their checksums, are not those of their rows.
        """
        id_of: dict[str, str] = {}
        for rows in self._collection.first_having(_TEXT, hashes):
            id_of.update({str(m[_TEXT]): id for id, m in zip(rows.ids, rows.metadatas, strict=True)})
        vectors = {
            id: vector
            for rows in self._collection.get(list(id_of.values()), "embeddings", "metadatas")
            for id, vector, metadata in zip(rows.ids, rows.vectors, rows.metadatas, strict=True)
            if agrees(vector, metadata.get(CHECKSUM))
        }
        return {text: vectors[id] for text, id in id_of.items() if id in vectors}

    def get(self, ids: Sequence[str]) -> dict[str, Word]:
        """Return the words with these ids that exist, by id."""
        return {word.id: word for rows in self._collection.get(ids, "documents", "metadatas") for word in _words(rows)}

    def with_checksums(self, ids: Sequence[str]) -> dict[str, tuple[Word, object]]:
        """Return the words with these ids that exist, each with the checksum of its vector, by id."""
        return {
            word.id: (word, metadata.get(CHECKSUM))
            for rows in self._collection.get(ids, "documents", "metadatas")
            for word, metadata in zip(_words(rows), rows.metadatas, strict=True)
        }

    def existing(self, ids: Sequence[str]) -> list[str]:
        """Return those of the ids that exist."""
        return [id for rows in self._collection.get(ids) for id in rows.ids]

    def page(self, limit: int, offset: int) -> list[Word]:
        """Return `limit` words from `offset` on, oldest first."""
        return list(_words(self._collection.page(limit, offset, "documents", "metadatas")))

    def page_ids(self, limit: int, offset: int) -> list[str]:
        """Return the ids of `limit` words from `offset` on, oldest first."""
        return self._collection.page(limit, offset).ids

    def ids(self) -> list[str]:
        """Return the id of every word, oldest first."""
        return self._collection.ids()

    def pages(self) -> Iterator[tuple[list[Word], Vectors]]:
        """Yield all words with their vectors, a page at a time."""
        for rows in self._collection.pages("embeddings", "documents", "metadatas"):
            yield list(_words(rows)), rows.vectors

    def with_vectors(self, ids: Sequence[str]) -> Iterator[tuple[list[Word], Vectors]]:
        """Yield the words with these ids that exist, with their vectors, a page at a time."""
        for rows in self._collection.get(ids, "embeddings", "documents", "metadatas"):
            yield list(_words(rows)), rows.vectors

    def inspect(self, ids: Sequence[str] | None = None) -> Iterator[list[InspectedWord]]:
        """Yield the words with these ids, or all of them, with what is wrong with them, a page at a time."""
        for rows in self._collection.inspect(ids):
            yield [_inspected(row) for row in rows]

    def lost(self, ids: Sequence[str], vectors: Vectors) -> list[str]:
        """Return those ids that no search for their vector finds, nor a word with an equal vector."""
        return self._collection.lost(ids, vectors)

    def delete(self, ids: Sequence[str]) -> None:
        """Delete words; unknown ids are ignored."""
        self._changing(ids)
        self._collection.delete(ids)
        self._changed(ids)

    def nearest(
        self, texts: Sequence[str], vectors: Vectors, k: int, where: Mapping[str, Scalar]
    ) -> list[list[tuple[Word, float]]]:
        """Return the k nearest words of each text, (n, dimension) vectors, with their scores, best first.

        Chroma's index is approximate and may miss words; those with the same text are always found.
        """
        same: dict[str, list[tuple[Word, Vectors]]] = {}
        hashes = [text_hash(text) for text in texts]
        for rows in self._collection.first_having(_TEXT, hashes, "embeddings", "documents", where=where):
            for word, vector in zip(_words(rows), rows.vectors, strict=True):
                same.setdefault(word.text, []).append((word, vector))
        answers = []
        near = self._collection.query(vectors, k, where, "documents", "metadatas")
        for text, vector, rows in zip(texts, vectors, near, strict=True):
            scores = {w.id: (w, 1 - distance) for w, distance in zip(_words(rows), rows.distances, strict=True)}
            for word, stored in same.get(text, ()):
                scores.setdefault(word.id, (word, float(vector @ stored)))
            best = sorted(scores.values(), key=lambda scored: -scored[1])[:k]
            answers.append([(word, float(np.clip(score, -1, 1))) for word, score in best])
        return answers


def _words(rows: Rows) -> Iterator[Word]:
    for id, text, metadata in zip(rows.ids, rows.documents, rows.metadatas, strict=True):
        yield Word(text=text, id=id, metadata={k: v for k, v in metadata.items() if k not in _OURS})


def _inspected(row: Row) -> InspectedWord:
    word = Word(row.document, row.id, {k: v for k, v in row.metadata.items() if k not in _OURS})
    ours = row.metadata.get(_TEXT) == text_hash(word.text)
    inexact = any(isinstance(value, float) for value in word.metadata.values())
    noted, now = row.metadata.get(_WORD), fingerprint(word)
    expected = str(noted) if ours and noted and inexact else now
    fault: WordFault | None = row.fault
    if text_problem(word.text):
        fault = "blank"
    elif row.vector is not None and abs(float(np.linalg.norm(row.vector)) - 1) > _UNIT:
        fault = "wrong"
    elif fault is None and not ours:
        fault = "foreign"
    elif fault is None and noted != expected:
        fault = "changed"
    vector = row.vector if fault in (None, "changed") else None
    return InspectedWord(word, vector, fault, expected, vector is not None and not row.proven)
