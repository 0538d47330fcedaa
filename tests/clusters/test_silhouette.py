"""The silhouette, on vectors whose distances can be checked by hand."""

import numpy as np
import pytest

from indexer.clusters.silhouette import silhouette
from indexer.vectors import unit


def test_silhouette_of_four_texts_by_hand() -> None:
    # Own cluster at distance 0, the other at 1 (right angles): (1 - 0) / 1 for each.
    right_angles = unit([[1, 0], [1, 0], [0, 1], [0, 1]])
    assert silhouette(right_angles, np.array([0, 0, 1, 1])) == pytest.approx(1)
    # Paired across: own at distance 1, the other at (0 + 1) / 2: (0.5 - 1) / 1.
    assert silhouette(right_angles, np.array([0, 1, 0, 1])) == pytest.approx(-0.5)


def test_silhouette_counts_a_text_alone_and_a_single_cluster_as_zero() -> None:
    vectors = unit([[1, 0], [1, 0], [0, 1]])
    assert silhouette(vectors, np.array([0, 0, 2])) == pytest.approx(2 / 3)
    assert silhouette(vectors, np.array([0, 0, 0])) == 0
