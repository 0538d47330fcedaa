"""Two real models on the bundled labelled words: the default one, and the static one that is made of its tokens."""

from pathlib import Path

import numpy as np
import pytest

from indexer.comparison.candidates import candidate
from indexer.comparison.comparing import compare
from indexer.comparison.sample import sample_of
from indexer.embedders import load_embedder
from indexer.readers import read_labelled
from indexer.settings import DEFAULT_MODEL, Settings
from tests.second_model import second_model

LABELLED = Path("indexer/examples/labelled.csv").absolute()


@pytest.mark.parametrize("dimension", [384, 128])
def test_a_folder_of_token_vectors_is_loaded_and_few_texts_are_as_many(tmp_path, dimension):
    model = load_embedder(str(second_model(tmp_path / "static", dimension)), Settings())
    texts = [f"{word} {i}" for i in range(40) for word in ("mango", "the capital of India")]
    many = model.embed(texts)
    assert many.shape == (80, dimension) and np.linalg.norm(many, axis=1) == pytest.approx(1, abs=1e-5)
    assert model.embed(texts[:2]) == pytest.approx(many[:2], abs=1e-6)
    assert (model.identity.name, model.identity.dimension) == ("static", dimension)
    assert len(model.identity.revision) == 12 and not any(model.truncated(["word " * 5000]))
    assert model.embed(["mango"])[0] @ model.embed(["papaya"])[0] > model.embed(["mango"])[0] @ model.embed(["tax"])[0]


def test_two_real_models_are_compared(tmp_path):
    rows = list(read_labelled(LABELLED))
    models = (DEFAULT_MODEL, str(second_model(tmp_path / "static")))
    found = compare(sample_of(rows, 42), [candidate(model, Settings()) for model in models])
    minilm, static = found.models
    assert (minilm.name, static.name) == (DEFAULT_MODEL, "static") and minilm.dimension == static.dimension == 384
    assert minilm.error is static.error is None
    assert minilm.accuracy.labels.value > static.accuracy.labels.value > 0.2
    assert static.texts_per_second > minilm.texts_per_second
    assert 0 < found.agreement[0].neighbours.value < 1 and found.disagreeing > 0
