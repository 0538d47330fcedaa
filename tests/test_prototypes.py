"""Scores of vectors with named points, which may have a centre."""

import numpy as np
import pytest

from indexer.prototypes import Prototypes

AXES = np.eye(3, dtype=np.float32)


def test_a_score_is_the_cosine_and_with_a_centre_the_cosine_as_seen_from_there():
    vector = np.array([[0.6, 0.8, 0.0]], np.float32)
    assert Prototypes(("a", "b", "c"), AXES).scores(vector) == pytest.approx(vector)
    centred = Prototypes(("a", "b"), AXES[:2], centre=np.array([0.6, 0.0, 0.0], np.float32))
    assert centred.scores(vector) == pytest.approx(np.array([[0.0, 1.0]]))


def test_no_score_leaves_what_a_cosine_can_be():
    vector = np.full((1, 3), 0.57736, np.float32)
    scores = Prototypes(("a", "b"), np.concatenate([vector, -vector])).scores(vector)
    assert scores.tolist() == [[1.0, -1.0]]


@pytest.mark.parametrize(("n", "t"), [(0, 2), (2, 0), (0, 0)])
def test_nothing_with_nothing_has_a_shape(n, t):
    nothing = np.empty((0, 0), np.float32)
    prototypes = Prototypes(("a", "b")[:t], AXES[:t] if t else nothing)
    assert prototypes.scores(AXES[:n] if n else nothing).shape == (n, t)
    assert len(prototypes) == t


def test_other_names_stand_for_the_same_points():
    named = Prototypes(("0", "1"), AXES[:2], AXES[2]).named(["fruit", "country"])
    assert named.names == ("fruit", "country")
    assert (named.vectors == AXES[:2]).all() and (named.centre == AXES[2]).all()
