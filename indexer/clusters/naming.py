"""Names, keywords and examples for clusters, from the texts in them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, count

import numpy as np
import numpy.typing as npt

from indexer.clusters.stop_words import ENGLISH

COUNTED = 12_000  # texts whose words are counted: more do not change which words stand out
COUNTED_LEAST = 100  # of them for each cluster
KEYWORDS = 10
EXAMPLES = 5
LEAST = 1e-3  # the least weight of a text, however far from the centroid
IN_NAME = 3  # keywords or examples in a name
LONGEST = 40  # characters of an example in a name
LIFT = 2.0  # a keyword is at least twice as frequent in its cluster as in the rest
CANDIDATES = 80  # the best terms of a cluster, out of which the keywords are taken
STEM = 6  # words that begin with the same letters, so many, count as one
SHARE = 0.5  # a phrase replaces its words where it has at least this share of their uses

_find_words = re.compile(r"\b\d*[^\W\d_]\w+\b").findall  # two characters or more, not all digits


@dataclass(frozen=True)
class ClusterName:
    """The name of a cluster, the words that set it apart, best first, and its most typical texts."""

    name: str
    keywords: tuple[str, ...]
    examples: tuple[str, ...]


def name_clusters(
    texts: Sequence[str],
    labels: npt.NDArray[np.integer],
    scores: npt.NDArray[np.floating],
    *,
    names: Sequence[str | None] | None = None,
    stop_words: Collection[str] | str = "english",
) -> tuple[ClusterName, ...]:
    """Name the clusters of n texts from `labels` (n,) and the cosines to the own centroid, `scores` (n,).

    Keywords come from class-based TF-IDF (Grootendorst, "BERTopic", 2022) of words and pairs of words, in which a text
    counts by its score; examples are the texts with the highest scores. `names` has one entry for each cluster: a name
    is kept as it is, None asks for one. That consists of the first keywords, or of the first examples where all words
    are stop words, and differs from all other names, whatever the case. A cluster may be without texts.
    """
    given = names if names is not None else [None] * (int(labels.max(initial=-1)) + 1)
    if not given:
        return ()
    ranked = _ranked(labels, scores, len(given))
    keywords = _keywords(texts, ranked, scores, ENGLISH if stop_words == "english" else stop_words)
    taken = {name.casefold() for name in given if name is not None}
    named = []
    for kept, rows, words in zip(given, ranked, keywords, strict=True):
        examples = tuple(dict.fromkeys(texts[i] for i in rows[: 4 * EXAMPLES]))[:EXAMPLES]
        name = kept if kept is not None else _free_name(words or examples, taken)
        taken.add(name.casefold())
        named.append(ClusterName(name, tuple(words), examples))
    return tuple(named)


def _ranked(labels: npt.NDArray[np.integer], scores: npt.NDArray[np.floating], k: int) -> list[npt.NDArray[np.intp]]:
    """Return the rows of each cluster's texts, the one nearest to the centroid first."""
    order = np.lexsort((-scores, labels))
    return np.split(order, np.searchsorted(labels[order], np.arange(1, k)))


def _keywords(
    texts: Sequence[str],
    ranked: list[npt.NDArray[np.intp]],
    scores: npt.NDArray[np.floating],
    stop_words: Collection[str],
) -> list[list[str]]:
    """Return the words and pairs of words that are frequent in each cluster and rare in the others, best first."""
    k = len(ranked)
    most = max(COUNTED_LEAST, COUNTED // k)
    counted = [rows[:: -(-len(rows) // most)] if len(rows) else rows for rows in ranked]
    rows, cluster = np.concatenate(counted), np.repeat(np.arange(k), [len(rows) for rows in counted])
    uses = _Uses.of((texts[i] for i in rows.tolist()), stop_words)
    everywhere, total = np.bincount(uses.terms), len(uses.terms)
    # one entry for each term and each cluster that it is used in
    entries, entry, here = np.unique(
        cluster[uses.texts] * len(everywhere) + uses.terms, return_inverse=True, return_counts=True
    )
    owner, term = np.divmod(entries, max(1, len(everywhere)))
    elsewhere, total_here = everywhere[term] - here, np.bincount(cluster[uses.texts], minlength=k)[owner]
    rarity = np.log1p(total / k / everywhere[term])
    weights = rarity * np.bincount(entry, np.maximum(scores[rows], LEAST)[uses.texts], minlength=len(entries))
    lifted = np.flatnonzero(here * (total - total_here) >= LIFT * elsewhere * total_here)
    order = lifted[np.lexsort((-weights[lifted], owner[lifted]))]
    found = []
    for best in np.split(order, np.searchsorted(owner[order], np.arange(1, k))):
        if len(best) > CANDIDATES:  # equal ones in alphabetical order, so all that are as good as the last one
            best = best[weights[best] >= weights[best[CANDIDATES - 1]]]
        by_name = sorted((-weights[i], uses.name(int(term[i])), int(here[i])) for i in best.tolist())
        found.append(_distinct({name: count for _, name, count in by_name[:CANDIDATES]}))
    return found


@dataclass(frozen=True)
class _Uses:
    """Every use of a word, or of two words in a row, in some texts: its term and its text by number, both (m,).

    The terms are `words` and, numbered after these, `pairs`: the number of the first word times that of all, and of
    the second.
    """

    terms: npt.NDArray[np.int64]
    texts: npt.NDArray[np.int64]
    words: Sequence[str]
    pairs: npt.NDArray[np.int64]

    @classmethod
    def of(cls, texts: Iterable[str], stop_words: Collection[str]) -> _Uses:
        """Count in texts; a pair may have stop words between its words."""
        number_of: defaultdict[str, int] = defaultdict(count().__next__, dict.fromkeys(stop_words, -1))
        words_of = [_find_words(text.lower()) for text in texts]
        words = np.fromiter(map(number_of.__getitem__, chain.from_iterable(words_of)), np.int64)
        where = np.repeat(np.arange(len(words_of)), [len(found) for found in words_of])[words >= 0]
        words = words[words >= 0]
        names = [word for word, number in number_of.items() if number >= 0]
        beside = where[1:] == where[:-1]
        pairs, pair = np.unique((words[:-1] * len(names) + words[1:])[beside], return_inverse=True)
        terms = np.concatenate([words, len(names) + pair])
        return cls(terms, np.concatenate([where, where[1:][beside]]), names, pairs)

    def name(self, term: int) -> str:
        """Return a term as it is written."""
        if term < len(self.words):
            return self.words[term]
        first, second = divmod(int(self.pairs[term - len(self.words)]), len(self.words))
        return f"{self.words[first]} {self.words[second]}"


def _distinct(uses: dict[str, float]) -> list[str]:
    """Return the terms, best first, without those that repeat an earlier one; a phrase may replace its words."""
    stems = {term: _stems(term) for term in uses}
    kept: list[str] = []
    for term in uses:
        alike = [other for other in kept if stems[term] & stems[other]]
        if not alike and len(kept) < KEYWORDS:
            kept.append(term)
        elif " " in term and alike and not any(" " in other for other in alike):
            if uses[term] < SHARE * max(uses[other] for other in alike):
                continue
            kept[kept.index(alike[0])] = term
            kept = [other for other in kept if other not in alike]
    return kept


def _stems(term: str) -> set[str]:
    """Return rough stems of the words of a term: those of "charge", "charges" and "charged" are equal."""
    return {word.removesuffix("s")[:STEM] for word in term.split()}


def _free_name(words: Sequence[str], taken: Collection[str]) -> str:
    """Return the first words as a name; where that is taken, more of them, and at last a number behind them."""
    words = [_short(word) for word in words] or ["no texts"]
    longer = (", ".join(words[:length]) for length in range(min(IN_NAME, len(words)), len(words) + 1))
    numbered = (f"{', '.join(words[:IN_NAME])} ({i})" for i in count(2))
    return next(name for name in chain(longer, numbered) if name.casefold() not in taken)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"
