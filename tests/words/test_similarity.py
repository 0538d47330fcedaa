"""How similar texts are to each other."""

import numpy as np
import pytest

from indexer.words.similarity import similarity

PLANE = {"right": [1, 0], "up": [0, 1], "between": [0.6, 0.8], "long": [1.0000001, 0]}


def test_every_row_is_compared_with_every_column_and_a_text_is_embedded_once():
    asked = []

    def embed(texts):
        asked.extend(texts)
        return np.array([PLANE[text] for text in texts], dtype=np.float32)

    table = similarity(embed, ["right", "between"], ["up", "right", "between"])
    assert asked == ["right", "between", "up"]
    assert (table.rows, table.columns) == (["right", "between"], ["up", "right", "between"])
    assert table.matrix == [pytest.approx([0, 1, 0.6]), pytest.approx([0.8, 0.6, 1])]
    assert similarity(embed, ["long", "up"]).matrix == [[1, 0], [0, 1]]  # never above 1
