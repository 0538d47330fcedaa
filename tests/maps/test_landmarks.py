"""Which words become landmarks."""

import numpy as np

from indexer.maps.landmarks import draw_landmarks, same_rows
from indexer.vectors import unit
from tests.maps.views import topics, view


def ignore(share: float) -> None:
    assert 0 <= share <= 1


def test_all_different_words_are_landmarks_where_there_are_few() -> None:
    vectors = topics(50)
    drawn = draw_landmarks(view(np.vstack([vectors, vectors])), 1_000, None, 42, ignore)
    assert sorted(map(bytes, drawn)) == sorted(map(bytes, vectors))


def test_a_small_group_like_nothing_else_has_a_landmark_whatever_the_seed() -> None:
    crowd = topics(10_000)
    rng = np.random.default_rng(9)
    group = unit(rng.normal(size=48) + 0.1 * rng.normal(size=(20, 48)))
    words = view(np.vstack([crowd[:6_000], group, crowd[6_000:]]))
    for seed in range(3):
        drawn = draw_landmarks(words, 200, None, seed, ignore)
        assert len(drawn) == len({row.tobytes() for row in drawn}) == 200
        assert (same_rows(drawn, group) >= 0).any()


def test_landmarks_of_an_earlier_map_stay_while_their_words_do() -> None:
    vectors = topics(3_000)
    first = draw_landmarks(view(vectors), 100, None, 42, ignore)
    gone = [i for i, row in enumerate(same_rows(vectors, first)) if row >= 0][:30]
    again = draw_landmarks(view(vectors, buried=gone), 100, first, 7, ignore)
    assert len(again) == 100
    assert (same_rows(again, first) >= 0).sum() == 70
    assert not (same_rows(again, vectors[gone]) >= 0).any()


def test_the_draw_does_not_depend_on_the_order_of_the_rows() -> None:
    vectors = topics(500)
    one, other = view(vectors), view(vectors)
    order = np.random.default_rng(0).permutation(500)
    for i, row in enumerate(order.tolist()):
        other.recent[i] = one.recent[row]  # type: ignore[index]
        other.recent_blocks[0][i] = vectors[row]
    drawn = [draw_landmarks(each, 60, None, 42, ignore) for each in (one, other)]
    assert np.array_equal(drawn[0], drawn[1])
