"""The topics of an engine while others change them: every answer is of one set."""

import pytest

from indexer.contract.topics import Thresholds
from indexer.errors import Conflict, InvalidRequest
from indexer.records import LabelledText, Topic

WORDS = [f"{kind} {i}" for kind in ("fruit", "country") for i in range(50)]
LABELLED = [LabelledText(text, text.split()[0]) for text in WORDS]


@pytest.fixture
def topics(engine):
    engine.words.add(WORDS)
    engine.words.load()
    engine.topics.replace(["fruit", "country"])
    engine.topics.null_scores()
    return engine.topics


@pytest.fixture
def meanwhile(topics, model, monkeypatch):
    """Change topics and thresholds while the next texts are embedded."""
    embed = model.embed

    def change_and_embed(texts, role="passage"):
        monkeypatch.setattr(model, "embed", embed)
        topics.replace(["fruit", "country", "fruit country"])
        topics.set_thresholds(Thresholds(score=0.999))
        topics.null_scores()
        return embed(texts, role)

    return lambda: monkeypatch.setattr(model, "embed", change_and_embed)


def test_topics_that_change_while_a_text_is_embedded_do_not_mix_into_its_answer(topics, meanwhile):
    before = topics.nearest(["animal 7"])
    assert 0 < before[0].percentile < 100
    meanwhile()
    assert topics.nearest(["animal 7"]) == before
    assert topics.nearest(["animal 7"]) != before


def test_topics_that_change_while_texts_are_embedded_do_not_mix_into_an_evaluation(topics, meanwhile):
    before = topics.evaluate(LABELLED)
    meanwhile()
    assert topics.evaluate(LABELLED) == before
    assert topics.evaluate(LABELLED).thresholds.score == 0.999


def test_thresholds_measured_on_topics_that_have_changed_are_not_set_for_others(topics, meanwhile):
    meanwhile()
    with pytest.raises(Conflict, match="calibrate again"):
        topics.calibrate(LABELLED, 0.9)
    assert topics.thresholds().score == 0.999


def test_what_is_measured_from_a_set_with_lost_rows_is_not_used_for_the_whole_one(engine):
    engine.words.add(WORDS)
    given = [Topic("fruit", "", ("country",)), Topic("country", "", ("fruit country",)), Topic("company")]
    engine.topics.replace(given)
    whole = engine.topics.null_scores()
    engine.store._topics.delete([id for id in engine.store._topics.ids() if id.endswith("/1")])  # an example
    engine.topics.load()
    assert engine.topics.nearest(["fruit"])[0].percentile is None
    assert engine.topics.null_scores() != whole
    engine.topics.replace(given)
    assert engine.topics.nearest(["fruit"])[0].percentile is None
    assert engine.topics.null_scores() == whole


def test_refused_labels_do_not_cost_the_model_anything(engine, model):
    engine.topics.replace(["fruit"])
    embedded = len(model.texts)
    for verb in (engine.topics.evaluate, engine.topics.calibrate):
        with pytest.raises(InvalidRequest, match="nowhere"):
            verb([LabelledText("a text", "nowhere")])
    assert len(model.texts) == embedded
