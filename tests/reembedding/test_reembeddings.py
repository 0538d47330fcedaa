"""The change of the model: there and back, cut off and resumed, refused, forgotten; by an engine and through a server."""

from dataclasses import replace

import numpy as np
import pytest

from indexer import Engine
from indexer.contract.maps import MapSettings
from indexer.contract.topics import Thresholds
from indexer.errors import Cancelled, Conflict, InvalidRequest, ModelMismatch, NotFound, StoreUnavailable
from indexer.records import Word
from indexer.remote import Remote
from indexer.store import disk_space
from tests.conftest import serving
from tests.reembedding.conftest import clustering


def state(corpus):
    """Return what a change of the model must not change."""
    words = corpus.words.page(1000)
    return (
        [(word.id, word.text, dict(word.metadata)) for word in words.words],
        corpus.topics.all().topics,
        [(c.id, [(cluster.id, cluster.name) for cluster in c.clusters], c.active) for c in corpus.clusterings.all()],
        [answer.topic for answer in corpus.topics.nearest(["fruit x", "country y", "company z"])],
        corpus.topics.sizes().topics,
    )


def check_vectors(engine, model):
    """Check that every word and every text of a topic has exactly this model's vector of what it says now."""
    rows = [
        (word, vector)
        for words, vectors in engine.store.words.pages()
        for word, vector in zip(words, vectors, strict=True)
    ]
    topics = [(row, row.vector) for its in engine.topics.current.texts.values() for row in its.rows]
    assert rows and len(rows) == engine.words.count()
    for each, vector in rows + topics:
        assert model.embed([each.text])[0] @ vector > 0.999, each.text
    in_memory = {
        word.id: vector for words, vectors in engine.words.pages() for word, vector in zip(words, vectors, strict=True)
    }
    assert in_memory.keys() == {word.id for word, _ in rows}
    assert all(np.allclose(in_memory[word.id], vector) for word, vector in rows)


def test_all_is_as_it_was_by_the_other_model_and_back_again(corpus):
    corpus.topics.set_thresholds(Thresholds(score=0.1))
    before = state(corpus)
    done = corpus.reembeddings.make("wide")
    assert (done.model, done.before, done.words) == ("wide", "axes", 120)
    assert 120 <= done.embedded <= 123 and "calibrate" in done.notes[0]
    assert corpus.info().model.name == "wide" and corpus.info().model.dimension == 12
    assert state(corpus) == before
    assert corpus.topics.thresholds().score == 0.1
    assert {answer.model for answer in corpus.topics.nearest(["fruit x"])} == {"wide"}
    assert corpus.words.nearest(["fruit 7"], 1)[0].matches[0].score == pytest.approx(1, abs=1e-5)
    newest = corpus.clusterings.all()[1]
    assert [c.model for c in corpus.clusterings.all()] == ["wide", "wide"] and sum(
        c.size for c in newest.clusters
    ) == 120
    assert corpus.clusterings.nearest(["fruit x"], id=newest.id)[0].matches[0].score > 0.9
    assert corpus.reembeddings.all().other.model_dump() == {"model": "axes", "words": 120, "kept": True}
    back = corpus.reembeddings.back()
    assert (back.model, back.before, back.embedded) == ("axes", "wide", 0)
    assert state(corpus) == before and corpus.info().model.name == "axes"


def test_a_map_stays_with_the_model_whose_vectors_it_was_drawn_from(corpus):
    drawn = corpus.maps.make(MapSettings(landmarks=50)).id
    points = corpus.maps.points(drawn)
    corpus.reembeddings.make("wide")
    assert list(corpus.maps.all()) == []
    with pytest.raises(NotFound):
        corpus.maps.points(drawn)
    later = corpus.maps.make(MapSettings(landmarks=50))
    assert (later.status, later.model, later.moved) == ("done", "wide", None)
    corpus.reembeddings.back()
    assert [one.id for one in corpus.maps.all()] == [drawn]
    assert corpus.maps.points(drawn) == points


def test_a_clustering_afterwards_continues_those_that_came_along(corpus):
    first = corpus.clusterings.all()[1]
    corpus.reembeddings.make("wide")
    later = corpus.clusterings.make(clustering(k=3))
    assert later.status == "done" and later.settings.start == first.id
    assert {cluster.id for cluster in later.clusters} == {cluster.id for cluster in first.clusters}
    assert len(later.lineage.continued) == 3


def test_what_has_changed_since_is_right_after_going_back(stocked, open_engine, models):
    with open_engine() as engine:
        engine.reembeddings.make("wide")
        engine.words.add([Word("fruit new", "n", {"a": 1}), Word("country changed", engine.words.page(1).words[0].id)])
        engine.words.add([Word("fruit new", "n", {"b": 2})])
        gone = [word.id for word in engine.words.page(1000).words[10:13]]
        engine.words.delete(gone)
        engine.topics.add(["animal"])
        made = engine.clusterings.make(clustering(k=2))
        removed = engine.clusterings.all()[-1].id
        engine.clusterings.delete(removed)
        after = state(engine)
        models["axes"].texts.clear()
        back = engine.reembeddings.back()
        assert back.embedded == 3 and {"fruit new", "country changed", "animal"} <= set(models["axes"].texts)
        assert state(engine) == after and engine.words.get("n").metadata == {"b": 2}
        assert made.id in [c.id for c in engine.clusterings.all()] and removed not in [
            c.id for c in engine.clusterings.all()
        ]
        check_vectors(engine, models["axes"])
    with open_engine() as engine:
        check_vectors(engine, models["axes"])


def test_a_run_that_was_cut_off_goes_on_and_embeds_no_text_twice(stocked, open_engine, models, monkeypatch):
    monkeypatch.setattr("indexer.reembedding.carrying.BATCH", 16)

    def stop(share):
        if share > 0.5:
            raise Cancelled("enough")

    with open_engine() as engine:
        with pytest.raises(Cancelled):
            engine.reembeddings.make("wide", stop)
        assert engine.reembeddings.all().other.kept is False and 40 < engine.reembeddings.all().other.words < 100
        assert engine.topics.nearest(["fruit x"])[0].model == "axes"
    with open_engine() as engine:
        engine.words.add([Word("fruit late", "late")])
        assert engine.reembeddings.make("wide").words == 121
        embedded = [text for text in models["wide"].texts if text.partition(" ")[2].isdigit() or text == "fruit late"]
        assert len(embedded) == len(set(embedded)) == 121
        check_vectors(engine, models["wide"])


def test_another_model_begins_anew_and_says_so(stocked, open_engine, monkeypatch):
    monkeypatch.setattr("indexer.reembedding.carrying.BATCH", 16)

    def stop(share):
        if share > 0.5:
            raise Cancelled("enough")

    with open_engine() as engine:
        with pytest.raises(Cancelled):
            engine.reembeddings.make("wide", stop)
        done = engine.reembeddings.make("third")
        assert "begun vectors of wide are removed" in done.notes[0] and done.embedded >= 120
        done = engine.reembeddings.make("wide")
        assert "kept to go back to of axes are removed" in done.notes[0]
        assert engine.reembeddings.all().other.model == "third"


def test_what_is_beside_can_be_forgotten_and_what_is_kept_is_not_abandoned(corpus):
    with pytest.raises(NotFound):
        corpus.reembeddings.forget()
    with pytest.raises(NotFound):
        corpus.reembeddings.back()
    corpus.reembeddings.make("wide")
    with pytest.raises(Conflict, match="kept"):
        corpus.reembeddings.abandon()
    assert corpus.reembeddings.forget().other is None
    with pytest.raises(NotFound):
        corpus.reembeddings.back()
    assert corpus.words.nearest(["fruit 3"], 1)[0].matches[0].text == "fruit 3"


def test_a_model_that_is_there_already_is_refused(corpus):
    with pytest.raises(InvalidRequest):
        corpus.reembeddings.make("axes")


def test_an_empty_store_has_nothing_to_change(open_engine):
    with open_engine() as engine, pytest.raises(InvalidRequest, match="no vectors yet"):
        engine.reembeddings.make("wide")


def test_a_caller_who_names_the_old_model_is_answered_until_the_change(stocked, models):
    settings = replace(stocked, models="wide")
    with serving(settings, load=models.__getitem__) as url, Remote(replace(settings, model="axes"), url) as old:
        assert old.words.nearest(["fruit 3"], 1)[0].matches[0].text == "fruit 3"
        with Remote(replace(settings, model=None), url) as other:
            other.reembeddings.make("wide")
            assert other.words.add(["fruit after"]).added == 1
        with pytest.raises(ModelMismatch, match="wide"):
            old.words.nearest(["fruit 3"], 1)


def test_an_engine_with_the_old_model_says_what_happened_and_what_to_do(stocked, open_engine, models):
    with open_engine() as engine:
        engine.reembeddings.make("wide")
    with Engine(stocked, load=models.__getitem__) as engine:
        with pytest.raises(ModelMismatch, match=r"was changed from axes to wide at .*TOPICDEX_MODEL.*'wide'.*--back"):
            engine.check_model()
        with pytest.raises(ModelMismatch):
            engine.words.nearest(["fruit"])


def test_a_disk_without_room_is_refused_with_figures_before_anything_is_done(stocked, open_engine, monkeypatch):
    usage = disk_space.shutil.disk_usage
    monkeypatch.setattr(disk_space.shutil, "disk_usage", lambda path: usage(path)._replace(free=2**20))
    with open_engine() as engine:
        with pytest.raises(
            StoreUnavailable, match=r"120 words with vectors of 12 dimensions need about \d+ MB .* 1 MB are"
        ):
            engine.reembeddings.make("wide")
        assert engine.reembeddings.all().other is None


def test_an_adaptation_is_carried_with_its_centre_and_answers(stocked, open_engine):
    with open_engine() as engine:
        active = engine.topics.current.active
        before = engine.topics.nearest([f"country {i}" for i in range(40)])
        engine.reembeddings.make("wide")
        assert engine.topics.current.active == active
        assert (engine.topics.current.adapted.centre is None) == (
            engine.store.clusterings.prototypes(active).centre is None
        )
        after = engine.topics.nearest([f"country {i}" for i in range(40)])
        assert {a.prototypes for a in after} == {"adapted"}
        assert [a.topic for a in after] == [a.topic for a in before]
