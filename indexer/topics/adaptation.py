"""Topics that grow on the corpus: prototypes that start at their labels and move to where the words are.

Owns how one prototype per topic and one centre are found from an unlabelled corpus, and when a topic is left
at its label. What comes out is all that an answer needs: x scores `unit(x - centre) @ prototypes.T`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from indexer.progress import Progress
from indexer.prototypes import Prototypes
from indexer.vectors import Vectors, unit

Reason = Literal["grown", "few_words", "drifted", "corpus_too_small", "corpus_uniform", "unstable"]

REASONS: dict[Reason, str] = {
    "grown": "The topic moved to where the corpus has its texts.",
    "few_words": "Too few words of the corpus follow this topic; it stays at its label.",
    "drifted": "The words that follow this topic lie far from its label; it stays there.",
    "corpus_too_small": "The corpus has too few words for so many topics; all stay at their labels.",
    "corpus_uniform": "The words of the corpus are all alike; all topics stay at their labels.",
    "unstable": "Two halves of the corpus grow different topics, far from the labels; all stay there.",
}

# Growing: a mixture of directions whose named components are held by their labels.
SHARPNESS = 40.0  # of the softmax over cosines
LABEL_WEIGHT = 0.5  # of a label against the mean of its followers, whose length is their concentration
NEAREST = 5  # words that a topic begins at
WORD_PRIOR = 5.0  # a mean of this many words counts for half: a few words always look concentrated
EXAMPLE_WEIGHT = 1.0  # of many examples, on the same scale: more than two labels
EXAMPLE_HALF = 2.0  # this many examples weigh half of that
LABEL_CENTRE_PRIOR = 2.0  # so many labels at the corpus mean: the mean of one or two labels is no centre
BACKGROUND_SHARE = 0.2  # unnamed components for each topic, for words that belong to none
SHIFT_RIDGE = 1.0  # of the regression from labels to where their words lie
RUNS = 3  # the unnamed components start at random; the average of runs varies less
LABEL_ROUNDS, SHIFT_ROUND, ROUNDS = 5, 8, 20  # the background joins, the labels shift, the end

# Refining: the final prototypes are fitted to the rule that answers.
FINAL_LABEL_WEIGHT = 0.25
REFINE_ROUNDS, REFINE_SHARPNESS, REFINE_STEP, REFINE_MOMENTUM = 20, 15.0, 0.3, 0.5
REFINE_SPREAD = 0.5  # how much topics are asked to be alike in size: 0 not at all, 1 as mutual information
REFINE_HOLD = 0.3  # pull back to where refining began

# Leaving topics alone.
LEAST_WORDS_PER_TOPIC = 6.0
LEAST_SUPPORT = 3.0  # words
LEAST_LABEL_COSINE = 0.0  # of the followers' mean with the label: below, they are nearer to anything else
LEAST_AGREEMENT = 0.51  # of two halves with each other and with the labels: about one answer in two
LEAST_VARIANCE = 1e-6

SAMPLE, SAMPLE_PER_TOPIC = 20_000, 100  # more words make prototypes slower to find, not better


@dataclass(frozen=True)
class TopicVectors:
    """What a person gave for one topic, as vectors of unit length.

    `name` and `description` are (d,), `examples` is (m, d), m may be 0. `sentences`, (s, d), are the name put into
    the same sentences for every topic; only growing uses them.
    """

    name: Vectors
    description: Vectors | None
    examples: Vectors
    sentences: Vectors | None = None


@dataclass(frozen=True)
class Growth:
    """The prototypes of topics that grew, numbered; without a centre where all stayed at their labels.

    `reasons` says for each topic whether it left its label and why (`REASONS` has the sentences); `support` (t,) is the
    number of words behind it, in fractions of words, without those that unnamed components took.
    """

    prototypes: Prototypes
    reasons: tuple[Reason, ...]
    support: Vectors


@dataclass(frozen=True)
class _Anchors:
    """The prior of each topic, (t, d) both: its label, centred and of unit length; its examples, weighted."""

    labels: Vectors
    examples: Vectors


class _Steps:
    """Counts rounds and reports the share that is done."""

    def __init__(self, report: Progress) -> None:
        self.report, self.count = report, 0
        self.total = (2 + RUNS) * ROUNDS + 3 * REFINE_ROUNDS

    def done(self) -> None:
        self.count += 1
        self.report(self.count / self.total)


def label_prototypes(topics: Sequence[TopicVectors]) -> Vectors:
    """Prototypes (t, d) without a corpus: the unit mean of what was given; a name alone is its own."""
    prototypes = []
    for topic in topics:
        given = [topic.name, *topic.examples] + ([] if topic.description is None else [topic.description])
        prototypes.append(topic.name if len(given) == 1 else unit(np.mean(given, axis=0)))
    return np.stack(prototypes).astype(np.float32)


def adapt(
    words: Vectors, topics: Sequence[TopicVectors], *, seed: int = 42, progress: Progress | None = None
) -> Growth:
    """Grow one prototype per topic (at least one) on unlabelled words (n, d) of unit length.

    A mixture of directions, as of von Mises-Fisher distributions (Banerjee et al. 2005), with the labels as
    priors of its means and unnamed components for what belongs to no topic; labels follow the shift that all
    topics share. A label is the mean of the name and of its sentences, as in the prompt ensembles of CLIP (Radford
    et al. 2021). Then the prototypes are fitted to the answering rule itself by regularised information
    maximisation (Krause et al. 2010). Where that does not pay, a topic or all of them stay at their labels:
    `reasons` says so.

    `progress` is called with 0..1 after every round; what it raises goes through, so it may cancel.
    """
    count, total = len(topics), len(words)
    if total < LEAST_WORDS_PER_TOPIC * count:
        return _left(topics, "corpus_too_small")
    random = np.random.default_rng(seed)
    centre = words.mean(axis=0, dtype=np.float64).astype(np.float32)
    size = max(SAMPLE, SAMPLE_PER_TOPIC * count)
    uncentred = words[np.sort(random.choice(total, size, replace=False))] if total > size else words
    if np.square(uncentred - centre).sum() < LEAST_VARIANCE * len(uncentred):
        return _left(topics, "corpus_uniform")
    sample = unit(uncentred - centre)
    anchors = _anchors(topics, centre)

    steps = _Steps(progress or (lambda _: None))
    halves = [_fit(sample[i::2], anchors, random, 1, steps)[0] for i in (0, 1)]
    label_answers = (uncentred @ label_prototypes(topics).T).argmax(axis=1)
    if _agreement(sample, halves, label_answers) < LEAST_AGREEMENT:
        return _left(topics, "unstable")
    prototypes, means, support = _fit(sample, anchors, random, RUNS, steps)

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


def _left(topics: Sequence[TopicVectors], reason: Reason) -> Growth:
    count = len(topics)
    return Growth(_numbered(label_prototypes(topics), None), (reason,) * count, np.zeros(count, np.float32))


def _numbered(vectors: Vectors, centre: Vectors | None) -> Prototypes:
    return Prototypes(tuple(str(i) for i in range(len(vectors))), vectors, centre)


def _anchors(topics: Sequence[TopicVectors], centre: Vectors) -> _Anchors:
    ways = np.stack([t.name[None] if t.sentences is None else np.vstack([t.name, t.sentences]) for t in topics])
    for topic, way in zip(topics, ways, strict=True):
        if topic.description is not None:
            way[:] = unit(way + topic.description)
    # Names differ from texts as a kind, and so does each sentence: each has a centre of its own.
    centres = (ways.sum(axis=0) + LABEL_CENTRE_PRIOR * centre) / (len(ways) + LABEL_CENTRE_PRIOR)
    labels = unit(unit(ways - centres).mean(axis=1))
    examples = np.zeros_like(labels)
    for row, topic in zip(examples, topics, strict=True):
        if count := len(topic.examples):
            direction = unit(unit(topic.examples - centre).mean(axis=0))
            row[:] = EXAMPLE_WEIGHT * count / (count + EXAMPLE_HALF) * direction
    return _Anchors(labels, examples)


def _fit(
    words: Vectors, anchors: _Anchors, random: np.random.Generator, runs: int, steps: _Steps
) -> tuple[Vectors, Vectors, Vectors]:
    """Prototypes (t, d) from the average of runs, the means (t, d) of their followers, their support (t,)."""
    weights = np.zeros((len(words), len(anchors.labels)), np.float32)
    given = LABEL_WEIGHT * anchors.labels + anchors.examples
    begin = unit(given + _nearest(words, given))
    for _ in range(runs):
        weights += _grow(words, begin, anchors, random, steps) / np.float32(runs)
    means = _means(weights, words)
    labels = _shifted(anchors.labels, unit(means + anchors.examples))
    start = unit(means + FINAL_LABEL_WEIGHT * labels + anchors.examples)
    return _refine(words, weights, start, steps), means, weights.sum(axis=0)


def _grow(words: Vectors, begin: Vectors, anchors: _Anchors, random: np.random.Generator, steps: _Steps) -> Vectors:
    """One run of the mixture from where topics begin (t, d): how far each word follows each topic, (n, t)."""
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
        steps.done()
    return weights[:, :count]


def _nearest(words: Vectors, given: Vectors) -> Vectors:
    """The mean (t, d) of the words nearest to each of `given`: a topic begins among the words that it means."""
    count = min(NEAREST, len(words))
    rows = np.argpartition(-given @ words.T, count - 1, axis=1)[:, :count]
    means: Vectors = words[rows].mean(axis=1)
    return means


def _background(words: Vectors, named: Vectors, random: np.random.Generator) -> Vectors:
    """Words far from all topics and from each other, by k-means++ with the topics as its first centres."""
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
    """Labels moved as the other topics moved: ridge regression of place on label, leaving each one out."""
    gram = labels @ labels.T
    hat = np.linalg.solve(gram + SHIFT_RIDGE * np.eye(len(gram), dtype=np.float32), gram).T
    own = np.diag(hat)[:, None]
    moves = places - labels
    return unit(labels + (hat @ moves - own * moves) / (1 - own))


def _refine(words: Vectors, weights: Vectors, start: Vectors, steps: _Steps) -> Vectors:
    """Climb to answers sure for each word and spread over topics; `weights` says which words count."""
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
        steps.done()
    return prototypes


def _agreement(words: Vectors, halves: Sequence[Vectors], label_answers: npt.NDArray[np.intp]) -> float:
    """How often the prototypes of two halves agree with each other, and with the labels: the mean of both."""
    first, second = ((words @ prototypes.T).argmax(axis=1) for prototypes in halves)
    stayed = np.mean([first == label_answers, second == label_answers])
    return float((np.mean(first == second) + stayed) / 2)


def _softmax(scores: Vectors, sharpness: float) -> Vectors:
    weights: Vectors = np.exp(np.float32(sharpness) * (scores - scores.max(axis=1, keepdims=True)))
    weights /= weights.sum(axis=1, keepdims=True)
    return weights
