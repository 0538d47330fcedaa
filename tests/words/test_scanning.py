"""The k best rows of each query, chosen without a step of Python a row, are those of a full sort."""

import numpy as np
import pytest

from indexer.words import scanning
from indexer.words.scanning import nearest


def expected(queries, k, vectors, masks, mask_of):
    answers = []
    for query, which in zip(queries, mask_of, strict=True):
        scores = np.where(masks[which], vectors @ query, -np.inf)
        order = np.argsort(-scores, kind="stable")
        answers.append([row for row in order[:k].tolist() if scores[row] > -np.inf])
    return answers


@pytest.mark.parametrize("k", [1, 3, 10, 700])
@pytest.mark.parametrize("n", [1, 63, 130, 3_000])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 1.0])
@pytest.mark.parametrize("threads", [1, 2])
def test_the_best_are_those_of_a_full_sort(k, n, share, threads, monkeypatch):
    monkeypatch.setattr(scanning, "_SHARE", max(1, n // threads))
    monkeypatch.setattr(scanning, "CORES", threads)
    draw = np.random.default_rng(k * n)
    vectors = (draw.integers(-4, 5, (n, 6)) / 8).astype(np.float32)  # products are exact, and many are equal
    queries = (draw.integers(-4, 5, (200, 6)) / 8).astype(np.float32)  # more than one product takes
    masks = [draw.random(n) < share, draw.random(n) < share / 2]
    mask_of = draw.integers(0, 2, 200)
    blocks = [(start, vectors[start : start + 1_000]) for start in range(0, n, 1_000)]
    found = nearest(queries, k, blocks, masks, mask_of)
    assert [rows.tolist() for rows, _ in found] == expected(queries, k, vectors, masks, mask_of)
    for query, (rows, scores) in zip(queries, found, strict=True):
        assert (scores == vectors[rows] @ query).all()


@pytest.mark.parametrize("n", [5, 500])
def test_a_damaged_vector_hides_no_other(n):
    vectors = np.tile(np.array([[0.5, 0]], dtype=np.float32), (n, 1))
    vectors[2], vectors[3] = np.nan, [1, 0]
    found = nearest(vectors[:1], 3, [(0, vectors)], [np.ones(n, dtype=bool)], np.zeros(1, dtype=np.intp))
    assert found[0][0].tolist() == [3, 0, 1]
