"""Paid models: requests in flight against one at a time, at a server that answers as the OpenAI API does."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from statistics import median

from indexer.embedders import load_embedder
from indexer.embedders.openai import embedder as openai
from indexer.settings import Settings
from scripts.benchmarks.machine import TITLES, Work
from tests.embedders.paid_api import KEY, PaidAPI

MODEL = "openai:text-embedding-3-small"
ANSWERS_AFTER_S = 0.2


def paying(work: Work) -> None:
    """Embed 20,000 titles with 8 requests in flight and with one, side by side."""
    texts = work.texts(TITLES, 20_000)
    with PaidAPI() as api, tempfile.TemporaryDirectory() as folder:
        os.environ |= {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": api.url}
        api.answers_after = ANSWERS_AFTER_S
        times: dict[int, list[float]] = {8: [], 1: []}
        for round in range(work.rounds):
            for in_flight, taken in times.items():
                openai._IN_FLIGHT = in_flight
                # batches of one size, so that the number of requests is the same
                openai._TEXTS = openai._LEAST_TEXTS = 256
                embedder = load_embedder(MODEL, Settings(cache=f"{folder}/{in_flight}-{round}"))
                begin = time.monotonic()
                embedder.embed(texts)
                taken.append(time.monotonic() - begin)
        eight, one = (median(taken) for taken in times.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"  20,000 titles: 8 in flight {eight:.2f} s, one {one:.2f} s, {one / eight:.1f} x; peak memory {peak:.0f} MB"
    )
