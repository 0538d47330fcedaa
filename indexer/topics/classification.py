"""The topic of every stored word, as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from indexer.evaluation.thresholds import decide
from indexer.records import Word
from indexer.topics.answering import InUse
from indexer.vectors import Vectors


def classified(pages: Iterable[tuple[list[Word], Vectors]], used: InUse, topic: str | None) -> Iterator[str]:
    """Yield a line for every word of the pages, or for those of one topic, many lines at a time."""
    prototypes = used.prototypes
    names = [json.dumps(name) for name in prototypes.names]
    for words, vectors in pages:
        if not names:
            yield "".join(_line(word, "null", "null", "null", "no_topics") for word in words)
            continue
        decision = decide(prototypes.scores(vectors), used.thresholds, prototypes.names)
        yield "".join(
            _line(word, names[best] if accepted else "null", f"{score:.6f}", _digits(margin), reason)
            for word, (best, score, margin, accepted, reason) in zip(words, decision.rows(), strict=True)
            if topic is None or (accepted and prototypes.names[best] == topic)
        )


def _line(word: Word, topic: str, score: str, margin: str, reason: str) -> str:
    """Return one line; topic, score and margin are JSON already, which is quicker than one `json.dumps` a word."""
    return (
        f'{{"id": {json.dumps(word.id)}, "text": {json.dumps(word.text)}, "topic": {topic}, '
        f'"score": {score}, "margin": {margin}, "reason": "{reason}"}}\n'
    )


def _digits(value: float | None) -> str:
    return "null" if value is None else f"{value:.6f}"
