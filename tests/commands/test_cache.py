"""`topicdex cache`: what is kept beside all stores."""

import numpy as np
import pytest

from indexer.embedders.vector_cache import VectorCache

MODEL = ("openai:m", "https://api.example/v1/")


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPICDEX_CACHE", str(tmp_path / "cache"))
    cache = VectorCache(tmp_path / "cache", 10**9)
    cache.put(MODEL, {str(i): np.ones(512, dtype=np.float32) for i in range(500)})
    yield cache
    cache.close()


def test_it_is_shown_pruned_and_emptied(kept, call):
    code, out, _ = call("cache", "info")
    assert (code, out.splitlines()[2]) == (0, "vectors\t500")
    assert str(kept.file) in out
    call("cache", "prune")
    assert kept.size().vectors == 500, "it is below its limit"
    call("cache", "prune", "--to", 1)
    assert 0 < kept.size().vectors < 500
    assert kept.size().bytes <= 10**6
    code, out, _ = call("cache", "clear")
    assert (code, kept.size().vectors, out.splitlines()[2]) == (0, 0, "vectors\t0")


def test_where_there_is_none_it_says_so(kept, call, monkeypatch):
    monkeypatch.setenv("TOPICDEX_CACHE_SIZE", "0")
    code, _, err = call("cache", "info")
    assert (code, err.startswith("topicdex: not_found: ")) == (1, True)
