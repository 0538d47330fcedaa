"""The topics in use, as one value that is read from the store and never changes."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from indexer.contract.topics import Kind, Thresholds
from indexer.errors import NotFound
from indexer.prototypes import Prototypes
from indexer.records import Topic
from indexer.store.store import Store
from indexer.store.topics import TopicText, set_version
from indexer.topics.adaptation import TopicVectors, label_prototypes
from indexer.topics.answering import InUse
from indexer.topics.texts import TopicTexts, texts_by_topic
from indexer.vectors import Vectors

LABEL: Kind = "label"
_log = logging.getLogger("topicdex")


@dataclass(frozen=True)
class CurrentTopics:
    """The topics in their order, their prototypes and thresholds; `state` is the store's, which names them.

    `version` is that of the texts that were found: where rows are lost, as `topicdex doctor` says, it is not the one in
    `state`. `generation` is that of the store, whose model made the vectors. `adapted` are the prototypes of the
    clustering `active`; both are None where the labels answer.
    """

    state: dict[str, Any]
    generation: int
    version: str
    texts: dict[str, TopicTexts]
    label: Prototypes
    adapted: Prototypes | None
    active: str | None
    thresholds: dict[str, Thresholds]

    @property
    def topics(self) -> tuple[Topic, ...]:
        """Return the topics as they were given."""
        return tuple(its.topic() for its in self.texts.values())

    @property
    def vectors(self) -> list[TopicVectors]:
        """Return the vectors that were given for each topic."""
        return [its.by_role() for its in self.texts.values()]

    def vectors_by_text(self) -> dict[str, Vectors]:
        """Return the vector of every text that was given."""
        return {row.text: row.vector for its in self.texts.values() for row in its.rows}

    def used(self, kind: Kind | None = None) -> InUse:
        """Return what answers: the adapted prototypes where there are any, unless `kind` asks for the labels."""
        if self.adapted is None or self.active is None or kind == LABEL:
            thresholds = self.thresholds.get(LABEL, Thresholds())
            return InUse((self.version, None, self.generation), LABEL, self.label, thresholds, self.texts)
        thresholds = self.thresholds.get(self.active, Thresholds())
        key = (self.version, self.active, self.generation)
        return InUse(key, "adapted", self.adapted, thresholds, self.texts)


def read_current(store: Store) -> CurrentTopics:
    """Return the topics that the store has now."""
    while True:
        current = _read(store, store.state())
        if store.state() == current.state:  # else another process has changed it, and dropped what was being read
            return current


def labelled(rows: Iterable[TopicText]) -> tuple[dict[str, TopicTexts], Prototypes]:
    """Return the texts of each topic, and the prototypes that follow from them alone."""
    texts = texts_by_topic(rows)
    vectors = label_prototypes([its.by_role() for its in texts.values()]) if texts else np.empty((0, 0), np.float32)
    return texts, Prototypes(tuple(texts), vectors)


def _read(store: Store, state: dict[str, Any]) -> CurrentTopics:
    stored, active, adapted = state.get("topics", ""), state.get("active"), None
    texts, label = labelled(store.topics.read(stored) if stored else [])
    rows = [row for its in texts.values() for row in its.rows]
    if active is not None:
        try:
            adapted = store.clusterings.prototypes(active).named(label.names)
        except NotFound:  # two processes on a Chroma server: one deleted it while the other made it the active one
            _log.warning("the clustering %s that topics should answer from is gone; their labels answer", active)
            active = None
    thresholds = {key: Thresholds(**value) for key, value in state.get("thresholds", {}).items()}
    return CurrentTopics(state, store.generations.number, set_version(rows), texts, label, adapted, active, thresholds)
