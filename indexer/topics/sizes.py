"""The sizes of the topics, kept until the prototypes, the thresholds or the words have changed."""

from __future__ import annotations

import threading

from indexer.contract.topics import Thresholds, TopicSizes
from indexer.topics import stored
from indexer.topics.answering import InUse, Key
from indexer.words.corpus import Corpus


class KeptSizes:
    """The sizes of the topics that were asked for last, so that a page that asks every few seconds costs nothing."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._kept: tuple[tuple[Key, Thresholds, int], TopicSizes] | None = None
        self._counting = threading.Lock()

    def get(self, used: InUse) -> TopicSizes:
        """Return the sizes of these topics, counted now where they are not kept."""
        with self._counting:
            # the changes first: sizes that have a later word as well are counted once more, and never kept too long
            asked = (used.key, used.thresholds, self._corpus.changes())
            if self._kept is None or self._kept[0] != asked:
                found = stored.sizes(self._corpus.load().view(), used)
                fields = {"words": found.words, "none": found.none, "topics": found.topics}
                self._kept = asked, TopicSizes(prototypes=used.kind, **fields)
            return self._kept[1]
