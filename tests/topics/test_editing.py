"""Topics changed, previewed and counted by an engine: who was quicker, what is embedded, what is kept."""

import threading

import pytest

from indexer.contract.clusterings import ClusteringSettings
from indexer.contract.topics import Thresholds, TopicChange
from indexer.errors import Conflict, PreconditionFailed
from indexer.records import Topic
from indexer.topics import stored

WORDS = [f"{kind} {i}" for kind in ("fruit", "country") for i in range(10)]


@pytest.fixture
def topics(engine):
    engine.words.add(WORDS)
    engine.topics.replace([Topic("fruit", "sweet", ("fruit a",)), "country"])
    return engine.topics


def test_of_two_who_save_at_once_what_both_have_seen_exactly_one_succeeds(topics, model, monkeypatch):
    seen, both, embed = topics.get("fruit").version, threading.Barrier(2, timeout=30), model.embed
    won, lost = [], []

    def embed_together(texts):
        both.wait()  # until the other one has found the version unchanged, too
        return embed(texts)

    def save(description):
        try:
            won.append(topics.change("fruit", TopicChange(description=description), seen).description)
        except PreconditionFailed as error:
            lost.append(str(error))

    monkeypatch.setattr(model, "embed", embed_together)
    engineers = [threading.Thread(target=save, args=(text,)) for text in ("red", "green")]
    for engineer in engineers:
        engineer.start()
    for engineer in engineers:
        engineer.join()
    assert len(won) == len(lost) == 1 and "fruit" in lost[0]
    assert topics.get("fruit").description == won[0]


def test_fields_that_two_change_at_once_without_a_version_are_both_kept(topics, model, monkeypatch):
    embed = model.embed

    def change_and_embed(texts):
        monkeypatch.setattr(model, "embed", embed)
        topics.change("fruit", TopicChange(description="red"))
        return embed(texts)

    monkeypatch.setattr(model, "embed", change_and_embed)
    changed = topics.change("fruit", TopicChange(examples=["fruit b"]))
    assert (changed.description, changed.examples) == ("red", ["fruit b"])


def test_a_topic_that_takes_the_new_name_meanwhile_keeps_it(topics, model, monkeypatch):
    embed = model.embed

    def add_and_embed(texts):
        monkeypatch.setattr(model, "embed", embed)
        topics.add(["animal"])
        return embed(texts)

    monkeypatch.setattr(model, "embed", add_and_embed)
    with pytest.raises(Conflict, match="animal"):
        topics.change("fruit", TopicChange(name="animal"))
    assert [topic.name for topic in topics.all()] == ["fruit", "country", "animal"]


def test_only_new_texts_are_embedded(topics, model):
    before = len(model.texts)
    topics.change("fruit", TopicChange())
    topics.change("fruit", TopicChange(description="", examples=["fruit a", "country"]))
    assert model.texts[before:] == []
    topics.change("fruit", TopicChange(name="fruits", examples=["fruit a", "fruit b"]))
    assert model.texts[before:] == ["fruits", "fruit b"]
    topics.preview([Topic("fruits", "", ("fruit a",)), Topic("company")])
    assert model.texts[before + 2 :] == ["company"]
    with pytest.raises(PreconditionFailed):
        topics.change("fruits", TopicChange(name="animal"), "an older version")
    assert model.texts[before + 3 :] == []


def test_a_change_is_there_after_the_store_is_opened_again(topics):
    topics.set_thresholds(Thresholds(score=0.1, topics={"fruit": 0.3, "country": 0.2}))
    topics.change("fruit", TopicChange(name="fruits", description="sour"))
    topics.load()
    assert topics.all()[0].model_dump() == {"name": "fruits", "description": "sour", "examples": ["fruit a"]}
    assert topics.thresholds().topics == {"fruits": 0.3, "country": 0.2}
    assert topics.current.version == topics.current.state["topics"]


def test_sizes_are_counted_again_only_after_a_change(topics, engine, monkeypatch):
    counted, count = [], stored.sizes
    monkeypatch.setattr(stored, "sizes", lambda view, used: (counted.append(used.key), count(view, used))[1])

    def sizes():
        found, before = topics.sizes(), len(counted)
        assert topics.sizes() is found and len(counted) == before
        return {size.topic: size.words for size in found}, found.none

    assert sizes() == ({"fruit": 10, "country": 10}, 0)
    engine.words.add(["country 10"])
    assert sizes() == ({"fruit": 10, "country": 11}, 0)
    engine.words.delete([engine.words.page(1).words[0].id])
    assert sizes() == ({"fruit": 9, "country": 11}, 0)
    topics.set_thresholds(Thresholds(topics={"fruit": 1.0}))
    assert sizes() == ({"fruit": 0, "country": 11}, 9)
    topics.change("fruit", TopicChange(name="company"))
    assert sizes() == ({"company": 0, "country": 11}, 9)
    engine.clusterings.activate(engine.clusterings.make(ClusteringSettings(around="topics")).id)
    assert topics.sizes().prototypes == "adapted" and topics.sizes().none == 0
    topics.deactivate()
    assert topics.sizes().prototypes == "label"


def test_a_preview_of_the_topics_as_they_are_changes_nothing_even_where_an_adaptation_is_active(topics, engine):
    engine.clusterings.activate(engine.clusterings.make(ClusteringSettings(around="topics")).id)
    now = [Topic("fruit", "sweet", ("fruit a",)), Topic("country")]
    same = topics.preview(now, ["fruit"])
    assert (same.moved, same.prototypes, same.results[0].prototypes) == (0, "adapted", "adapted")
    assert same.sizes == topics.sizes().topics
    other = topics.preview([*now, Topic("company")], ["fruit"])
    assert (other.prototypes, other.results[0].prototypes) == ("adapted", "label")


def test_a_preview_says_what_is_once_the_topics_are_set(topics):
    topics.set_thresholds(Thresholds(score=0.6, topics={"country": 0.99, "fruit": 0.7}))
    proposed = [Topic("company", "", ("fruit 3",)), Topic("country", "", ("country 5",))]
    before = {word.id: word.topic for word in topics.words("surest", limit=1000)}
    foreseen = topics.preview(proposed, ["fruit 1", "a country"])
    assert topics.nearest(["fruit"])[0].topic == "fruit"  # nothing is stored
    topics.replace(proposed)
    assert foreseen.sizes == topics.sizes().topics and foreseen.none == topics.sizes().none
    for seen, now in zip(foreseen.results, topics.nearest(["fruit 1", "a country"]), strict=True):
        assert (seen.topic, seen.reason, seen.threshold) == (now.topic, now.reason, now.threshold)
        assert seen.score == pytest.approx(now.score, abs=1e-6)
    after = {word.id: word.topic for word in topics.words("surest", limit=1000)}
    assert foreseen.moved == sum(before[id] != after[id] for id in before) > 0
    assert all((move.old, move.new) == (before[move.id], after[move.id]) for move in foreseen.examples)
