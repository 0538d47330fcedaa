"""A store that version 0.1.0 wrote with the bundled model: its vectors, answers, clusters and thresholds are the same."""

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from indexer import Engine, Settings

FIXTURES = Path(__file__).parent / "fixtures"
BEFORE = json.loads((FIXTURES / "minilm-0.1.0.json").read_text("utf-8"))
ASKED = BEFORE["asked"]
MARGIN = 0.001  # below it, rounding may decide


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("earlier")
    with tarfile.open(FIXTURES / "minilm-0.1.0.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    with Engine(Settings(data=folder / "store"), serving=True) as engine:
        engine.words.load()
        yield engine


def assert_same(answers, before):
    for answer, earlier in zip(answers, before, strict=True):
        assert answer.threshold == earlier["threshold"]
        assert answer.score == pytest.approx(earlier["score"], abs=1e-4)
        if abs(earlier["margin"] - 0.02) > MARGIN and earlier["margin"] > MARGIN:
            assert (answer.topic, answer.reason) == (earlier["topic"], earlier["reason"])


def test_the_model_is_still_the_same_and_gives_the_stored_vectors(engine):
    engine.check_model()
    stored = engine.words.load().all_words()
    embedder = engine.embedder()
    assert embedder.identity == engine.store.model()
    cosines = (embedder.embed(stored.texts) * stored.vectors).sum(axis=1)
    assert cosines.mean() > 0.9999 and cosines.min() > 0.9998  # 0.1.0 embedded many texts in bfloat16


def test_topics_answer_as_before_from_their_labels_and_grown(engine):
    assert_same(engine.topics.nearest(ASKED, 3, "adapted"), BEFORE["adapted"])
    labels = engine.topics.nearest(ASKED, 3, "label")
    for answer, earlier in zip(labels, BEFORE["label"], strict=True):
        assert answer.score == pytest.approx(earlier["score"], abs=1e-4)
        if earlier["margin"] > MARGIN:
            assert answer.matches[0].topic == earlier["topic"]


def test_thresholds_and_clusters_are_as_before(engine):
    assert (engine.topics.thresholds().score, engine.topics.thresholds().margin) == (0.2, 0.02)
    answers = engine.clusterings.nearest(ASKED, 1, BEFORE["clustering"])
    for answer, (cluster, score) in zip(answers, BEFORE["clusters"], strict=True):
        assert answer.matches[0].score == pytest.approx(score, abs=1e-4)
        assert answer.matches[0].cluster == cluster


def test_nearest_words_and_the_matrix_are_as_before(engine):
    for answer, before in zip(engine.words.nearest(ASKED[:40], 5), BEFORE["words"], strict=True):
        assert [match.score for match in answer.matches] == pytest.approx([score for _, score in before], abs=1e-4)
        assert {match.text for match in answer.matches} == {text for text, _ in before}
    assert np.allclose(engine.similarity(ASKED[:30]).matrix, BEFORE["matrix"], atol=1e-4)
