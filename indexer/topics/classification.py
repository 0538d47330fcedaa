"""The topic of every stored word, as lines of JSON."""

import json
from collections.abc import Iterable, Iterator

from indexer.contract.topics import Thresholds
from indexer.evaluation.thresholds import decide
from indexer.prototypes import Prototypes
from indexer.records import Word
from indexer.vectors import Vectors


def classified(
    pages: Iterable[tuple[list[Word], Vectors]], used: Prototypes, thresholds: Thresholds, topic: str | None
) -> Iterator[str]:
    """Yield a line for every word of the pages, or for those of one topic, many lines at a time."""
    names = [json.dumps(name) for name in used.names]
    for words, vectors in pages:
        if not names:
            yield "".join(_line(word, "null", "null", "null", "no_topics") for word in words)
            continue
        found = decide(used.scores(vectors), thresholds, used.names)
        margins = found.margin.tolist() if len(names) > 1 else [None] * len(words)
        rows = zip(
            words,
            found.best.tolist(),
            found.score.tolist(),
            margins,
            found.accepted.tolist(),
            found.reason.tolist(),
            strict=True,
        )
        yield "".join(
            _line(word, names[best] if accepted else "null", f"{score:.6f}", _digits(margin), reason)
            for word, best, score, margin, accepted, reason in rows
            if topic is None or (accepted and used.names[best] == topic)
        )


def _line(word: Word, topic: str, score: str, margin: str, reason: str) -> str:
    """Return one line of a classification; the pieces are JSON already, which is quicker than making it of objects."""
    return (
        f'{{"id": {json.dumps(word.id)}, "text": {json.dumps(word.text)}, "topic": {topic}, '
        f'"score": {score}, "margin": {margin}, "reason": "{reason}"}}\n'
    )


def _digits(value: float | None) -> str:
    return "null" if value is None else f"{value:.6f}"
