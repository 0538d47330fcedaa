"""What a map keeps, against the definitions."""

import numpy as np
import pytest
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

from indexer.maps.placing import on_map
from indexer.maps.quality import quality
from tests.maps.views import topics


def test_both_figures_are_those_of_scikit_learn() -> None:
    vectors = topics(500)
    positions = on_map(vectors[:, :2] * 30_000 + 32_768)
    found = quality(vectors, positions, lambda share: None)
    true, seen = (
        NearestNeighbors(n_neighbors=15).fit(rows).kneighbors(return_distance=False)
        for rows in (vectors, positions.astype(float))
    )
    kept = np.mean([len(set(a) & set(b)) / 15 for a, b in zip(true.tolist(), seen.tolist(), strict=True)])
    assert found.neighbours_kept == pytest.approx(kept, abs=1e-3)
    assert found.trustworthiness == pytest.approx(trustworthiness(vectors, positions, n_neighbors=15), abs=1e-3)
    assert found.sample == 500


def test_a_map_in_two_dimensions_of_a_plane_keeps_everything() -> None:
    angles = np.sort(np.random.default_rng(0).uniform(0, 1, size=200))
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    found = quality(vectors, on_map(np.stack([angles * 60_000, np.zeros(200)], axis=1)), lambda share: None)
    assert found.neighbours_kept == pytest.approx(1, abs=0.02)
    assert found.trustworthiness == pytest.approx(1, abs=0.001)


def test_all_in_one_place_is_counted_without_failing() -> None:
    found = quality(topics(100), np.full((100, 2), 7, dtype=np.uint16), lambda share: None)
    assert found.neighbours_kept is not None and 0 <= found.neighbours_kept < 0.5


def test_too_few_words_have_no_figure() -> None:
    found = quality(topics(31), np.zeros((31, 2), dtype=np.uint16), lambda share: None)
    assert (found.neighbours_kept, found.trustworthiness, found.sample) == (None, None, 31)
