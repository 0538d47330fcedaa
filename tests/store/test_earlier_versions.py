"""A store that version 0.1.0 wrote: it opens, answers as it did, can be worked on, and is called healthy."""

import json
import tarfile
from pathlib import Path

import pytest

from indexer import Engine, Settings
from indexer.records import Word
from indexer.store.doctor import examine
from indexer.store.repair import Repair
from tests.model import AxisEmbedder
from tests.store.damage import open_store

FIXTURES = Path(__file__).parent.parent / "fixtures"
ANSWERS = json.loads((FIXTURES / "store-0.1.0.json").read_text("utf-8"))
IDS = [clustering["id"] for clustering in ANSWERS["clusterings"]]


@pytest.fixture
def earlier(tmp_path):
    with tarfile.open(FIXTURES / "store-0.1.0.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    return Settings(data=tmp_path / "store", model="axes")


@pytest.fixture
def engine(earlier):
    with Engine(earlier, load=lambda _: AxisEmbedder()) as engine:
        yield engine


def assert_as_before(now, before):
    """All that the earlier version said is said again; a field that is new, or was null, may have any value."""
    if isinstance(before, dict):
        for name in before:
            if before[name] is not None:
                assert_as_before(now[name], before[name])
    elif isinstance(before, list):
        assert len(now) == len(before)
        for one, other in zip(now, before, strict=True):
            assert_as_before(one, other)
    elif isinstance(before, float):
        assert now == pytest.approx(before, abs=1e-5)
    else:
        assert now == before and type(now) is type(before)


def nearest_topics(engine):
    engine.words.load()
    engine.topics.null_scores()  # which the percentiles need
    return as_json(engine.topics.nearest(["fruit new", "animal new"], 3))


def as_json(answers):
    return [answer.model_dump(mode="json") for answer in answers]


def test_every_answer_is_as_before(engine):
    assert_as_before(as_json(engine.clusterings.all().clusterings), ANSWERS["clusterings"])
    assert_as_before(engine.topics.all().model_dump(mode="json"), ANSWERS["topics"])
    assert_as_before(engine.topics.thresholds().model_dump(mode="json"), ANSWERS["thresholds"])
    assert_as_before(nearest_topics(engine), ANSWERS["nearest"])
    assert_as_before(as_json(engine.clusterings.nearest(["fruit new"], 3, IDS[-1])), ANSWERS["cluster"])
    assert_as_before(as_json(engine.words.page(100).words), ANSWERS["words"])


def test_every_clustering_is_found_by_its_id(engine):
    for before in ANSWERS["clusterings"]:
        assert_as_before(engine.clusterings.get(before["id"]).model_dump(mode="json"), before)


def test_its_words_are_unchanged_and_others_are_added(engine):
    stored = [Word(word["text"], word["id"], word["metadata"]) for word in ANSWERS["words"]]
    added = engine.words.add([*stored, Word("animal new", "new")])
    assert (added.added, added.updated, added.unchanged) == (1, 0, 65)
    assert engine.words.nearest(["animal new"], 1)[0].matches[0].id == "new"


@pytest.mark.parametrize("start", [id for id in IDS if id != IDS[0]])
def test_a_clustering_starts_from_an_earlier_one(engine, start):
    before = engine.clusterings.get(start)
    made = engine.clusterings.make(before.settings.model_copy(update={"start": start}))
    assert made.status == "done" and made.settings.start == start and made.k == before.k
    assert {c.id for c in made.clusters} == {c.id for c in before.clusters}
    assert [pair.model_dump()["to"] for pair in engine.clusterings.diff(start, made.id).continued] == [
        cluster.id for cluster in before.clusters
    ]


def test_its_clusterings_are_pinned_and_deleted(engine):
    pinned, *others = IDS
    assert engine.clusterings.pin(pinned).pinned
    assert not engine.clusterings.pin(pinned, False).pinned
    engine.topics.deactivate()
    for id in others:
        engine.clusterings.delete(id)
    assert [clustering.id for clustering in engine.clusterings.all().clusterings] == [pinned]
    assert engine.words.delete(["fruit0"]) == 1


def test_the_doctor_calls_it_healthy_and_proves_its_vectors_once(earlier):
    store, model = open_store(earlier), AxisEmbedder()
    found = examine(store)
    assert found.healthy and (found.words, found.examined, found.unproven) == (65, 65, 71)
    assert Repair(store, found, "axes", lambda _: model).prove() == 0
    assert len(model.texts) == 71
    found = examine(store, None)
    assert found.healthy and found.unproven == 0
    store.close()
    with Engine(earlier, load=lambda _: model) as engine:
        assert_as_before(nearest_topics(engine), ANSWERS["nearest"])
