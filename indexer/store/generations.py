"""The generations of a store: it has one model at a time, and no answer mixes the vectors of two."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

Answer = TypeVar("Answer")
Given = ParamSpec("Given")


class Generations:
    """A counter of the changes of the model; `number` names the present generation in the keys of what is kept."""

    def __init__(self) -> None:
        self.number = 0
        self._changing = False
        self._steady = threading.Condition()

    def read(self, answer: Callable[[], Answer]) -> Answer:
        """Return what `answer` returns within one generation; it is called again where the model changed meanwhile.

        It must change nothing. Do not call this while the model is being changed by the same thread.
        """
        while True:
            with self._steady:
                self._steady.wait_for(lambda: not self._changing)
                number = self.number
            try:
                answered = answer()
            except Exception:  # whatever vectors of two models lead to, such as a product of two lengths
                if self.number == number:
                    raise
            else:
                if self.number == number:
                    return answered

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Begin a new generation with a change of the model; until the block ends, `read` waits."""
        with self._steady:
            self._changing = True
            self.number += 1
        try:
            yield
        finally:
            with self._steady:
                self._changing = False
                self._steady.notify_all()


class _OverAStore(Protocol):
    @property
    def generations(self) -> Generations: ...


Owner = TypeVar("Owner", bound=_OverAStore)


def of_one_model(
    method: Callable[Concatenate[Owner, Given], Answer],
) -> Callable[Concatenate[Owner, Given], Answer]:
    """Make a method that only reads, whose object has `generations`, answer within one generation of the store."""

    @wraps(method)
    def reading(owner: Owner, /, *args: Given.args, **options: Given.kwargs) -> Answer:
        return owner.generations.read(lambda: method(owner, *args, **options))

    return reading
