"""Arrays of vectors, by hand."""

import pytest

from indexer.vectors import unit


def test_unit_leaves_nothing_but_direction():
    assert unit([[3, 4], [0, 0]]).tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [0, 0]]
