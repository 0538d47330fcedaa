"""The protocol `Service`: what an engine and the client of a server have in common beside the three nouns."""

from dataclasses import replace

import pytest

import indexer
from indexer import Engine
from indexer.contract.costs import Cost, Costs
from indexer.contract.info import Info, ModelInfo, StoredCounts, StoreInfo
from indexer.contract.words import Similarity
from indexer.errors import InvalidRequest, ModelMismatch
from indexer.records import Word
from indexer.remote import Remote
from indexer.settings import DEFAULT_MODEL, model_name
from tests.conftest import serving
from tests.model import AxisEmbedder


def test_similarity_of_rows_with_columns_and_with_themselves(service):
    square = service.similarity(["fruit", "country"])
    assert isinstance(square, Similarity) and square.rows == square.columns == ["fruit", "country"]
    assert [square.matrix[i][i] for i in (0, 1)] == [pytest.approx(1, abs=1e-6)] * 2
    assert square.matrix[0][1] == pytest.approx(square.matrix[1][0])
    wide = service.similarity(["fruit"], ["fruit", "a", "fruit"])
    assert (wide.rows, wide.columns, len(wide.matrix[0])) == (["fruit"], ["fruit", "a", "fruit"], 3)
    assert wide.matrix[0][0] == wide.matrix[0][2]


@pytest.mark.parametrize(("rows", "columns", "matrix"), [([], None, []), ([], ["a"], []), (["a", "b"], [], [[], []])])
def test_similarity_of_nothing_is_an_empty_matrix(service, rows, columns, matrix):
    assert service.similarity(rows, columns) == Similarity(rows=rows, columns=columns or [], matrix=matrix)


@pytest.mark.parametrize(("rows", "columns"), [([" "], None), (["a"], ["\udc80"])])
def test_similarity_of_a_blank_or_broken_text_is_refused(service, rows, columns):
    with pytest.raises(InvalidRequest):
        service.similarity(rows, columns)


def test_info_says_what_is_stored_where(service):
    service.words.add(["fruit a", "fruit b"])
    service.topics.replace(["fruit"])
    info, nothing = service.info(), Cost(tokens=0, usd=0)
    assert info == Info(
        version=indexer.__version__,
        model=ModelInfo(name="axes", revision="1", dimension=8),
        counts=StoredCounts(words=2, topics=1),
        store=StoreInfo(mode="embedded", format=1),
        cached_words=info.cached_words,
        snapshot=info.snapshot,
        costs=Costs(today=nothing, month=nothing, total=nothing, dated="2026-11", runs=[]),
    )


def test_the_model_that_made_the_vectors_is_no_mismatch(service):
    service.words.add(["fruit"])
    service.check_model()


@pytest.fixture(params=["engine", "remote"])
def opened(request, settings, model):
    """Return a function that opens a store with one word, whose model is "axes", with another model asked for."""
    with Engine(settings, load=lambda _: model) as engine:
        engine.words.add([Word("fruit", "1")])
    if request.param == "engine":
        yield lambda name: Engine(replace(settings, model=name), load=lambda model: AxisEmbedder(model_name(model)))
    else:
        with serving(settings, model) as url:
            yield lambda name: Remote(replace(settings, model=name), url)


def test_another_model_is_refused_by_both_names_wherever_it_would_be_asked(opened):
    with opened("other") as corpus:
        for call in (
            corpus.check_model,
            lambda: corpus.words.add(["country"]),
            lambda: corpus.words.nearest(["fruit"], 1),
            lambda: corpus.topics.replace(["fruit"]),
            lambda: corpus.similarity(["fruit"]),
        ):
            with pytest.raises(ModelMismatch, match=r"axes.*other"):
                call()
        assert corpus.info().model.name == "axes"
        assert corpus.words.get("1").text == "fruit"


def test_the_default_model_named_is_another_model_too(opened):
    with opened(DEFAULT_MODEL) as corpus, pytest.raises(ModelMismatch, match="axes"):
        corpus.check_model()


def test_no_model_named_is_the_stores_own(opened):
    with opened(None) as corpus:
        corpus.check_model()
        assert corpus.words.nearest(["fruit"], 1)[0].matches[0].id == "1"
        assert corpus.words.add([Word("country", "2")]).added == 1


def test_a_folder_with_the_name_of_the_model_is_the_same_model(opened, tmp_path):
    (tmp_path / "axes").mkdir()
    with opened(str(tmp_path / "axes")) as corpus:
        corpus.check_model()
        assert corpus.words.add(["country"]).added == 1
