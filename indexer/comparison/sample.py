"""The texts of a comparison: which are different, which topic each has, and what all models are asked alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from indexer.contract.comparisons import MOST_ROWS
from indexer.errors import InvalidRequest, TooLarge
from indexer.evaluation.metrics import NO_TOPIC
from indexer.evaluation.ranges import Pairs, draw_pairs
from indexer.records import MOST_ITEMS, LabelledText, valid_texts
from indexer.topics.assessment import NONE_LABELS, true_topics
from indexer.vectors import Bools, Ints

TIMED = 20  # texts that are embedded one by one, and timed
NEIGHBOURS = 10  # nearest texts on which models agree or do not
_ASKED = 1_000  # texts whose nearest ones are looked for


@dataclass(frozen=True)
class Sample:
    """n rows with m different texts: `texts` (m,), the position of each row's text (n,), and of its topic (n,).

    `topics` are the labels as a person would write them, none without labels; `there` (n,) marks the half of the rows
    that answers when topics have grown on the other one. `asked` are the positions of texts whose nearest texts are
    compared, `pairs` pairs of texts. All depends on the seed alone, so every model has the same.
    """

    texts: list[str]
    rows: Ints
    topics: tuple[str, ...]
    truth: Ints
    there: Bools
    asked: Ints
    pairs: Pairs
    seed: int

    @property
    def in_scope(self) -> Bools:
        """Return which rows have a topic, (n,)."""
        return np.asarray(self.truth != NO_TOPIC)

    @property
    def first_rows(self) -> Ints:
        """Return the first row of each text, (m,)."""
        return np.asarray(np.unique(self.rows, return_index=True)[1])


def sample_of(rows: Sequence[LabelledText], seed: int) -> Sample:
    """Return the sample of rows; where no row has a label, there are no topics, else a row without one has none.

    Raises InvalidRequest where there are no rows, or more than 1,000 labels, TooLarge over 20,000 rows.
    """
    if not rows:
        raise InvalidRequest("there are no texts to compare models on; give some")
    if len(rows) > MOST_ROWS:
        raise TooLarge(f"more than {MOST_ROWS:,} rows; give so many, drawn at random from all")
    valid_texts([row.text for row in rows])
    positions: dict[str, int] = {}
    of_rows = np.array([positions.setdefault(row.text, len(positions)) for row in rows], dtype=np.intp)
    topics = _topics(rows)
    truth = true_topics(rows, topics) if topics else np.full(len(rows), NO_TOPIC, dtype=np.intp)
    rng = np.random.default_rng(seed)
    there = np.zeros(len(rows), dtype=bool)
    there[rng.permutation(len(rows))[len(rows) // 2 :]] = True
    count = len(positions)
    asked = np.sort(rng.choice(count, min(_ASKED, count), replace=False))
    pairs = draw_pairs(truth[np.unique(of_rows, return_index=True)[1]], seed)
    return Sample(list(positions), of_rows, topics, truth, there, asked, pairs, seed)


def _topics(rows: Sequence[LabelledText]) -> tuple[str, ...]:
    """Return the different labels, sorted; those that differ in case and separators alone are one."""
    labels = sorted({row.label for row in rows if row.label is not None})
    by_name: dict[str, str] = {}
    for label in labels:
        if label.strip().casefold() not in NONE_LABELS:
            name = _readable(label)
            by_name.setdefault(name.casefold(), name)
    if len(by_name) > MOST_ITEMS:
        raise InvalidRequest(f"{len(by_name):,} different labels; topics are {MOST_ITEMS:,} at most: are they labels?")
    return tuple(by_name.values())


def _readable(label: str) -> str:
    """Return a label as one would write it in a text: "card_arrival" says less to a model than "card arrival"."""
    return " ".join(label.replace("_", " ").replace("-", " ").replace(".", " ").split()) or label
