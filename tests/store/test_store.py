"""The store: which formats and models it refuses."""

import json
from dataclasses import replace

import pytest

from indexer import Engine
from indexer.errors import ModelMismatch, StoreFormat
from indexer.records import Topic, Word
from indexer.store.store import Store
from tests.model import AxisEmbedder
from tests.store.damage import ill


def test_a_store_of_a_newer_format_is_refused_by_name(settings):
    Store.open(settings).close()
    (settings.data / "topicdex.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(StoreFormat, match="99"):
        Store.open(settings)


def test_another_model_on_the_same_store_is_refused_by_both_names(settings, model):
    with Engine(settings, load=lambda _: model) as engine:
        engine.words.add([Word("fruit", "1")])
    other = replace(settings, model="other")
    with Engine(other, load=lambda _: AxisEmbedder("other")) as engine:
        with pytest.raises(ModelMismatch, match=r"axes.*other"):
            engine.embedder()
        with pytest.raises(ModelMismatch, match=r"axes.*other"):
            engine.words.nearest(["fruit"], 1)


def test_other_weights_under_the_same_name_are_refused(settings, model):
    with Engine(settings, load=lambda _: model) as engine:
        engine.words.add([Word("fruit", "1")])
    with Engine(settings, load=lambda _: AxisEmbedder(revision="2")) as engine, pytest.raises(ModelMismatch):
        engine.embedder()


def test_topics_alone_bind_the_store_to_their_model(settings, model):
    with Engine(settings, load=lambda _: model) as engine:
        engine.topics.replace([Topic("fruit")])
    other = replace(settings, model="other")
    with Engine(other, load=lambda _: AxisEmbedder("other")) as engine, pytest.raises(ModelMismatch):
        engine.embedder()


def test_a_store_that_was_emptied_takes_another_model(settings, model):
    with Engine(settings, load=lambda _: model) as engine:
        engine.words.add([Word("fruit", "1")])
        engine.words.delete(["1"])
    with Engine(replace(settings, model="other"), load=lambda _: AxisEmbedder("other")) as engine:
        assert engine.words.add([Word("fruit", "1")]).added == 1
        assert engine.info().model.name == "other"


def test_a_vector_that_is_not_of_its_text_is_not_used_for_another_word(engine, settings, model):
    engine.words.add([Word("fruit", "1"), Word("country", "2")])
    client, rows = ill(engine, settings)
    rows.update(ids=["1"], embeddings=[model.embed(["country"])[0].tolist()])
    client.close()
    model.texts.clear()
    with Engine(settings, load=lambda _: model) as engine:
        engine.words.add([Word("fruit", "3"), Word("country", "4")])
        assert model.texts == ["fruit"]
        assert engine.words.nearest(["fruit"], 1)[0].matches[0].id == "3"
