"""Prompts and shortened vectors: as the model's own library has them, and as the store keeps them."""

import json

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from indexer.embedders import as_stored, load_embedder
from indexer.embedders.embedder import ModelIdentity
from indexer.embedders.estimate import Estimate
from indexer.embedders.prompts import Prompts
from indexer.engine import Engine
from indexer.errors import ModelMismatch, ModelUnavailable
from indexer.records import Word
from indexer.settings import Settings
from indexer.vectors import unit
from tests.embedders.paid_api import KEY, PaidAPI, vector
from tests.embedders.saved import save_model

TEXTS = ["mango", "a longer text about a mango", ""]
ASYMMETRIC = {"query": "find: ", "document": "read: "}


@pytest.fixture(scope="module", params=["onnx", "torch"])
def folder(request, tmp_path_factory):
    """A model that wants prompts, through both ways of embedding."""
    pooling = "mean" if request.param == "onnx" else "max"
    return save_model(tmp_path_factory.mktemp(request.param), pooling=pooling, prompts=ASYMMETRIC)


def with_config(folder, tmp_path, **values):
    """Return a copy of a model whose configuration has other values."""
    copy = tmp_path / "other"
    copy.mkdir()
    for path in folder.rglob("*"):
        if path.is_file():
            (copy / path.relative_to(folder)).parent.mkdir(parents=True, exist_ok=True)
            (copy / path.relative_to(folder)).write_bytes(path.read_bytes())
    file = copy / "config_sentence_transformers.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))
    return copy


def assert_as_the_library(embedder, library, texts=TEXTS):
    for role, encode in (("query", library.encode_query), ("passage", library.encode_document)):
        np.testing.assert_allclose(embedder.embed(texts, role), unit(encode(texts)), atol=2e-5)


def test_queries_and_passages_have_the_prompts_of_the_model(folder):
    embedder = load_embedder(str(folder), Settings())
    assert embedder.identity.prompts == Prompts("find: ", "read: ")
    assert_as_the_library(embedder, SentenceTransformer(str(folder), device="cpu"))
    assert not np.allclose(embedder.embed(["mango"], "query"), embedder.embed(["mango"]))
    long = "m" * 54  # 60 tokens are read, two stand around the text
    assert embedder.truncated([long, long[:50]], "query") == [True, False]


def test_many_texts_have_them_as_well(folder):
    embedder = load_embedder(str(folder), Settings())
    many = [f"mango {i}" for i in range(300)]
    assert (embedder.embed(many, "query") * np.vstack([embedder.embed([t], "query") for t in many])).sum(
        1
    ).min() > 0.999


def test_a_default_prompt_stands_before_what_has_none_of_its_own(folder, tmp_path):
    other = with_config(folder, tmp_path, prompts={"query": "find: ", "any": "see: "}, default_prompt_name="any")
    embedder = load_embedder(str(other), Settings())
    assert embedder.identity.prompts == Prompts("find: ", "see: ")
    library = SentenceTransformer(str(other), device="cpu")
    np.testing.assert_allclose(embedder.embed(TEXTS), unit(library.encode(TEXTS)), atol=2e-5)
    np.testing.assert_allclose(embedder.embed(TEXTS, "query"), unit(library.encode_query(TEXTS)), atol=2e-5)


def test_prompts_have_the_names_that_models_give_them():
    assert Prompts.of_model({"query": "q: ", "document": "", "passage": "p: "}, None) == Prompts("q: ", "p: ")
    assert Prompts.of_model({"query": "q: ", "document": "d: ", "passage": "p: "}, None) == Prompts("q: ", "d: ")
    assert Prompts.of_model({"s2p_query": "s: "}, None) == Prompts.of_model(None, None) == Prompts()
    assert Prompts.of_model({"any": "a: ", "document": None}, "any") == Prompts("a: ", "a: ")


def test_prompts_that_are_set_take_the_place_of_the_models_own(folder):
    embedder = load_embedder(str(folder), Settings(query_prompt="query: ", passage_prompt=""))
    assert embedder.identity.prompts == Prompts("query: ", "")
    plain = load_embedder(str(folder), Settings(query_prompt="", passage_prompt=""))
    np.testing.assert_array_equal(embedder.embed(["query: mango"]), embedder.embed(["mango"], "query"))
    np.testing.assert_array_equal(embedder.embed(["mango"]), plain.embed(["mango"], "query"))


def test_a_model_that_leaves_its_prompts_out_of_the_mean_is_refused(tmp_path):
    folder = save_model(tmp_path, prompts=ASYMMETRIC)
    pooling = folder / "1_Pooling" / "config.json"
    pooling.write_text(json.dumps({**json.loads(pooling.read_text()), "include_prompt": False}))
    with pytest.raises(ModelUnavailable, match="leaves its prompts out"):
        load_embedder(str(folder), Settings())
    load_embedder(str(folder), Settings(query_prompt="", passage_prompt=""))


def test_the_store_keeps_its_prompts_and_its_dimension(folder, tmp_path):
    settings = Settings(data=tmp_path / "store", model=str(folder), dimensions=10, passage_prompt="text: ")
    with Engine(settings) as engine:
        engine.words.add([Word("mango", "1"), Word("papaya", "2")])
        engine.topics.replace(["fruit"])
        found = engine.words.nearest(["mango"]).results[0].matches
        info = engine.info().model
        assert (info.dimension, info.query_prompt, info.passage_prompt) == (10, "find: ", "text: ")
    with Engine(Settings(data=tmp_path / "store", model=str(folder))) as engine:  # they need not be named again
        assert engine.words.nearest(["mango"]).results[0].matches == found
        assert engine.embedder().identity == engine.store.model()
        score = (engine.embedder().embed(["mango"], "query") @ engine.embedder().embed(["mango"]).T).item()
        assert {match.id: match.score for match in found}["1"] == pytest.approx(score, abs=1e-5)
    for other in ({"dimensions": 12}, {"query_prompt": "other: "}, {"passage_prompt": ""}):
        with Engine(Settings(data=tmp_path / "store", model=str(folder), **other)) as engine:
            with pytest.raises(ModelMismatch, match="the store holds vectors of"):
                engine.embedder()
            assert engine.words.count() == 2


def test_a_store_from_before_there_were_prompts_goes_on_without(folder):
    stored = ModelIdentity.from_fields({"name": folder.name, "revision": "1", "dimension": 24})
    embedder = load_embedder(str(folder), as_stored(Settings(), stored))
    assert embedder.identity.prompts == Prompts()
    other = load_embedder(str(folder), as_stored(Settings(), None))
    assert other.identity.prompts == Prompts("find: ", "read: ")


def test_an_identity_is_read_as_it_was_written():
    for identity in (
        ModelIdentity("m", "1", 8),
        ModelIdentity("m", "1", 8, Prompts("a", ""), True),
        ModelIdentity("m", "1", 8, Prompts("", "b")),
    ):
        assert ModelIdentity.from_fields(json.loads(json.dumps(identity.to_fields()))) == identity
    assert set(ModelIdentity("m", "1", 8).to_fields()) == {"name", "revision", "dimension"}  # as 0.1.0 reads it


def test_shortened_vectors_are_the_first_numbers_of_the_whole_ones(folder):
    whole, short = (load_embedder(str(folder), Settings(dimensions=d)) for d in (None, 10))
    assert short.identity.dimension == 10 and short.embed([]).shape == (0, 10)
    np.testing.assert_allclose(short.embed(TEXTS), unit(whole.embed(TEXTS)[:, :10]), atol=1e-6)
    with pytest.raises(ModelUnavailable, match="gives 24 numbers a text, asked was 25"):
        load_embedder(str(folder), Settings(dimensions=25))


@pytest.fixture
def api(monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("TOPICDEX_CACHE", str(tmp_path / "cache"))
    with PaidAPI() as api:
        monkeypatch.setenv("OPENAI_BASE_URL", api.url)
        yield api


def test_the_api_is_asked_for_short_vectors_and_prompts_are_sent(api):
    settings = Settings.load(dimensions=4, query_prompt="query: ")
    embedder = load_embedder("openai:text-embedding-3-small", settings)
    assert embedder.identity == ModelIdentity("openai:text-embedding-3-small", "", 4, Prompts("query: "), True)
    np.testing.assert_allclose(embedder.embed(["mango"], "query"), unit(vector("query: mango")[None, :4]), atol=1e-6)
    whole = load_embedder("openai:text-embedding-3-small", Settings.load())
    np.testing.assert_allclose(whole.embed(["query: mango"]), unit(vector("query: mango")[None]), atol=1e-6)
    assert api.paid["query: mango"] == 2  # the cache takes none of them for the other
    api.cannot_shorten = True
    with pytest.raises(ModelUnavailable, match="gives 8 numbers a text where 5 are asked"):
        load_embedder("openai:text-embedding-3-small", Settings.load(dimensions=5))


def test_the_cost_is_that_of_texts_behind_their_prompt_and_of_the_cache_of_this_dimension(api, tmp_path):
    model = "openai:text-embedding-3-small"
    settings = Settings.load(dimensions=4, passage_prompt="passage: ")
    estimate = Estimate(model, settings)
    estimate.add("antidisestablishmentarianism")
    expected = estimate.result()
    embedder = load_embedder(model, settings)
    before = api.tokens
    embedder.embed(["antidisestablishmentarianism"])
    assert api.tokens - before == expected.tokens > 6
    for other, cached in (
        (settings, 1),
        (Settings.load(dimensions=4), 0),
        (Settings.load(passage_prompt="passage: "), 0),
    ):
        estimate = Estimate(model, other)
        estimate.add("antidisestablishmentarianism")
        assert estimate.result().cached == cached
