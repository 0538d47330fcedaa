"""Calls that share a batch, over work that can be held up."""

import threading
import time
from collections.abc import Sequence

import pytest

from indexer.batching import SharedCalls


class Lengths:
    """Answers a text with its length; holds the first batch until `go`, and keeps all batches."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.started, self.go = threading.Event(), threading.Event()

    def run(self, texts: Sequence[str]) -> list[int]:
        self.batches.append(list(texts))
        self.started.set()
        self.go.wait(10)
        if "bad" in texts:
            raise ValueError("no answer to it")
        return [len(text) for text in texts]


def test_calls_that_wait_share_a_batch_and_get_their_own_answers() -> None:
    work = Lengths()
    shared = SharedCalls(work.run, 3)
    answers: dict[str, int] = {}

    def ask(text: str) -> None:
        answers[text] = shared(text)

    first = threading.Thread(target=ask, args=("a",))
    first.start()
    assert work.started.wait(10)
    later = [threading.Thread(target=ask, args=(text,)) for text in ("bb", "ccc", "dddd", "eeeee")]
    for thread in later:
        thread.start()
    while len(shared._waiting) < 4:
        time.sleep(0.001)
    work.go.set()
    for thread in (first, *later):
        thread.join()
    assert answers == {"a": 1, "bb": 2, "ccc": 3, "dddd": 4, "eeeee": 5}
    assert work.batches[0] == ["a"] and len(work.batches[1]) == 3 and len(work.batches[2]) == 1
    assert sorted(work.batches[1] + work.batches[2]) == ["bb", "ccc", "dddd", "eeeee"]


def test_an_error_reaches_the_caller_and_the_next_call_is_answered() -> None:
    work = Lengths()
    work.go.set()
    shared = SharedCalls(work.run, 3)
    with pytest.raises(ValueError, match="no answer to it"):
        shared("bad")
    assert shared("good") == 4


def test_a_caller_alone_changes_no_thread() -> None:
    assert SharedCalls(lambda texts: [threading.get_ident() for _ in texts], 1)("a") == threading.get_ident()
