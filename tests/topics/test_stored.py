"""The topics of all stored words at once: counted, moved and ordered, on cosines that can be checked by eye."""

import numpy as np
import pytest

from indexer.blocks import BLOCK
from indexer.contract.topics import Thresholds, TopicSize
from indexer.evaluation.thresholds import decide
from indexer.prototypes import Prototypes
from indexer.records import Word
from indexer.topics.answering import InUse
from indexer.topics.stored import moves, ordered, sizes
from indexer.vectors import unit
from indexer.words.memory import MemoryIndex
from tests.words.snapshots import ListSnapshot

# Words on a quarter of a circle from "fruit" (0 degrees) to "country" (90 degrees); the id says where.
DEGREES = (0, 20, 40, 46, 70, 90)


def used(*names, at=(0, 90), centre=None, **thresholds):
    """Return topics of these names at these angles."""
    prototypes = Prototypes(names, circle(at[: len(names)]), centre)
    return InUse(("version", None, 0), "label", prototypes, Thresholds(**thresholds), {})


def circle(degrees):
    angles = np.radians(np.array(degrees, dtype=np.float64).reshape(-1))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def words_at(degrees):
    memory = MemoryIndex()
    memory.put([Word(f"at {degree}", str(degree)) for degree in degrees], circle(degrees))
    return memory


@pytest.fixture
def view():
    return words_at(DEGREES).view()


def counted(found):
    return {size.topic: size.words for size in found.topics}, found.none


@pytest.mark.parametrize(
    ("thresholds", "expected"),
    [
        ({}, ({"fruit": 3, "country": 3}, 0)),
        ({"score": 0.9}, ({"fruit": 2, "country": 2}, 2)),  # cos 20 is 0.94, cos 40 is 0.77
        ({"margin": 0.1}, ({"fruit": 3, "country": 2}, 1)),  # at 46 it is 0.02, at 40 0.12
        ({"topics": {"country": 0.99}}, ({"fruit": 3, "country": 1}, 2)),
    ],
)
def test_each_word_counts_for_the_topic_that_answers_it(view, thresholds, expected):
    assert counted(sizes(view, used("fruit", "country", **thresholds))) == expected


def test_words_that_are_gone_or_came_later_are_counted_as_they_are_now():
    memory = words_at(DEGREES)
    memory.remove(["0"])
    memory.put([Word("at 90", "20"), Word("new", "new")], circle([90, 90]))
    assert counted(sizes(memory.view(), used("fruit", "country"))) == ({"fruit": 1, "country": 5}, 0)


def test_words_of_a_snapshot_count_as_those_in_memory_and_only_texts_that_are_shown_are_read():
    base = ListSnapshot([Word(f"at {degree}", str(degree)) for degree in DEGREES], circle(DEGREES))
    memory = MemoryIndex(base)
    memory.remove(["0"])
    memory.put([Word("at 80", "80")], circle([80]))
    before = base.given
    assert counted(sizes(memory.view(), used("fruit", "country"))) == ({"fruit": 2, "country": 4}, 0)
    assert base.given == before
    first = ordered(memory.view(), used("fruit", "country"), "surest", None, 3)
    assert [word.id for word in first] == ["90", "80", "20"]
    assert base.given == before + 2  # 80 is not of the snapshot


@pytest.mark.parametrize("empty", [MemoryIndex(), words_at([])])
def test_without_words_all_is_empty(empty):
    view, topics = empty.view(), used("fruit", "country")
    assert counted(sizes(view, topics)) == ({"fruit": 0, "country": 0}, 0)
    found, moved, examples = moves(view, topics, used())
    assert (counted(found), moved, examples) == (({}, 0), 0, [])
    assert ordered(view, topics, "surest", None, 10) == ordered(view, used(), "unsure", None, 10) == []


def test_without_topics_every_word_has_none(view):
    assert counted(sizes(view, used())) == ({}, 6)
    assert {(w.topic, w.score, w.margin, w.reason) for w in ordered(view, used(), "surest", None, 10)} == {
        (None, None, None, "no_topics")
    }
    assert len(ordered(view, used(), "unsure", None, 4)) == 4


def moving(view, before, after):
    _, moved, examples = moves(view, before, after)
    return moved, [(word.id, word.old, word.new) for word in examples]


def test_a_word_moves_where_another_topic_answers_it_or_none(view):
    before = used("fruit", "country")
    after = used("fruit", "country", at=(0, 50), margin=0.1)  # the middle is at 25, where the margin is 0
    assert moving(view, before, after) == (2, [("40", "fruit", "country"), ("20", "fruit", None)])
    found, *_ = moves(view, before, after)
    assert counted(found) == ({"fruit": 1, "country": 4}, 1)
    assert moving(view, after, before) == (2, [("20", None, "fruit"), ("40", "country", "fruit")])


def test_no_word_moves_where_only_the_order_of_the_topics_changes(view):
    assert moving(view, used("fruit", "country"), used("country", "fruit", at=(90, 0))) == (0, [])


def test_first_topics_move_all_words_and_the_last_ones_leave_them_without(view):
    assert moving(view, used(), used("fruit"))[0] == 6
    assert moving(view, used("fruit"), used()) == (6, [(str(degree), "fruit", None) for degree in DEGREES])


def test_a_topic_under_another_name_is_another_topic(view):
    moved, examples = moving(view, used("fruit", "country"), used("fruits", "country"))
    assert (moved, examples[0]) == (3, ("0", "fruit", "fruits"))


def test_twenty_examples_are_shown_of_the_surest_that_move():
    degrees = np.linspace(0, 90, 3 * BLOCK)
    moved, examples = moving(words_at(degrees).view(), used("fruit", "country"), used("country", "fruit"))
    assert moved == 3 * BLOCK and len(examples) == 20
    surest = sorted(degrees, key=lambda degree: -abs(degree - 45))[:20]
    assert {id for id, *_ in examples} == {str(degree) for degree in surest}


def test_the_surest_and_the_least_sure_words_come_first(view):
    topics = used("fruit", "country", margin=0.1)
    surest = ordered(view, topics, "surest", None, 10)
    assert [word.id for word in surest] == ["0", "90", "20", "70", "40", "46"]
    assert (surest[0].topic, surest[-1].topic, surest[-1].reason) == ("fruit", None, "ambiguous")
    assert surest[2].text == "at 20" and surest[2].score == pytest.approx(0.940, abs=0.001)
    assert surest[2].margin == pytest.approx(0.598, abs=0.001)
    assert [word.id for word in ordered(view, topics, "unsure", None, 3)] == ["46", "40", "20"]
    assert [word.id for word in ordered(view, topics, "unsure", "country", 10)] == ["70", "90"]
    assert [word.id for word in ordered(view, topics, "surest", "fruit", 1)] == ["0"]


def test_a_word_that_is_refused_is_less_sure_than_any_that_is_answered(view):
    far = used("fruit", "country", topics={"country": 0.999})  # 70 and 46 are refused, and 70 has a large margin
    assert [word.id for word in ordered(view, far, "unsure", None, 4)] == ["46", "70", "40", "20"]
    assert [word.id for word in ordered(view, far, "surest", None, 10)][-2:] == ["70", "46"]


def test_with_a_single_topic_the_score_says_how_sure_it_is(view):
    assert [word.id for word in ordered(view, used("fruit"), "unsure", None, 2)] == ["90", "70"]
    (first,) = ordered(view, used("fruit"), "surest", None, 1)
    assert (first.id, first.margin) == ("0", None)


@pytest.mark.parametrize("limit", [1, 7, 1000, 10_000])
@pytest.mark.parametrize("topic", [None, "a", "c"])
def test_the_first_words_are_those_of_a_full_sort(limit, topic):
    random = np.random.default_rng(3)
    vectors = unit(random.standard_normal((2 * BLOCK + 500, 4)))
    vectors[100:200] = vectors[0]  # equal words come in the order in which they were added
    memory = MemoryIndex()
    memory.put([Word(str(i), str(i)) for i in range(len(vectors))], vectors)
    names, centre = ("a", "b", "c"), np.full(4, 0.1, np.float32)
    prototypes = Prototypes(names, unit(random.standard_normal((3, 4))), centre)
    topics = InUse(("version", "x", 0), "adapted", prototypes, Thresholds(score=0.3, margin=0.05), {})
    found = decide(prototypes.scores(vectors), topics.thresholds, names)
    rows = [i for i in range(len(vectors)) if topic is None or (found.accepted[i] and names[found.best[i]] == topic)]
    for order, sign in (("unsure", 1), ("surest", -1)):
        rows.sort(key=lambda i, sign=sign: (sign * found.accepted[i], sign * found.margin[i], i))
        given = ordered(memory.view(), topics, order, topic, limit)
        assert [word.id for word in given] == [str(i) for i in rows[:limit]]


def test_sizes_of_many_words_are_those_of_their_answers():
    vectors = unit(np.random.default_rng(4).standard_normal((2 * BLOCK + 500, 2)))
    memory = MemoryIndex()
    memory.put([Word(str(i), str(i)) for i in range(len(vectors))], vectors)
    topics = used("fruit", "country", score=0.5)
    found = decide(topics.prototypes.scores(vectors), topics.thresholds, topics.prototypes.names)
    expected = [int((found.accepted & (found.best == i)).sum()) for i in (0, 1)]
    assert sizes(memory.view(), topics).topics == [
        TopicSize(topic=name, words=count) for name, count in zip(topics.prototypes.names, expected, strict=True)
    ]
