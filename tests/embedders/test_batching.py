"""Batches that simultaneous calls share, with an encoder that can be held up."""

import threading
import time
from collections.abc import Sequence

import numpy as np
import pytest

from indexer.embedders.batching import SharedBatches
from indexer.vectors import Vectors


class Lengths:
    """Embeds a text as its length; holds the first batch until `go`, and keeps all batches."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.started, self.go = threading.Event(), threading.Event()

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.batches.append(list(texts))
        self.started.set()
        self.go.wait(10)
        if "bad" in texts:
            raise ValueError("no vector for it")
        return np.array([[len(text)] for text in texts], np.float32)


def test_calls_that_wait_share_a_batch_and_get_their_own_rows() -> None:
    model = Lengths()
    shared = SharedBatches(model.encode, lambda: None)
    answers: dict[str, list[float]] = {}

    def ask(*texts: str) -> None:
        answers[texts[0]] = shared.embed(texts)[:, 0].tolist()

    first = threading.Thread(target=ask, args=("a",))
    first.start()
    assert model.started.wait(10)
    later = [threading.Thread(target=ask, args=texts) for texts in (("bb", "ccc"), ("dddd",))]
    for thread in later:
        thread.start()
    while len(shared._waiting) < 2:
        time.sleep(0.001)
    model.go.set()
    for thread in (first, *later):
        thread.join()
    assert answers == {"a": [1], "bb": [2, 3], "dddd": [4]}
    assert model.batches[0] == ["a"] and sorted(model.batches[1]) == ["bb", "ccc", "dddd"]
    assert len(model.batches) == 2


def test_an_error_reaches_the_caller_and_the_next_call_is_answered() -> None:
    model = Lengths()
    model.go.set()
    shared = SharedBatches(model.encode, lambda: None)
    with pytest.raises(ValueError, match="no vector for it"):
        shared.embed(["bad"])
    assert shared.embed(["good"]).tolist() == [[4]]
