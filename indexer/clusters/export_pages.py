"""The words of one moment for an export, a page at a time: with their topics, clusters and places on a map."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.clusters.finding import ClusterSet
from indexer.contract.exports import MOST_NAMES, Export, ExportPage, Kind
from indexer.errors import InvalidRequest
from indexer.evaluation.thresholds import decide
from indexer.records import Word, batched
from indexer.topics.answering import InUse
from indexer.vectors import Ints, Vectors
from indexer.words.rows import View

_PAGE_BYTES = 2 * 2**20  # of vectors, and of texts
_PAGE_WORDS = 4_096
_AT_ONCE = 256  # words that are read before it is known how long their texts are
_KINDS: Mapping[type, Kind] = {str: "text", bool: "boolean", int: "integer", float: "number"}


@dataclass(frozen=True)
class Known:
    """What is known of the words of a view: the topics, the clusters and the places of its rows, (rows, 2), if any."""

    topics: InUse
    clusters: ClusterSet | None
    positions: npt.NDArray[np.uint16] | None


def export_of(view: View, known: Known) -> Export:
    """Return what to export: the words in the order in which they first came, as they are in this view.

    Raises InvalidRequest where their metadata has more names than a table has columns.
    """
    rows = view.in_order()
    dimension = next((block.shape[1] for _, block in view.blocks()), 0)
    at_once = max(1, min(_PAGE_WORDS, _PAGE_BYTES // (4 * max(1, dimension))))

    def pages() -> Iterator[ExportPage]:
        done = 0
        for words in batched(_words(view, rows), at_once, _size, _PAGE_BYTES):
            here = rows[done : done + len(words)]
            done += len(words)
            yield _page(words, view.vectors(here), here, known)

    def vectors() -> Iterator[Vectors]:
        for start in range(0, len(rows), at_once):
            yield view.vectors(rows[start : start + at_once])

    return Export(len(rows), dimension, _kinds(_words(view, rows)), pages, vectors)


def _words(view: View, rows: Ints) -> Iterator[Word]:
    for start in range(0, len(rows), _AT_ONCE):
        yield from view.words(rows[start : start + _AT_ONCE])


def _size(word: Word) -> int:
    return len(word.text) + sum(len(value) for value in word.metadata.values() if isinstance(value, str))


def _kinds(words: Iterator[Word]) -> dict[str, Kind]:
    """Return the kind of each name of metadata, in the order of the names; "mixed" where its values have several."""
    kinds: dict[str, Kind] = {}
    for word in words:
        for name, value in word.metadata.items():
            kind = _KINDS[type(value)]
            if kinds.setdefault(name, kind) != kind:
                kinds[name] = "mixed"
        if len(kinds) > MOST_NAMES:
            raise InvalidRequest(
                f"the metadata of the words has more than {MOST_NAMES} names, and a table a column for each; "
                "read the words as JSON with GET /v1/words"
            )
    return dict(sorted(kinds.items()))


def _page(words: list[Word], vectors: Vectors, rows: Ints, known: Known) -> ExportPage:
    topics, scores, margins, reasons = _topics(vectors, known.topics)
    clusters, ids = _clusters(vectors, known.clusters)
    return ExportPage(
        ids=[word.id for word in words],
        texts=[word.text for word in words],
        metadata=[word.metadata for word in words],
        vectors=vectors,
        topics=topics,
        scores=scores,
        margins=margins,
        reasons=reasons,
        clusters=clusters,
        cluster_ids=ids,
        positions=None if known.positions is None else known.positions[rows],
    )


def _topics(
    vectors: Vectors, used: InUse
) -> tuple[list[str | None], list[float | None], list[float | None], list[str]]:
    """Return topic, score, margin and reason of each word, as lookups answer them."""
    names = used.prototypes.names
    if not names:
        nothing: list[None] = [None] * len(vectors)
        return [*nothing], [*nothing], [*nothing], ["no_topics"] * len(vectors)
    rows = list(decide(used.prototypes.scores(vectors), used.thresholds, names).rows())
    return (
        [names[best] if accepted else None for best, _, _, accepted, _ in rows],
        [score for _, score, _, _, _ in rows],
        [margin for _, _, margin, _, _ in rows],
        [reason for *_, reason in rows],
    )


def _clusters(vectors: Vectors, found: ClusterSet | None) -> tuple[list[str | None], list[str | None]]:
    """Return the name and the id of the cluster of each word."""
    if found is None or not found.clusters:
        return [None] * len(vectors), [None] * len(vectors)
    nearest = found.prototypes.scores(vectors).argmax(axis=1).tolist()
    return [found.clusters[i].name for i in nearest], [found.clusters[i].id for i in nearest]
