"""Calls that come at once share a batch: sixteen words together take a model twice the time of one."""

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
    """One thread that embeds what waits for it, all callers' texts together."""

    def __init__(self, encode: Callable[[Sequence[str]], Vectors], prepare: Callable[[], None]) -> None:
        """Use `encode` in a thread that `prepare` has run in."""
        self._encode = encode
        self._waiting: deque[_Call] = deque()
        self._thread = ThreadPoolExecutor(1, "topicdex-lookups", initializer=prepare)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of the texts, (n, dimension)."""
        call = _Call(texts)
        self._waiting.append(call)
        self._thread.submit(self._answer)
        return call.answer.result()

    def _answer(self) -> None:
        calls: list[_Call] = []
        while self._waiting:
            calls.append(self._waiting.popleft())
        if not calls:
            return  # an earlier turn took this caller's texts along
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
