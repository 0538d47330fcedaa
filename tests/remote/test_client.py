"""The client of a server beyond what it has in common with an engine: batches, blocks, limits, following, cancelling."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from indexer.contract.clusterings import ClusteringSettings
from indexer.contract.evaluations import MOST_ROWS
from indexer.errors import InvalidRequest, ModelMismatch
from indexer.records import LabelledText, Word
from indexer.remote import Remote
from indexer.remote.connection import Connection


@pytest.fixture
def remote(url, settings):
    with Remote(replace(settings, model=None), url) as remote:
        yield remote


@pytest.fixture
def calls(monkeypatch):
    """The paths that are called, as they are called, with the seconds that the server has to answer."""
    made, once = [], Connection._once

    def recorded(self, method, path, *rest):
        made.append((path, rest[-1]))
        return once(self, method, path, *rest)

    monkeypatch.setattr(Connection, "_once", recorded)
    return made


def test_more_words_than_a_call_takes_are_indexed(remote):
    batches = []
    remote.words.index((Word(f"fruit {i}", str(i)) for i in range(2500)), batches.append)
    assert [counts.added for counts in batches] == [1000, 1000, 500]
    assert len(list(remote.words.ids())) == 2500
    assert remote.words.delete([str(i) for i in range(2500)]) == 2500


def test_another_model_is_refused_before_anything_is_read(url, settings):
    def words():
        raise AssertionError("a word was read")
        yield

    with Remote(replace(settings, model="other"), url) as remote, pytest.raises(ModelMismatch, match=r"axes.*other"):
        remote.words.index(words(), lambda _: None)


def test_no_more_than_one_batch_is_read_ahead(remote):
    read = done = 0

    def words():
        nonlocal read
        for read in range(1, 2501):
            yield Word(f"fruit {read}", str(read))

    def written(counts):
        nonlocal done
        done += counts.added
        assert read <= done + 1001

    remote.words.index(words(), written)
    assert done == 2500


def test_long_lists_of_texts_are_asked_for_in_batches_and_answered_in_order(remote, calls):
    texts = [f"fruit {i}" for i in range(1200)]
    remote.topics.replace(["fruit", "country"])
    calls.clear()
    assert [answer.text for answer in remote.topics.nearest(texts)] == texts
    assert [path for path, _ in calls] == ["/v1/topics/nearest"] * 2


def test_a_large_matrix_comes_in_blocks(remote, calls):
    rows = [f"fruit {i}" for i in range(1003)]
    matrix = remote.similarity(rows, [*rows, "country"])
    assert len(calls) == 4
    assert (len(matrix.matrix), {len(row) for row in matrix.matrix}) == (1003, {1004})
    assert [matrix.matrix[i][i] for i in (0, 999, 1000, 1002)] == [pytest.approx(1, abs=1e-6)] * 4


@pytest.mark.parametrize("verb", ["evaluate", "calibrate"])
def test_more_labelled_texts_than_a_server_takes_are_refused_before_they_are_sent(remote, calls, verb):
    rows = [LabelledText("fruit", "fruit")] * (MOST_ROWS + 1)
    with pytest.raises(InvalidRequest, match="20001 labelled texts; a server takes 20000"):
        getattr(remote.topics, verb)(rows)
    assert calls == []


def test_labelled_texts_have_more_time_than_a_batch_of_words(remote, calls):
    remote.topics.replace(["fruit", "country"])
    calls.clear()
    rows = [LabelledText(f"{name} {i}", name) for name in ("fruit", "country") for i in range(30)]
    remote.topics.evaluate(rows)
    remote.topics.calibrate(rows, apply=False)
    assert [path for path, _ in calls] == ["/v1/evaluations", "/v1/calibrations"]
    assert all(patience >= 10 * 1800 for _, patience in calls)


def test_ctrl_c_cancels_the_clustering_on_the_server(remote, monkeypatch):
    remote.words.add([f"fruit {i}" for i in range(50)])

    def interrupt(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr("indexer.remote.following.time", SimpleNamespace(sleep=interrupt))  # not that of the server
    get, looked = remote.clusterings.get, []

    def running(id):
        looked.append(id)
        return get(id).model_copy(update={"status": "running"})

    monkeypatch.setattr(remote.clusterings, "get", running)
    deleted, delete = [], remote.clusterings.delete
    monkeypatch.setattr(remote.clusterings, "delete", lambda id: deleted.append(id) or delete(id))
    with pytest.raises(KeyboardInterrupt):
        remote.clusterings.make(ClusteringSettings(k=2))
    assert deleted == looked and len(deleted) == 1


def test_the_nearest_id_is_a_word_that_can_be_deleted(remote):
    """`GET /v1/words/nearest` is another call, so this one word cannot be got."""
    remote.words.add([Word("fruit a", "nearest"), Word("fruit b", "other")])
    assert remote.words.delete(["nearest"]) == 1
