"""Which texts go together in a batch."""

import numpy as np
import pytest

from indexer.embedders.batches import by_length, in_place


@pytest.mark.parametrize(
    ("lengths", "tokens", "texts", "expected"),
    [
        ([3, 1, 2], 100, 10, [[1, 2, 0]]),
        ([3, 1, 2], 100, 2, [[1, 2], [0]]),
        ([5, 1, 1, 1], 5, 10, [[1, 2, 3], [0]]),
        ([9, 8], 5, 10, [[1], [0]]),
        ([4], 100, 10, [[0]]),
    ],
)
def test_batches_are_bounded_in_padded_tokens_and_in_texts(lengths, tokens, texts, expected):
    assert [batch.tolist() for batch in by_length(np.array(lengths), tokens, texts)] == expected


def test_vectors_come_back_at_the_place_of_their_texts():
    lengths = np.array([7, 1, 5, 1, 6])
    batches = by_length(lengths, 10, 10)
    parts = [lengths[batch, None].astype(np.float32) for batch in batches]
    assert in_place(batches, parts)[:, 0].tolist() == lengths.tolist()
