"""The null scores of the prototypes in use, kept until these or a tenth of the words have changed."""

from __future__ import annotations

import threading

from indexer.contract.topics import NullScores
from indexer.evaluation.null_scores import null_scores
from indexer.topics.answering import InUse, Key
from indexer.words.corpus import Corpus

_SAMPLE = 10_000  # words


class KeptNullScores:
    """Null scores by the key of their prototypes, so that those of other prototypes are never used."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._kept: dict[Key, tuple[int, NullScores]] = {}  # with the count of changes before
        self._measuring = threading.Lock()

    def get(self, used: InUse) -> NullScores | None:
        """Return what is kept for exactly these prototypes and words; None where nothing is. It takes no time."""
        if used.key not in (kept := self._kept):
            return None
        changes, scores = kept[used.key]
        return None if 10 * abs(self._corpus.changes() - changes) > self._corpus.count() else scores

    def measure(self, *used: InUse) -> NullScores:
        """Return the null scores of the first; measure all of them now where one is not kept, and keep no others."""
        with self._measuring:
            if any(self.get(each) is None for each in used):
                changes = self._corpus.changes()  # first: a word that comes while the sample is taken is a change
                sample = self._corpus.sample(_SAMPLE)
                by_key = {each.key: each.prototypes for each in used}
                self._kept = {key: (changes, null_scores(its.scores(sample))) for key, its in by_key.items()}
            return self._kept[used[0].key][1]
