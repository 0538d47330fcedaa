"""Vectors of recent questions, over a model that counts what it is asked."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from indexer import Engine
from indexer.embedders.recent import RecentVectors
from tests.model import AxisEmbedder


@pytest.fixture
def recent(model):
    return RecentVectors(model, 3)


def test_a_question_that_was_asked_before_needs_no_model(recent, model):
    first = recent.embed(["fruit", "animal"])
    again = recent.embed(["animal", "fruit", "animal"])
    assert model.texts == ["fruit", "animal"]
    assert np.array_equal(again, first[[1, 0, 1]]) and again.dtype == np.float32
    assert recent.identity == model.identity


def test_only_what_is_new_is_asked_and_each_text_once(recent, model):
    recent.embed(["fruit"])
    vectors = recent.embed(["company", "fruit", "company"])
    assert model.texts == ["fruit", "company"]
    assert np.array_equal(vectors, AxisEmbedder().embed(["company", "fruit", "company"]))


def test_what_a_caller_does_to_its_vectors_changes_no_later_answer(recent, model):
    expected = AxisEmbedder().embed(["fruit"])
    for _ in range(3):
        vectors = recent.embed(["fruit"])
        assert np.array_equal(vectors, expected)
        vectors += 1
    assert model.texts == ["fruit"]


def test_the_text_that_was_asked_longest_ago_goes_first(recent, model):
    for text in ("a", "b", "c", "a", "d"):  # a was asked again: b goes
        recent.embed([text])
    model.texts.clear()
    recent.embed(["a", "c", "d"])
    assert model.texts == []
    recent.embed(["b"])
    assert model.texts == ["b"]


def test_many_texts_at_once_are_neither_kept_nor_looked_up(recent, model):
    many = [f"text {i}" for i in range(64)]
    recent.embed(many[:1])
    recent.embed(many)
    assert model.texts == many[:1] + many
    recent.embed(many[1:2])
    assert model.texts[-1] == many[1]
    assert recent.embed([]).shape == (0, 8) and recent.truncated([]) == []


def test_a_long_text_is_not_kept(recent, model):
    for _ in range(2):
        recent.embed(["long " * 1_000])
    assert len(model.texts) == 2


def test_whether_a_text_is_cut_is_kept_too(recent, model, monkeypatch):
    asked = []
    monkeypatch.setattr(model, "truncated", lambda texts, _role: asked.extend(texts) or [text == "b" for text in texts])
    assert recent.truncated(["a", "b"]) == [False, True]
    assert recent.truncated(["b", "a", "c"]) == [True, False, False]
    assert asked == ["a", "b", "c"]


def test_an_error_of_the_model_is_the_callers_and_nothing_is_kept(recent, model, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(model, "embed", lambda _texts, _role: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            recent.embed(["fruit"])
    assert np.array_equal(recent.embed(["fruit"]), AxisEmbedder().embed(["fruit"]))


def test_many_threads_get_the_vectors_of_their_own_texts():
    recent, texts = RecentVectors(AxisEmbedder(), 5), [f"fruit {i}" for i in range(8)]
    expected, wrong = AxisEmbedder().embed(texts), []

    def ask(first):
        for i in range(first, first + 300):
            if not np.array_equal(recent.embed([texts[i % 8]])[0], expected[i % 8]):
                wrong.append(i)

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize(("serving", "size", "asked"), [(True, 10, 1), (True, 0, 2), (False, 10, 2)])
def test_a_server_keeps_them_unless_it_is_told_not_to(serving, size, asked, settings, model):
    with Engine(replace(settings, query_cache=size), serving=serving, load=lambda _: model) as engine:
        for _ in range(2):
            engine.embedder().embed(["fruit"])
    assert len(model.texts) == asked
