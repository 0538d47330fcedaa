"""The way that many texts take, and from when on."""

from functools import partial

import numpy as np
import pytest

from indexer.embedders import faster, local
from indexer.embedders.faster import FasterBulk, _Way
from indexer.embedders.onnx.encoder import load_encoder
from tests.model import AxisEmbedder

MANY = [f"fruit {i}" for i in range(64)]


class Encoder:
    """Stands in for an encoder; and for another way, with vectors of its own."""

    def __init__(self, vectors=None):
        self.calls, self._vectors = 0, vectors or AxisEmbedder().embed

    def embed_many(self, texts):
        self.calls += 1
        return self._vectors(texts)


@pytest.fixture
def taken(monkeypatch):
    """Return a bulk of an encoder, its encoder, and the other way that it takes from 128 texts on."""

    def take(load):
        monkeypatch.setattr(faster, "_way", lambda *_: _Way(128, load))
        encoder = Encoder()
        return FasterBulk(encoder, "", serving=False), encoder

    return take


def test_another_way_is_taken_once_it_pays(taken):
    other, loaded = Encoder(), []
    bulk, encoder = taken(lambda: loaded.append(1) or other.embed_many)
    expected = AxisEmbedder().embed(MANY)
    assert np.array_equal(bulk.embed(MANY), expected)
    assert (encoder.calls, other.calls) == (1, 0)
    for _ in range(2):
        assert np.array_equal(bulk.embed(MANY), expected)
    assert (encoder.calls, other.calls) == (2, 3)  # one of each compares a sample
    assert loaded == [1]


def test_a_way_with_other_vectors_is_not_taken(taken):
    bulk, _ = taken(lambda: Encoder(lambda texts: AxisEmbedder().embed([text[::-1] for text in texts])).embed_many)
    for _ in range(3):
        assert np.array_equal(bulk.embed(MANY), AxisEmbedder().embed(MANY))


def test_a_way_that_cannot_be_loaded_is_not_missed(taken):
    bulk, _ = taken(lambda: 1 / 0)
    for _ in range(3):
        assert np.array_equal(bulk.embed(MANY), AxisEmbedder().embed(MANY))


def test_without_bfloat16_there_is_no_faster_way(monkeypatch):
    monkeypatch.setattr(faster, "_processor_flags", lambda: {"avx2"})
    assert faster._way(Encoder(), "", serving=False) is None


def test_every_way_gives_the_vectors_of_the_bundled_model():
    folder = local._bundled_folder()
    encoder = load_encoder(folder, mapped=True)
    texts = [f"{word} {i}" for i in range(20) for word in ("Mango", "capital of India", "Google", "a walk by the sea")]
    expected = encoder.embed_many(texts)
    for load in (partial(faster._through_openvino, encoder), partial(faster._through_torch, str(folder), True)):
        assert np.einsum("ij,ij->i", load()(texts), expected).min() >= 0.9995
