"""Two topics as axes."""

import numpy as np
import pytest

from indexer.contract.maps import WIDTH
from indexer.maps.axes import along
from indexer.prototypes import Prototypes
from indexer.vectors import unit
from tests.maps.views import view

TOPICS = Prototypes(("x", "y", "z"), np.eye(3, dtype=np.float32))


def test_a_word_lies_by_its_score_for_one_topic_and_for_the_other() -> None:
    words = unit([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [-1, 0, 0]])
    found = along(view(words, buried=[2]), TOPICS, 0, 1)
    assert (found.low, found.high) == (-1, 1)
    middle, most = round(WIDTH / 2), round((0.5**0.5 + 1) * WIDTH / 2)
    assert found.positions.tolist() == [[WIDTH, middle], [middle, WIDTH], [most, most], [0, middle]]
    assert along(view(words), TOPICS, 2, 0).positions[2].tolist() == [WIDTH, middle]


def test_scores_are_those_of_centred_prototypes() -> None:
    centred = Prototypes(("x", "y"), np.eye(3, dtype=np.float32)[:2], centre=np.array([0, 0, 1], dtype=np.float32))
    found = along(view(unit([[0.6, 0, 0.8], [0, 0.6, 0.8]])), centred, 0, 1)
    assert found.high == pytest.approx(0.6 / (0.36 + 0.04) ** 0.5)


def test_words_that_all_score_the_same_lie_in_the_middle_and_none_lie_nowhere() -> None:
    found = along(view(unit([[1, 1, 0], [1, 1, 0]])), TOPICS, 0, 1)
    assert found.positions.tolist() == [[32_768, 32_768]] * 2
    assert found.low == found.high
    nobody = along(view(unit([[1, 1, 0]]), buried=[0]), TOPICS, 0, 1)
    assert nobody.positions.shape == (0, 2)
