"""Exact search in blocks of vectors: one product a block for all queries, and the k best rows of each."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from itertools import pairwise

import numpy as np

from indexer.blocks import CORES
from indexer.vectors import Bools, Ints, Vectors

_QUERIES = 128  # in one product, which bounds the memory of its scores
_COPIED = 8  # where less than one row in so many is asked for, copying these rows costs less than the whole product
_GROUP = 64  # rows of which only the highest score is looked at first
_LOWEST = float(np.finfo(np.float32).min)
_SHARE = 100_000  # rows for each thread of a scan: fewer are read before a second thread has begun

Block = tuple[int, Vectors]  # the number of the first row, and the rows


def nearest(
    queries: Vectors, k: int, blocks: Sequence[Block], masks: Sequence[Bools], mask_of: Ints
) -> list[tuple[Ints, Vectors]]:
    """Return the rows of the k highest cosines of each query and these cosines, best first; of equal ones the first.

    `queries`: (n, dimension); `blocks`: unit rows, each with the number of its first row, in ascending order;
    `masks`: which of all rows count, (rows,) each; `mask_of`: the mask of each query, (n,).
    """
    found: list[tuple[Ints, Vectors]] = []
    shares = _shares(blocks)
    for first in range(0, len(queries), _QUERIES):
        some = slice(first, first + _QUERIES)
        scan = partial(_scan, queries[some], k, masks=masks, mask_of=mask_of[some])
        best, *others = map(scan, shares) if len(shares) == 1 else _threads().map(scan, shares)
        for other in others:
            best.take(other)
        found += best.rows()
    return found


def _scan(queries: Vectors, k: int, blocks: Sequence[Block], masks: Sequence[Bools], mask_of: Ints) -> _Best:
    best = _Best(len(queries), k)
    for start, block in blocks:
        here = np.array([mask[start : start + len(block)] for mask in masks])
        best.look_into(queries, block, start, here, mask_of)
    return best


def _shares(blocks: Sequence[Block]) -> list[Sequence[Block]]:
    """Return the blocks in a share for each thread: one core alone does not read memory at full speed."""
    rows = sum(len(block) for _, block in blocks)
    count = max(1, min(CORES, rows // _SHARE))
    ends = [round(len(blocks) * i / count) for i in range(count + 1)]
    return [blocks[begin:end] for begin, end in pairwise(ends)]


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(CORES, "topicdex-scans")


class _Best:
    """The k highest scores of each of n queries among the rows seen so far, without a step of Python a row.

    A row that can be among the k best has at least the score of the k-th best so far, and at least the k-th highest of
    the highest scores of groups of rows; so most groups are passed over by their highest score alone.
    """

    def __init__(self, n: int, k: int) -> None:
        self._n, self._k = n, k
        self._least = np.full(n, _LOWEST, dtype=np.float32)
        self._query, self._row = np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
        self._score = np.empty(0, dtype=np.float32)

    def rows(self) -> list[tuple[Ints, Vectors]]:
        """Return the rows of each query and their scores, best first."""
        ends = np.searchsorted(self._query, np.arange(1, self._n))
        return list(zip(np.split(self._row, ends), np.split(self._score, ends), strict=True))

    def take(self, other: _Best) -> None:
        """Take in the best of higher rows."""
        self._merge(other._query, other._row, other._score)

    def look_into(self, queries: Vectors, block: Vectors, start: int, masks: Bools, mask_of: Ints) -> None:
        """Compare a block of rows, numbered from `start` on and higher than all before; `masks`: (m, rows)."""
        rows = np.flatnonzero(masks.any(axis=0))
        if not len(rows):
            return
        if len(rows) * _COPIED < len(block):
            block, masks = block[rows], masks[:, rows]
        else:
            rows = np.arange(len(block))
        size = max(1, min(_GROUP, len(rows) // (4 * self._k)))
        count = -(-len(rows) // size)
        scores = np.empty((size * count, self._n), dtype=np.float32)
        scores[len(rows) :] = -np.inf
        np.matmul(block, queries.T, out=scores[: len(rows)])  # two thirds of the time of `queries @ block.T`
        if not masks.all():
            hidden = ~masks.T
            np.copyto(scores[: len(rows)], -np.inf, where=hidden if len(masks) == 1 else hidden[:, mask_of])
        self._add(scores.reshape(size, count, self._n), start + rows)

    def _add(self, groups: Vectors, rows: Ints) -> None:
        """Take in the scores, (size, count, n), of these rows: number i * count + j is the i-th of the group j."""
        count = groups.shape[1]
        highest = np.fmax.reduce(groups, axis=0).T
        highest[np.isnan(highest)] = -np.inf  # of a damaged vector; sorting would take it for the highest
        if count > self._k:
            kth = np.partition(highest, count - self._k, axis=1)[:, count - self._k]
            self._least = np.maximum(self._least, kth)
        query, group = np.nonzero(highest >= self._least[:, None])
        scores = groups[:, group, query]
        place, candidate = np.nonzero(scores >= self._least[query])
        self._merge(query[candidate], rows[place * count + group[candidate]], scores[place, candidate])

    def _merge(self, query: Ints, row: Ints, score: Vectors) -> None:
        query, row = np.concatenate([self._query, query]), np.concatenate([self._row, row])
        score = np.concatenate([self._score, score])
        order = np.lexsort((row, -score, query))
        query, row, score = query[order], row[order], score[order]
        rank = np.arange(len(query)) - np.searchsorted(query, np.arange(self._n))[query]
        last = rank == self._k - 1
        self._least[query[last]] = np.maximum(self._least[query[last]], score[last])
        kept = rank < self._k
        self._query, self._row, self._score = query[kept], row[kept], score[kept]
