"""Topics grown on the corpus: prototypes that start at their labels and move to where their words are.

Owns how an unlabelled corpus gives one prototype per topic and one centre for all, and which topics stay at their
labels. The score of a text x is then `unit(x - centre) @ prototypes.T`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from indexer.progress import Progress
from indexer.prototypes import Prototypes
from indexer.vectors import Vectors, unit

_Tick = Callable[[], None]  # called after every round
Reason = Literal["grown", "few_words", "drifted", "corpus_too_small", "corpus_uniform", "unstable"]

REASONS: dict[Reason, str] = {
    "grown": "The topic moved to where the corpus has its texts.",
    "few_words": "Too few words of the corpus follow this topic; it stays at its label.",
    "drifted": "The words that follow this topic lie far from its label; it stays there.",
    "corpus_too_small": "The corpus has too few words, in all or for so many topics; all stay at their labels.",
    "corpus_uniform": "The words of the corpus are all alike; all topics stay at their labels.",
    "unstable": "Two halves of the corpus grow different topics, far from the labels; all stay there.",
}

# The mixture: a component for each topic, held near its label, and unnamed components for all other words.
SHARPNESS = 40.0  # of the softmax over cosines
LABEL_WEIGHT = 0.5  # of a label, added to the mean of the topic's words, which is shorter the more they scatter
NEAREST = 5  # a topic starts at so many words nearest to its label
WORD_PRIOR = 5.0  # halves a mean of this many words, because a few words always look concentrated
EXAMPLE_WEIGHT = 1.0  # of very many examples, on the scale of LABEL_WEIGHT
EXAMPLE_HALF = 2.0  # so many examples have half of that weight
LABEL_CENTRE_PRIOR = 2.0  # the corpus mean counts as so many labels in their centre: one or two alone have none
BACKGROUND_SHARE = 0.2  # unnamed components for each topic
SHIFT_RIDGE = 1.0  # of the regression from labels to where their words lie
RESTARTS = 3  # the unnamed components start at random; the average of restarts varies less
LABEL_ROUNDS, SHIFT_ROUND, ROUNDS = 5, 8, 20  # when unnamed components join, when labels begin to shift, the end

# The refinement: the final prototypes are fitted to the rule that answers.
FINAL_LABEL_WEIGHT = 0.25
REFINE_ROUNDS, REFINE_SHARPNESS, REFINE_STEP, REFINE_MOMENTUM = 20, 15.0, 0.3, 0.5
REFINE_SPREAD = 0.5  # pull towards topics of equal size: 0 is none, 1 is mutual information
REFINE_HOLD = 0.3  # pull back to where refining began

# When topics stay at their labels. Of 2,208 small corpora from ten data sets with 4 or 5 words a topic and at least 60
# words, 11 % lost more than .01 of accuracy and the mean gain was .027; of those with fewer words 25 % lost as much.
ENOUGH_WORDS_PER_TOPIC = 6.0  # whatever the total
LEAST_WORDS, LEAST_WORDS_PER_TOPIC = 60, 4.0  # both together are enough too
LEAST_SUPPORT = 3.0  # words
LEAST_LABEL_COSINE = 0.0  # of a label with the mean of the topic's words: below, they point away from each other
LEAST_AGREEMENT = 0.51  # of two halves with each other and with the labels: about one answer in two
LEAST_VARIANCE = 1e-6

SAMPLE, SAMPLE_PER_TOPIC = 20_000, 100  # more words make growing slower, not better


@dataclass(frozen=True)
class TopicVectors:
    """What a person gave for one topic, as vectors of unit length.

    `name` and `description` are (d,), `examples` is (m, d) with m of 0 or more. `sentences`, (s, d), are the name put
    into the same sentences for every topic; only growing uses them.
    """

    name: Vectors
    description: Vectors | None
    examples: Vectors
    sentences: Vectors | None = None


@dataclass(frozen=True)
class Growth:
    """The prototypes of all topics, named "0", "1", ...; they have no centre where all topics stayed at their labels.

    `reasons` says of each topic whether it left its label, and why (`REASONS` has the sentences). `support`, (t,), is
    the number of words that follow it, in fractions of words, without those that unnamed components took.
    """

    prototypes: Prototypes
    reasons: tuple[Reason, ...]
    support: Vectors


@dataclass(frozen=True)
class _Anchors:
    """The priors of the topics, both (t, d): labels, centred and of unit length; examples, scaled by their weight."""

    labels: Vectors
    examples: Vectors


def label_prototypes(topics: Sequence[TopicVectors]) -> Vectors:
    """Return the prototypes (t, d) before growing: the unit mean of all that was given; a lone name stays as it is."""
    prototypes = []
    for topic in topics:
        given = [topic.name, *topic.examples] + ([] if topic.description is None else [topic.description])
        prototypes.append(topic.name if len(given) == 1 else unit(np.mean(given, axis=0)))
    return np.stack(prototypes).astype(np.float32)


def adapt(
    words: Vectors, topics: Sequence[TopicVectors], *, seed: int = 42, progress: Progress | None = None
) -> Growth:
    """Grow the prototypes of one or more topics on the unlabelled words of a corpus, (n, d), of unit length.

    First a mixture of directions is fitted, as of von Mises-Fisher distributions (Banerjee et al. 2005): labels are
    the priors of its means, unnamed components take the words of no topic, and each label follows the shift that the
    other topics share. A label is the mean of a name and its sentences, as in the prompt ensembles of CLIP (Radford et
    al. 2021). Then the prototypes are fitted to the answering rule itself, by regularised information maximisation
    (Krause et al. 2010). Where the corpus cannot teach a topic, or any, labels stay as they are; `reasons` says why.

    `progress` is called with a share of 0 to 1 after every round. What it raises is not caught, so it can cancel.
    """
    count, total = len(topics), len(words)
    if total < min(ENOUGH_WORDS_PER_TOPIC * count, max(LEAST_WORDS, LEAST_WORDS_PER_TOPIC * count)):
        return _none_grown(topics, "corpus_too_small")
    random = np.random.default_rng(seed)
    centre = words.mean(axis=0, dtype=np.float64).astype(np.float32)
    size = max(SAMPLE, SAMPLE_PER_TOPIC * count)
    uncentred = words[np.sort(random.choice(total, size, replace=False))] if total > size else words
    if np.square(uncentred - centre).sum() < LEAST_VARIANCE * len(uncentred):
        return _none_grown(topics, "corpus_uniform")
    sample = unit(uncentred - centre)
    anchors = _anchors(topics, centre)

    done, rounds = itertools.count(1), (2 + RESTARTS) * ROUNDS + 3 * REFINE_ROUNDS
    tick = (lambda: progress(next(done) / rounds)) if progress else (lambda: None)
    halves = [_fit(sample[i::2], anchors, random, 1, tick)[0] for i in (0, 1)]
    label_answers = (uncentred @ label_prototypes(topics).T).argmax(axis=1)
    if _agreement(sample, halves, label_answers) < LEAST_AGREEMENT:
        return _none_grown(topics, "unstable")
    prototypes, means, support = _fit(sample, anchors, random, RESTARTS, tick)

    given = unit(LABEL_WEIGHT * anchors.labels + anchors.examples)
    cosines = np.einsum("ij,ij->i", unit(means), given)
    support = support * np.float32(total / len(sample))
    reasons = tuple(_reason(float(s), float(c)) for s, c in zip(support, cosines, strict=True))
    grown = np.array([reason == "grown" for reason in reasons])
    return Growth(_numbered(np.where(grown[:, None], prototypes, given), centre), reasons, support)


def _reason(support: float, cosine: float) -> Reason:
    if support < LEAST_SUPPORT:
        return "few_words"
    return "drifted" if cosine < LEAST_LABEL_COSINE else "grown"


def _none_grown(topics: Sequence[TopicVectors], reason: Reason) -> Growth:
    count = len(topics)
    return Growth(_numbered(label_prototypes(topics), None), (reason,) * count, np.zeros(count, np.float32))


def _numbered(vectors: Vectors, centre: Vectors | None) -> Prototypes:
    return Prototypes(tuple(str(i) for i in range(len(vectors))), vectors, centre)


def _anchors(topics: Sequence[TopicVectors], centre: Vectors) -> _Anchors:
    forms = np.stack([t.name[None] if t.sentences is None else np.vstack([t.name, t.sentences]) for t in topics])
    for topic, own in zip(topics, forms, strict=True):
        if topic.description is not None:
            own[:] = unit(own + topic.description)
    # Bare names lie apart from texts, and so do names in one sentence: each form gets a centre of its own.
    centres = (forms.sum(axis=0) + LABEL_CENTRE_PRIOR * centre) / (len(forms) + LABEL_CENTRE_PRIOR)
    labels = unit(unit(forms - centres).mean(axis=1))
    examples = np.zeros_like(labels)
    for row, topic in zip(examples, topics, strict=True):
        if count := len(topic.examples):
            direction = unit(unit(topic.examples - centre).mean(axis=0))
            row[:] = EXAMPLE_WEIGHT * count / (count + EXAMPLE_HALF) * direction
    return _Anchors(labels, examples)


def _fit(
    words: Vectors, anchors: _Anchors, random: np.random.Generator, restarts: int, tick: _Tick
) -> tuple[Vectors, Vectors, Vectors]:
    """Return the prototypes (t, d), the means (t, d) of the words that follow them, and how many those are, (t,)."""
    weights = np.zeros((len(words), len(anchors.labels)), np.float32)
    given = LABEL_WEIGHT * anchors.labels + anchors.examples
    begin = unit(given + _nearest(words, given))
    for _ in range(restarts):
        weights += _grow(words, begin, anchors, random, tick) / np.float32(restarts)
    means = _means(weights, words)
    labels = _shifted(anchors.labels, unit(means + anchors.examples))
    start = unit(means + FINAL_LABEL_WEIGHT * labels + anchors.examples)
    return _refine(words, weights, start, tick), means, weights.sum(axis=0)


def _grow(words: Vectors, begin: Vectors, anchors: _Anchors, random: np.random.Generator, tick: _Tick) -> Vectors:
    """Fit the mixture once, from starts (t, d); return how far each word follows each topic, (n, t), in [0, 1]."""
    count = len(anchors.labels)
    components = named = begin
    labels = anchors.labels
    for step in range(ROUNDS):
        if step == LABEL_ROUNDS:
            components = np.concatenate([named, _background(words, named, random)])
        weights = _softmax(words @ components.T, SHARPNESS)
        means = _means(weights, words)
        if step >= SHIFT_ROUND:
            labels = _shifted(anchors.labels, unit(means[:count] + anchors.examples))
        named = unit(means[:count] + LABEL_WEIGHT * labels + anchors.examples)
        components = np.concatenate([named, unit(means[count:])])
        tick()
    return weights[:, :count]


def _nearest(words: Vectors, given: Vectors) -> Vectors:
    """Return the means (t, d) of the words nearest to each of `given`, so that a topic starts among real words."""
    count = min(NEAREST, len(words))
    rows = np.argpartition(-given @ words.T, count - 1, axis=1)[:, :count]
    means: Vectors = words[rows].mean(axis=1)
    return means


def _background(words: Vectors, named: Vectors, random: np.random.Generator) -> Vectors:
    """Return words far from all topics and from each other: k-means++, with the topics as its first centres."""
    far = np.maximum(1 - (words @ named.T).max(axis=1), 0).astype(np.float64)
    rows: list[Vectors] = []
    while len(rows) < BACKGROUND_SHARE * len(named) and far.sum() > 1e-6:
        rows.append(words[random.choice(len(words), p=far / far.sum())])
        far = np.clip(1 - words @ rows[-1], 0, far)
    return np.array(rows, np.float32).reshape(-1, words.shape[1])


def _means(weights: Vectors, words: Vectors) -> Vectors:
    means: Vectors = (weights.T @ words) / (weights.sum(axis=0)[:, None] + np.float32(WORD_PRIOR))
    return means


def _shifted(labels: Vectors, places: Vectors) -> Vectors:
    """Move each label as the other topics moved: leave-one-out ridge regression of places on labels, both (t, d)."""
    gram = labels @ labels.T
    hat = np.linalg.solve(gram + SHIFT_RIDGE * np.eye(len(gram), dtype=np.float32), gram).T
    own = np.diag(hat)[:, None]
    moves = places - labels
    return unit(labels + (hat @ moves - own * moves) / (1 - own))


def _refine(words: Vectors, weights: Vectors, start: Vectors, tick: _Tick) -> Vectors:
    """Move prototypes until answers are sure but spread over all topics; words that follow none count little."""
    prototypes, velocity = start, np.zeros_like(start)
    belonging = weights.sum(axis=1, keepdims=True)
    per_topic = len(start) / len(words)
    for _ in range(REFINE_ROUNDS):
        answers = _softmax(words @ prototypes.T, REFINE_SHARPNESS)
        share = (answers * belonging).sum(axis=0) / belonging.sum()
        value = np.log(answers + 1e-9) - REFINE_SPREAD * np.log(share + 1e-9)
        slope = belonging * answers * (value - (answers * value).sum(axis=1, keepdims=True))
        pull = per_topic * (slope.T @ words) + REFINE_HOLD * (start - prototypes)
        velocity = REFINE_MOMENTUM * velocity + REFINE_STEP * pull
        prototypes = unit(prototypes + velocity)
        tick()
    return prototypes


def _agreement(words: Vectors, halves: Sequence[Vectors], label_answers: npt.NDArray[np.intp]) -> float:
    """Return the mean of how often the prototypes of two halves give the same answer, and how often the labels' one."""
    first, second = ((words @ prototypes.T).argmax(axis=1) for prototypes in halves)
    stayed = np.mean([first == label_answers, second == label_answers])
    return float((np.mean(first == second) + stayed) / 2)


def _softmax(scores: Vectors, sharpness: float) -> Vectors:
    weights: Vectors = np.exp(np.float32(sharpness) * (scores - scores.max(axis=1, keepdims=True)))
    weights /= weights.sum(axis=1, keepdims=True)
    return weights
