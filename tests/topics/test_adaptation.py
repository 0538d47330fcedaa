"""Topics that grow on a corpus, on vectors to check by eye: axes, and words scattered around them."""

from __future__ import annotations

import numpy as np
import pytest

from indexer.contract.clusterings import ClusteringSettings
from indexer.records import Topic, Word
from indexer.topics.adaptation import REASONS, Growth, TopicVectors, adapt, label_prototypes
from indexer.vectors import Vectors

DIMENSION = 24
AXES = np.eye(DIMENSION, dtype=np.float32)
NO_EXAMPLES = np.zeros((0, DIMENSION), np.float32)


def unit(vectors: Vectors) -> Vectors:
    scaled: Vectors = (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)
    return scaled


def around(axis: int, count: int, *, noise: float = 0.08) -> Vectors:
    scatter = np.random.default_rng(axis).standard_normal((count, DIMENSION))
    return unit(AXES[axis] + noise * scatter)


def between(axis: int, other: int, share: float) -> Vectors:
    """A label that points to `axis` only by `share`."""
    return unit(share * AXES[axis] + (1 - share) * AXES[other])


def named(*names: Vectors) -> list[TopicVectors]:
    return [TopicVectors(name, None, NO_EXAMPLES) for name in names]


def answers(growth: Growth, texts: Vectors) -> list[int]:
    scores = growth.prototypes.scores(texts)
    return [int(best) for best in scores.argmax(axis=1)]


# Labels that lean over to a direction (axis 9) where no word is.
LEANING = named(between(0, 9, 0.4), between(1, 9, 0.4), between(2, 9, 0.4))
CORPUS = np.concatenate([around(axis, 60) for axis in range(3)])

# Words without structure in the first half of the space; the topics of the test lie in the other half.
STRUCTURELESS = unit(
    (np.random.default_rng(0).standard_normal((200, DIMENSION)) * np.repeat([1, 0.15], 12)).astype(np.float32)
)


def test_topics_move_to_where_the_corpus_has_its_words() -> None:
    grown = adapt(CORPUS, LEANING)
    assert grown.reasons == ("grown",) * 3
    assert answers(grown, AXES[:3]) == [0, 1, 2]
    labels = label_prototypes(LEANING)
    scores = np.einsum("ij,ij->i", unit(AXES[:3] - grown.prototypes.centre), grown.prototypes.vectors)
    assert (scores > 0.95).all()
    assert (np.einsum("ij,ij->i", AXES[:3], labels) < 0.6).all()


def test_no_word_supports_more_than_its_own_topic() -> None:
    sizes = (200, 80, 20)
    words = np.concatenate([around(axis, size) for axis, size in enumerate(sizes)])
    support = adapt(words, LEANING).support
    assert (support > 10).all()
    assert (support <= np.array(sizes) + 1).all()


def test_words_of_no_topic_score_low_and_do_not_pull() -> None:
    corpus = np.concatenate([CORPUS, around(5, 60)])
    grown = adapt(corpus, LEANING)
    own = unit(AXES[:3] - grown.prototypes.centre) @ grown.prototypes.vectors.T
    stranger = unit(AXES[5] - grown.prototypes.centre) @ grown.prototypes.vectors.T
    assert own.diagonal().min() > 0.85
    assert stranger.max() < 0.2


def test_what_comes_out_is_float32_unit_and_the_same_for_a_seed() -> None:
    first, again = adapt(CORPUS, LEANING, seed=3), adapt(CORPUS, LEANING, seed=3)
    assert (first.prototypes.vectors == again.prototypes.vectors).all()
    assert {str(a.dtype) for a in (first.prototypes.vectors, first.prototypes.centre, first.support)} == {"float32"}
    assert np.linalg.norm(first.prototypes.vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_examples_outweigh_a_misleading_name() -> None:
    swapped = named(AXES[1], AXES[0], AXES[2])
    assert answers(adapt(CORPUS, swapped), AXES[:3]) == [1, 0, 2]
    taught = [TopicVectors(t.name, None, around(axis, 5)) for axis, t in enumerate(swapped)]
    assert answers(adapt(CORPUS, taught), AXES[:3]) == [0, 1, 2]


def test_a_description_helps_a_name_that_says_nothing() -> None:
    vague = named(AXES[10], AXES[11], AXES[12])
    described = [TopicVectors(t.name, AXES[axis], NO_EXAMPLES) for axis, t in enumerate(vague)]
    assert answers(adapt(CORPUS, described), AXES[:3]) == [0, 1, 2]


def test_sentences_help_a_name_that_says_nothing() -> None:
    vague = named(AXES[10], AXES[11], AXES[12])
    in_sentences = [TopicVectors(t.name, None, NO_EXAMPLES, AXES[[axis, axis]]) for axis, t in enumerate(vague)]
    assert answers(adapt(CORPUS, in_sentences), AXES[:3]) == [0, 1, 2]
    assert (label_prototypes(in_sentences) == label_prototypes(vague)).all()


def test_a_topic_that_no_word_follows_stays_at_its_label() -> None:
    grown = adapt(CORPUS, [*LEANING, *named(AXES[20])])
    assert [reason == "grown" for reason in grown.reasons] == [True, True, True, False]
    assert grown.reasons[3] == "few_words"
    assert answers(grown, AXES[[0, 1, 2, 20]]) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (CORPUS[:0], "corpus_too_small"),
        (CORPUS[:1], "corpus_too_small"),
        (CORPUS[:17], "corpus_too_small"),
        (np.repeat(AXES[:1], 50, axis=0), "corpus_uniform"),
        (STRUCTURELESS, "unstable"),
    ],
)
def test_a_corpus_that_cannot_teach_leaves_plain_labels(words: Vectors, reason: str) -> None:
    topics = named(*AXES[:3]) if reason != "unstable" else named(*AXES[12:])
    left = adapt(words, topics)
    assert left.reasons == (reason,) * len(topics)
    assert (left.prototypes.vectors == label_prototypes(topics)).all()
    assert left.prototypes.centre is None
    assert reason in REASONS


def test_one_topic_grows_too() -> None:
    corpus = np.concatenate([around(0, 60), around(5, 60)])
    grown = adapt(corpus, named(between(0, 9, 0.5)))
    scores = unit(AXES[[0, 5]] - grown.prototypes.centre) @ grown.prototypes.vectors.T
    assert scores[0, 0] > 0.8 > 0.0 > scores[1, 0]


def test_six_words_are_enough_for_one_topic() -> None:
    grown = adapt(around(0, 6), named(between(0, 9, 0.5)))
    assert grown.reasons == ("grown",)
    assert np.isfinite(grown.prototypes.vectors).all() and np.isfinite(grown.prototypes.centre).all()


def many(topics: int, words_each: int) -> tuple[Vectors, list[TopicVectors]]:
    """Return a corpus of `words_each` words around each of `topics` axes, and labels that lean over to one direction."""
    words = np.concatenate([around(axis, words_each) for axis in range(topics)])
    return words, named(*(between(axis, 23, 0.4) for axis in range(topics)))


def test_sixty_words_are_enough_for_topics_with_four_words_each() -> None:
    words, topics = many(15, 4)
    grown = adapt(words, topics)
    assert "corpus_too_small" not in grown.reasons and grown.reasons.count("grown") > 10
    scores = np.einsum("ij,ij->i", unit(AXES[:15] - grown.prototypes.centre), grown.prototypes.vectors)
    assert scores.mean() > 0.8 > 0.6 > np.einsum("ij,ij->i", AXES[:15], label_prototypes(topics)).max()
    assert answers(grown, AXES[:15]) == list(range(15))


@pytest.mark.parametrize(("count", "words_each"), [(5, 4), (11, 5), (14, 4), (20, 3)])
def test_too_few_words_in_all_or_for_each_topic_leave_plain_labels(count: int, words_each: int) -> None:
    left = adapt(*many(count, words_each))
    assert left.reasons == ("corpus_too_small",) * count
    assert left.prototypes.centre is None


def test_label_prototypes_are_the_name_alone_or_the_mean_of_what_was_given() -> None:
    name = unit(np.arange(1, DIMENSION + 1, dtype=np.float32))
    topics = [TopicVectors(name, None, NO_EXAMPLES), TopicVectors(AXES[0], AXES[1], AXES[2:4])]
    plain, mixed = label_prototypes(topics)
    assert (plain == name).all()
    assert mixed == pytest.approx(AXES[:4].sum(axis=0) / 2)


def test_progress_rises_to_one_and_may_cancel() -> None:
    seen: list[float] = []
    adapt(CORPUS, LEANING, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1)

    def cancel(_: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        adapt(CORPUS, LEANING, progress=cancel)


def test_names_are_put_into_sentences_when_topics_grow_and_not_before(engine, model) -> None:
    engine.words.add([Word(f"{name} {i}", f"{name}{i}") for name in ("fruit", "country") for i in range(15)])
    model.texts.clear()
    engine.topics.replace([Topic("fruit"), Topic("country", "a land", ("Peru",))])
    assert model.texts == ["fruit", "country", "a land", "Peru"]
    model.texts.clear()
    clustering = engine.clusterings.run(engine.clusterings.create(ClusteringSettings(around="topics")), lambda _: None)
    assert clustering.status == "done"
    assert model.texts == [
        *("This is about fruit.", "Something related to fruit.", "An example of fruit"),
        *("This is about country.", "Something related to country.", "An example of country"),
    ]
