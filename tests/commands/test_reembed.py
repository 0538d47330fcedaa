"""`topicdex reembed`: there and back, what lies beside, through a server, and a model that costs money."""

import json
from dataclasses import replace

import pytest

from indexer.errors import Cancelled
from tests.commands.conftest import failed, write
from tests.conftest import serving
from tests.model import AxisEmbedder, WideEmbedder


@pytest.fixture
def models(store, monkeypatch, model):
    """The models by the names that load them; "openai:none" is asked for nothing in these tests."""
    models = {"axes": model, "wide": WideEmbedder(), "third": WideEmbedder("third")}
    monkeypatch.setattr("indexer.engine.load_embedder", lambda name, *_, **__: models[name])
    return models


@pytest.fixture
def indexed(models, index):
    index(write("words.txt", "fruit a\nfruit b\ncountry c\n"))
    return models


def test_there_and_back_and_forgotten(call, indexed):
    code, out, err = call("reembed", "--model", "wide")
    assert (code, out) == (0, "model\tbefore\twords\tembedded\nwide\taxes\t3\t3\n") and "--back" in err
    failed(call("similar", "fruit a"), "model_mismatch", "changed from axes to wide", "--back")  # by TOPICDEX_MODEL
    assert call("similar", "fruit a", "--model", "wide")[0] == 0
    assert call("reembed", "--show")[1] == "model\twords\tvectors\nwide\t-\tin use\naxes\t3\tkept, for --back\n"
    failed(call("reembed", "--cancel"), "conflict", "kept")
    code, out, err = call("reembed", "--back", "--json")
    assert code == 0 and json.loads(out) == {"model": "axes", "before": "wide", "words": 3, "embedded": 0, "notes": []}
    assert call("similar", "fruit a")[0] == 0
    assert call("reembed", "--forget")[1] == "model\twords\tvectors\naxes\t-\tin use\n"
    failed(call("reembed", "--back"), "not_found", "--model")


@pytest.mark.parametrize("arguments", [["--back", "--cancel"], ["--forget", "--show"]])
def test_two_things_at_once_are_a_wrong_command_line(call, indexed, arguments):
    assert call("reembed", *arguments)[0] == 2


def test_no_model_named_and_no_store(call, models, monkeypatch):
    failed(call("reembed", "--model", "wide"), "not_found")
    monkeypatch.delenv("TOPICDEX_MODEL")
    call("index", write("words.txt", "fruit\n"), "--model", "axes")
    assert call("reembed")[0] == 2
    assert call("reembed", "--back")[0] == 1


def test_what_was_begun_is_said_and_cancelled(call, indexed, monkeypatch):
    def fails(texts):
        raise Cancelled("enough")

    monkeypatch.setattr(indexed["wide"], "embed", fails)
    failed(call("reembed", "--model", "wide"), "cancelled")
    assert "wide\t0\tbegun" in call("reembed", "--show")[1]
    assert call("reembed", "--cancel")[1].splitlines()[1:] == ["axes\t-\tin use"]
    failed(call("reembed", "--model", "wide"), "cancelled")
    code, _, err = call("reembed", "--model", "third")
    assert code == 0 and "what was begun for wide (0 words) is removed" in err


def test_a_model_that_costs_money_says_what_and_wants_a_yes(call, indexed):
    indexed["openai:text-embedding-3-small"] = AxisEmbedder("openai:text-embedding-3-small")
    named = ("reembed", "--model", "openai:text-embedding-3-small")
    failed(call(*named), "invalid_request", "3 texts of 6 tokens", "for money", "--yes")
    assert not indexed["openai:text-embedding-3-small"].texts and "axes\t-\tin use\n" in call("reembed", "--show")[1]
    code, _, err = call(*named, "--yes")
    assert code == 0 and "3 texts of 6 tokens" in err


def test_through_a_server(call, indexed, settings, store):
    settings = replace(settings, data=store, models="wide")
    with serving(settings, load=indexed.__getitem__):
        assert "wide\taxes\t3\t3" in call("reembed", "--model", "wide")[1]
        assert "kept, for --back" in call("reembed", "--show")[1]
        failed(call("topic", "fruit"), "model_mismatch", "wide")
        failed(call("reembed", "--model", "third"), "invalid_request", "TOPICDEX_MODELS")
        assert "axes\twide\t3\t0" in call("reembed", "--back")[1]
        assert call("reembed", "--forget")[0] == 0
