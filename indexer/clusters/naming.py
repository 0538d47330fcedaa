"""Names, keywords and examples for clusters, from the texts in them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
import numpy.typing as npt

COUNTED = 12_000  # texts counted in all: more do not change which words stand out
COUNTED_LEAST = 100  # of each cluster
KEYWORDS = 10
EXAMPLES = 5
LEAST = 1e-3  # what a text counts at the least, however far from the centre
IN_NAME = 3  # keywords or examples that make a name
LONGEST = 40  # characters of an example in a name
LIFT = 2.0  # a keyword is at least so much more frequent in its cluster than in the rest
WORD = r"(?u)\b\d*[^\W\d_]\w+\b"  # two characters or more, not all digits
STEM = 6  # letters in which words that are alike agree
SHARE = 0.5  # a phrase takes the place of its words where it has this share of their uses

# Beside scikit-learn's list: what is left of "don't", "we've" and the like, and words that say nothing.
MORE_STOP_WORDS = (
    *("ain", "aren", "couldn", "didn", "doesn", "don", "hadn", "hasn", "haven", "isn", "ll", "mightn"),
    *("mustn", "needn", "shan", "shouldn", "ve", "wasn", "weren", "won", "wouldn", "cant", "didnt", "doesnt"),
    *("dont", "im", "isnt", "ive", "thats", "whats", "youre", "did", "does", "doing", "got", "just"),
)


@dataclass(frozen=True)
class ClusterName:
    """What a cluster is called, the words that set it apart, best first, and its most typical texts."""

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

    Keywords come from class-based TF-IDF (Grootendorst, "BERTopic", 2022) of words and pairs of words, in
    which a text counts by its score; examples are the texts with the highest. `names`, one for each cluster, are
    kept as they are where they are not None. Another cluster is called by its first keywords, else, where no word is
    left beside the stop words, by its examples, and has no name that is given or made already, whatever the case.
    A cluster may be without texts.
    """
    k = len(names) if names is not None else int(labels.max(initial=-1)) + 1
    if k == 0:
        return ()
    ranked = _ranked(labels, scores, k)
    keywords = _keywords(texts, ranked, scores, set(_stop_words(stop_words)))
    given = names if names is not None else [None] * k
    taken = {name.casefold() for name in given if name is not None}
    named = []
    for kept, rows, words in zip(given, ranked, keywords, strict=True):
        examples = tuple(dict.fromkeys(texts[i] for i in rows[: 4 * EXAMPLES]))[:EXAMPLES]
        name = kept if kept is not None else _free_name(words or examples, taken)
        taken.add(name.casefold())
        named.append(ClusterName(name, tuple(words), examples))
    return tuple(named)


def _stop_words(chosen: Collection[str] | str) -> Collection[str]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS  # here: it takes as long to load as all else

    return ENGLISH_STOP_WORDS.union(MORE_STOP_WORDS) if chosen == "english" else chosen


def _ranked(labels: npt.NDArray[np.integer], scores: npt.NDArray[np.floating], k: int) -> list[npt.NDArray[np.intp]]:
    """The rows of each cluster's texts, the one nearest to the centre first."""
    order = np.lexsort((-scores, labels))
    return np.split(order, np.searchsorted(labels[order], np.arange(1, k)))


def _keywords(
    texts: Sequence[str],
    ranked: list[npt.NDArray[np.intp]],
    scores: npt.NDArray[np.floating],
    stop_words: set[str],
) -> list[list[str]]:
    """The words and pairs of words that are frequent in each cluster and rare in the others, best first."""
    from sklearn.feature_extraction.text import CountVectorizer

    most = max(COUNTED_LEAST, COUNTED // max(1, len(ranked)))
    counted = [rows[:: -(-len(rows) // most)] if len(rows) else rows for rows in ranked]
    rows = np.concatenate(counted)
    vectorizer = CountVectorizer(
        stop_words=sorted(stop_words), token_pattern=WORD, ngram_range=(1, 2), dtype=np.float32
    )
    try:
        counts = vectorizer.fit_transform(texts[i] for i in rows)
    except ValueError:  # no text has a word beside the stop words
        return [[] for _ in ranked]
    terms = vectorizer.get_feature_names_out()
    uses = np.asarray(counts.sum(axis=0)).ravel()
    rarity = np.log1p(uses.sum() / len(ranked) / uses)
    ends = np.cumsum([len(part) for part in counted])
    found = []
    for part, end in zip(counted, ends, strict=True):
        inside = counts[end - len(part) : end]
        here = np.asarray(inside.sum(axis=0)).ravel()
        there = uses - here
        apart = (here > 0) & (here * there.sum() >= LIFT * there * here.sum())
        weights = np.where(apart, rarity * (inside.T @ np.maximum(scores[part], LEAST)), 0)
        best = np.argsort(-weights, kind="stable")[: 8 * KEYWORDS]
        best = best[weights[best] > 0]
        found.append(_distinct(dict(zip(terms[best].tolist(), here[best].tolist(), strict=True))))
    return found


def _distinct(uses: dict[str, float]) -> list[str]:
    """The terms, best first, none that repeats an earlier one; a phrase may replace its words."""
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
    """Roughly: "charge", "charges" and "charged" are one."""
    return {word.removesuffix("s")[:STEM] for word in term.split()}


def _free_name(words: Sequence[str], taken: Collection[str]) -> str:
    """The first words as a name; with more of them, or at last a number, where that is taken."""
    words = [_short(word) for word in words] or ["no texts"]
    for length in range(min(IN_NAME, len(words)), len(words) + 1):
        name = ", ".join(words[:length])
        if name.casefold() not in taken:
            return name
    numbered = (f"{', '.join(words[:IN_NAME])} ({i})" for i in count(2))
    return next(name for name in numbered if name.casefold() not in taken)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"
