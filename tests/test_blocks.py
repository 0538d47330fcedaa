"""Blocks of rows on threads: their order, their end, and the threads of BLAS meanwhile."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from indexer import blocks
from indexer.blocks import BLOCK, blas_threads, in_blocks
from indexer.clusters.kmeans import kmeans
from tests.clusters.vectors import groups

CORES = (1, 2, 5)


@pytest.fixture
def cores(monkeypatch):
    """Give the blocks as many threads as are asked for."""

    def give(number):
        monkeypatch.setattr(blocks, "CORES", number)
        blocks._pool.cache_clear()

    yield give
    monkeypatch.undo()
    blocks._pool.cache_clear()


@pytest.mark.parametrize("n", [1, BLOCK, BLOCK + 1, 10 * BLOCK - 1])
def test_the_blocks_cover_all_rows_in_their_order(n):
    rows = [row for block in in_blocks(lambda block: range(block.start, block.stop), n) for row in block]
    assert rows == list(range(n))


def test_no_rows_have_no_blocks():
    assert list(in_blocks(lambda block: block, 0)) == []


def test_blocks_are_worked_on_at_once_and_come_in_order_though_the_first_ends_last(cores):
    cores(2)
    second = threading.Event()

    def work(block):
        if block.start == 0:
            assert second.wait(10)
        else:
            second.set()
        return block.start

    assert list(in_blocks(work, 3 * BLOCK)) == [0, BLOCK, 2 * BLOCK]


def test_an_error_in_a_block_comes_out_and_the_rest_is_left(cores):
    cores(2)
    begun = []

    def work(block):
        begun.append(block.start)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(in_blocks(work, 1000 * BLOCK))
    assert len(begun) < 20


@pytest.mark.skipif(not hasattr(os, "setpriority"), reason="threads have no priority of their own")
def test_the_threads_let_others_go_first(cores):
    cores(2)
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    nice = set(in_blocks(lambda _: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()), 4 * BLOCK))
    assert nice == {10} and own < 10


def test_clusters_do_not_depend_on_the_number_of_cores(cores):
    vectors, _ = groups([5_000, 4_000, 3_000, 2_000], spread=1.0)
    found = []
    for number in CORES:
        cores(number)
        with blas_threads.one():
            found.append(kmeans(vectors, 12))
    for other in found[1:]:
        assert np.array_equal(found[0].centroids, other.centroids)
        assert np.array_equal(found[0].labels, other.labels)


def blas():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_blas_has_its_threads_again_when_the_last_of_two_has_ended():
    with threadpool_limits(2, user_api="blas"):
        first, second = blas_threads.one(), blas_threads.one()
        first.__enter__()
        second.__enter__()
        assert blas() == {1}
        first.__exit__(None, None, None)
        assert blas() == {1}
        second.__exit__(None, None, None)
        assert blas() == {2}
