"""Names, keywords and examples for clusters, from the texts in them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain, count

import numpy as np
import numpy.typing as npt

COUNTED = 12_000  # texts whose words are counted: more do not change which words stand out
COUNTED_LEAST = 100  # of them for each cluster
KEYWORDS = 10
EXAMPLES = 5
LEAST = 1e-3  # the least weight of a text, however far from the centroid
IN_NAME = 3  # keywords or examples in a name
LONGEST = 40  # characters of an example in a name
LIFT = 2.0  # a keyword is at least twice as frequent in its cluster as in the rest
WORD = r"(?u)\b\d*[^\W\d_]\w+\b"  # two characters or more, not all digits
STEM = 6  # words that begin with the same letters, so many, count as one
SHARE = 0.5  # a phrase replaces its words where it has at least this share of their uses

# In addition to scikit-learn's list: what tokenizing leaves of "don't", "we've" and the like, and empty words.
MORE_STOP_WORDS = (
    *("ain", "aren", "couldn", "didn", "doesn", "don", "hadn", "hasn", "haven", "isn", "ll", "mightn"),
    *("mustn", "needn", "shan", "shouldn", "ve", "wasn", "weren", "won", "wouldn", "cant", "didnt", "doesnt"),
    *("dont", "im", "isnt", "ive", "thats", "whats", "youre", "did", "does", "doing", "got", "just"),
)


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
    keywords = _keywords(texts, ranked, scores, set(_stop_words(stop_words)))
    taken = {name.casefold() for name in given if name is not None}
    named = []
    for kept, rows, words in zip(given, ranked, keywords, strict=True):
        examples = tuple(dict.fromkeys(texts[i] for i in rows[: 4 * EXAMPLES]))[:EXAMPLES]
        name = kept if kept is not None else _free_name(words or examples, taken)
        taken.add(name.casefold())
        named.append(ClusterName(name, tuple(words), examples))
    return tuple(named)


def _stop_words(chosen: Collection[str] | str) -> Collection[str]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS  # here: loading it takes as long as all the rest

    return ENGLISH_STOP_WORDS.union(MORE_STOP_WORDS) if chosen == "english" else chosen


def _ranked(labels: npt.NDArray[np.integer], scores: npt.NDArray[np.floating], k: int) -> list[npt.NDArray[np.intp]]:
    """Return the rows of each cluster's texts, the one nearest to the centroid first."""
    order = np.lexsort((-scores, labels))
    return np.split(order, np.searchsorted(labels[order], np.arange(1, k)))


def _keywords(
    texts: Sequence[str],
    ranked: list[npt.NDArray[np.intp]],
    scores: npt.NDArray[np.floating],
    stop_words: set[str],
) -> list[list[str]]:
    """Return the words and pairs of words that are frequent in each cluster and rare in the others, best first."""
    from sklearn.feature_extraction.text import CountVectorizer

    most = max(COUNTED_LEAST, COUNTED // max(1, len(ranked)))
    counted = [rows[:: -(-len(rows) // most)] if len(rows) else rows for rows in ranked]
    rows = np.concatenate(counted)
    vectorizer = CountVectorizer(
        stop_words=sorted(stop_words), token_pattern=WORD, ngram_range=(1, 2), dtype=np.float32
    )
    try:
        counts = vectorizer.fit_transform(texts[i] for i in rows)
    except ValueError:  # all words are stop words
        return [[] for _ in ranked]
    terms = vectorizer.get_feature_names_out()
    uses = np.asarray(counts.sum(axis=0)).ravel()
    rarity = np.log1p(uses.sum() / len(ranked) / uses)
    ends = np.cumsum([len(chosen) for chosen in counted])
    found = []
    for chosen, end in zip(counted, ends, strict=True):
        inside = counts[end - len(chosen) : end]
        uses_here = np.asarray(inside.sum(axis=0)).ravel()
        uses_elsewhere = uses - uses_here
        lifted = uses_here * uses_elsewhere.sum() >= LIFT * uses_elsewhere * uses_here.sum()
        weights = np.where((uses_here > 0) & lifted, rarity * (inside.T @ np.maximum(scores[chosen], LEAST)), 0)
        best = np.argsort(-weights, kind="stable")[: 8 * KEYWORDS]
        best = best[weights[best] > 0]
        found.append(_distinct(dict(zip(terms[best].tolist(), uses_here[best].tolist(), strict=True))))
    return found


def _distinct(uses: dict[str, float]) -> list[str]:
    """Return the terms, best first, without those that repeat an earlier one; a phrase may replace its words."""
    kept: list[str] = []
    for term in uses:
        stems = _stems(term)
        alike = [other for other in kept if stems & _stems(other)]
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
