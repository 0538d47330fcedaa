"""The vectors that were paid for: kept, bounded, shared, and never a reason to stop."""

import logging
import subprocess
import sys

import numpy as np
import pytest

from indexer.embedders.vector_cache import CacheSize, VectorCache

MODEL = ("openai:m", "https://api.example/v1/")


def vectors(*texts, size=4):
    return {text: np.full(size, len(text) + i, dtype=np.float32) for i, text in enumerate(texts)}


@pytest.fixture
def cache(tmp_path):
    cache = VectorCache(tmp_path / "cache", 10**9)
    yield cache
    cache.close()


def test_what_was_put_is_there_by_model_and_text(cache):
    cache.put(MODEL, vectors("a", "b"))
    found = cache.get(MODEL, ["b", "a", "c"])
    assert {text: vector.tolist() for text, vector in found.items()} == {"a": [1.0] * 4, "b": [2.0] * 4}
    assert cache.get(("openai:other", MODEL[1]), ["a"]) == {}
    assert cache.get((MODEL[0], MODEL[1] + "a"), [""]) == {}, "the parts of a key do not run together"


def test_nothing_is_made_before_a_vector_comes(cache):
    assert cache.get(MODEL, ["a"]) == {}
    assert cache.size() == CacheSize(0, 0)
    assert not cache.file.parent.exists()


def test_the_least_recently_used_go_first(tmp_path, monkeypatch):
    cache, day = VectorCache(tmp_path, 10**9), 100
    monkeypatch.setattr("indexer.embedders.vector_cache._today", lambda: day)
    cache.put(MODEL, vectors(*(f"old {i}" for i in range(400)), size=512))
    day = 101
    cache.put(MODEL, vectors(*(f"new {i}" for i in range(400)), size=512))
    day = 102
    kept = [f"old {i}" for i in range(100)]
    cache.get(MODEL, kept)
    before = cache.size()
    after = cache.prune(before.bytes * 5 // 8)
    assert after.bytes <= before.bytes * 5 // 8
    assert 400 <= after.vectors < 510
    assert len(cache.get(MODEL, kept)) == 100
    assert len(cache.get(MODEL, [f"new {i}" for i in range(400)])) == after.vectors - 100
    cache.close()


def test_it_stays_under_its_limit(tmp_path):
    cache = VectorCache(tmp_path, 1_000_000)
    for i in range(10):
        cache.put(MODEL, vectors(*(f"{i}, {j}" for j in range(100)), size=512))
        assert cache.size().bytes <= 1_000_000
    assert 250 < cache.size().vectors < 500
    cache.close()


def test_a_damaged_file_is_put_aside(cache, caplog):
    cache.put(MODEL, vectors("a"))
    cache.close()
    cache.file.write_bytes(b"this is no database, whatever it was before" * 100)
    with caplog.at_level(logging.WARNING, "topicdex"):
        assert cache.get(MODEL, ["a"]) == {}
    assert "damaged" in caplog.text
    cache.put(MODEL, vectors("a"))
    assert cache.get(MODEL, ["a"]).keys() == {"a"}
    assert cache.file.with_suffix(".damaged").exists()


def test_a_cache_that_cannot_be_written_is_said_once_and_stops_nothing(tmp_path, caplog):
    (tmp_path / "a file").write_text("where the folder should be")
    cache = VectorCache(tmp_path / "a file", 10**9)
    with caplog.at_level(logging.WARNING, "topicdex"):
        cache.put(MODEL, vectors("a"))
        cache.put(MODEL, vectors("b"))
        assert cache.get(MODEL, ["a"]) == {}
    assert caplog.text.count("cannot be used") == 1


def test_a_full_disk_stops_nothing_and_loses_nothing(cache, caplog):
    cache.put(MODEL, vectors("a"))
    [pages] = cache._connection.execute("PRAGMA page_count").fetchone()
    cache._connection.execute(f"PRAGMA max_page_count = {pages}")  # SQLite then says what it says on a full disk
    with caplog.at_level(logging.WARNING, "topicdex"):
        cache.put(MODEL, vectors(*map(str, range(500)), size=512))
    assert "full" in caplog.text
    assert cache.get(MODEL, ["a", "1"]).keys() == {"a"}


def test_processes_share_it(cache, tmp_path):
    code = (
        "import sys, numpy as np; from pathlib import Path; from indexer.embedders.vector_cache import VectorCache\n"
        "cache = VectorCache(Path(sys.argv[1]), 10**9)\n"
        f"for i in range(50): cache.put({MODEL!r}, {{f'{{sys.argv[2]}} {{i}}': np.ones(8, np.float32)}})\n"
    )
    writing = [subprocess.Popen([sys.executable, "-c", code, str(cache.file.parent), name]) for name in "ab"]
    assert [process.wait(60) for process in writing] == [0, 0]
    assert len(cache.get(MODEL, [f"{name} {i}" for name in "ab" for i in range(50)])) == 100
