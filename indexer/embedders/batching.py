"""Batches that simultaneous calls share: sixteen words in one batch take a model twice the time of one word."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from indexer.vectors import Vectors


@dataclass(frozen=True)
class _Call:
    texts: Sequence[str]
    answer: Future[Vectors] = field(default_factory=Future)


class SharedBatches:
    """One thread that embeds the texts of all waiting calls together."""

    def __init__(self, encode: Callable[[Sequence[str]], Vectors], prepare: Callable[[], None]) -> None:
        """Run `prepare`, and then `encode` for each batch, in a thread of its own."""
        self._encode = encode
        self._waiting: deque[_Call] = deque()
        self._thread = ThreadPoolExecutor(1, "topicdex-lookups", initializer=prepare)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of the texts, (n, dimension); raises what `encode` raises."""
        call = _Call(texts)
        self._waiting.append(call)
        self._thread.submit(self._answer)
        return call.answer.result()

    def _answer(self) -> None:
        calls = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not calls:
            return  # an earlier batch had the texts of this call too
        try:
            vectors = self._encode([text for call in calls for text in call.texts])
        except BaseException as error:
            for call in calls:
                call.answer.set_exception(error)
            return
        first = 0
        for call in calls:
            call.answer.set_result(vectors[first : first + len(call.texts)])
            first += len(call.texts)
