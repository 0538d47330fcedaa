"""Many texts in batches: which texts go together, and the threads that embed one batch each.

Cores that share a batch wait for each other at every step: on a busy machine, two of them were slower than one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from indexer.blocks import lower_priority
from indexer.vectors import Vectors

Rows = npt.NDArray[np.integer]

BULK = 64  # a call with this many texts or more is no lookup
TOKENS = 1_024  # in a batch of many texts: its memory stays small, and there are batches for every core
TEXTS = 128  # in a batch of many texts


def by_length(lengths: Rows, tokens: int, texts: int) -> list[Rows]:
    """Return the positions of texts in batches, shortest first, from their numbers of tokens, (n,).

    A batch has at most `texts` texts and, all padded to its longest, at most `tokens` tokens, or one text.
    """
    order = np.argsort(lengths, kind="stable")
    batches, first = list[Rows](), 0
    for end in range(1, len(order) + 1):
        if end == len(order) or (end + 1 - first) * lengths[order[end]] > tokens or end - first == texts:
            batches.append(order[first:end])
            first = end
    return batches


def in_place(batches: Sequence[Rows], parts: Iterable[Vectors]) -> Vectors:
    """Return the vectors of batches, (n, dimension), each at the position of its text."""
    rows = np.vstack(list(parts))
    vectors = np.empty_like(rows)
    vectors[np.concatenate(batches)] = rows
    return vectors


def maybe_cut(texts: Sequence[str], longest: int) -> list[int]:
    """Return the positions of the texts that may have more than `longest` tokens; the others need no tokenizer.

    A token covers at least one byte, and two tokens stand around each text.
    """
    return [i for i, text in enumerate(texts) if len(text.encode("utf-8")) > longest - 2]


def bulk_threads(workers: int, *, serving: bool, prepare: Callable[[], object] = lambda: None) -> ThreadPoolExecutor:
    """Return threads that run `prepare` first; with `serving`, all other threads go before them."""

    def start() -> None:
        prepare()
        if serving:
            lower_priority()

    return ThreadPoolExecutor(workers, "topicdex-bulk", initializer=start)
