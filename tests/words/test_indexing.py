"""Indexing of files: what is counted, and what may be pruned."""

import sqlite3
from contextlib import closing

import pytest

from indexer import Engine
from indexer.contract.words import Counts
from indexer.errors import InvalidRequest
from indexer.readers.survey import survey
from indexer.words import upsert
from indexer.words.indexing import Indexing
from tests.words.conftest import word


def indexing(engine, *ids):
    sources = [lambda: iter([word(f"fruit {id}", id) for id in ids])]
    return Indexing(engine, sources, survey(sources))


def test_the_counts_so_far_are_given_after_each_batch(engine, monkeypatch):
    monkeypatch.setattr(upsert, "BATCH", 2)
    seen = []
    summary = indexing(engine, *"aabcd").run(on_batch=seen.append)
    assert [counts.added for counts in seen] == [2, 4]
    assert summary.counts == seen[-1] == Counts(added=4, embedded=4)
    assert (summary.skipped.total(), summary.removed) == (1, 0)


def test_the_last_words_are_written_with_those_before_them(engine, monkeypatch):
    monkeypatch.setattr(upsert, "BATCH", 10)
    monkeypatch.setattr(upsert, "LOOKUP", 7)
    seen = []
    indexing(engine, *map(str, range(25))).run(on_batch=seen.append)
    assert [counts.added for counts in seen] == [10, 25]
    seen.clear()
    assert indexing(engine, *map(str, range(28))).run(on_batch=seen.append).counts == Counts(3, 0, 25, 3)
    assert seen[-1].added == 3


def test_the_index_on_disk_has_every_row_of_a_long_indexing(settings, model):
    with Engine(settings, load=lambda _: model) as engine:
        indexing(engine, *map(str, range(2_100))).run()
    with closing(sqlite3.connect(settings.data / "chroma.sqlite3")) as chroma:
        assert set(chroma.execute("SELECT seq_id FROM max_seq_id")) == {(2_100,)}  # of the vectors, and of the texts


def test_more_than_half_is_removed_only_where_that_is_allowed(engine):
    indexing(engine, *"abcde").run()
    with pytest.raises(InvalidRequest, match="3 of 5"):
        indexing(engine, *"abx").run(prune=True)
    assert set(engine.words.ids()) == set("abcde")
    assert indexing(engine, *"abx").stale_count() == 3
    assert indexing(engine, *"abx").run(prune=True, over_half=True).removed == 3
    assert set(engine.words.ids()) == set("abx")


def test_an_input_without_words_prunes_nothing(engine):
    with pytest.raises(InvalidRequest, match="no words"):
        indexing(engine).run(prune=True, over_half=True)
