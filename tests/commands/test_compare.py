"""`topicdex compare`: models on a file of texts, without a store and without a server."""

import json

import pytest

from indexer.errors import ModelUnavailable
from tests.commands.conftest import failed, write
from tests.comparison.models import Mistaken
from tests.model import AxisEmbedder

TEXTS = [f"{kind} {i}" for kind in ("fruit", "country", "company") for i in range(20)]
LABELLED = "text,label\n" + "".join(f"{text},{text.split()[0]}\n" for text in TEXTS)
TWO = ("--model", "right", "--model", "mistaken")


@pytest.fixture
def compare(call, monkeypatch):
    """Run the command with two models that can be checked by eye; any other is unknown."""
    models = {"right": AxisEmbedder("right"), "mistaken": Mistaken("mistaken")}

    def load(name, *_, **__):
        if name not in models:
            raise ModelUnavailable(f"the model {name!r} cannot be loaded\n; give another")
        return models[name]

    monkeypatch.setattr("indexer.comparison.candidates.load_embedder", load)
    monkeypatch.setattr("indexer.comparison.candidates.gc.collect", lambda: None)  # 0.3 s in a process of so many tests
    return lambda *arguments: call("compare", *arguments)


def cells(out):
    return {line.split("\t")[0]: line.split("\t")[1:] for line in out.splitlines()}


def test_a_table_says_what_each_model_reaches_and_no_store_is_made(compare, store):
    code, out, err = compare(write("labelled.csv", LABELLED), *TWO)
    assert code == 0, err
    table = cells(out)
    assert table["figure"] == ["right", "mistaken"]
    assert table["accuracy, label names alone"] == ["1.000 (0.940 to 1.000)", "0.967 (0.886 to 0.991)"]
    assert table["dimension"] == ["8", "8"] and table["USD for a million such texts"] == ["0.00", "0.00"]
    assert table["right minus mistaken"][0] == "V-measure"
    assert "\tnoise" in out and table["right and mistaken"][0].startswith("0.967 (")
    assert table["country 5"] == ["country", "country", "fruit (!)"]
    assert "2 texts like these" in err and not store.exists()


def test_json_is_the_whole_comparison(compare):
    code, out, _ = compare(write("labelled.csv", LABELLED), *TWO, "--seed", "7", "--json")
    found = json.loads(out)
    assert code == 0 and found["seed"] == 7 and [m["name"] for m in found["models"]] == ["right", "mistaken"]
    assert len(found["models"][0]["range"]["same_topic"]["histogram"]) == 100


def test_a_page_is_written_beside_the_table(compare, tmp_path):
    code, out, _ = compare(write("labelled.csv", LABELLED), *TWO, "--html", "page.html")
    assert code == 0 and "accuracy" in out
    assert "Models compared on labelled.csv" in (tmp_path / "page.html").read_text()


def test_a_page_that_cannot_be_written_is_said_before_the_models_run(compare):
    result = compare(write("labelled.csv", LABELLED), *TWO, "--html", "no/page.html")
    failed(result, "input_error", "no/page.html", "--html")


@pytest.mark.parametrize("name", ["words.txt", "words.csv"])
def test_texts_without_labels_are_compared_by_what_they_allow(compare, name):
    header = "" if name.endswith(".txt") else "text\n"
    code, out, err = compare(write(name, header + "\n".join(TEXTS)), *TWO, "--no-labels")
    assert code == 0 and "no labels" in err
    assert "accuracy" not in out and "similar from" in out and cells(out)["right and mistaken"][0] == "-"


def test_an_unknown_model_is_a_1_and_the_others_are_shown(compare):
    code, out, err = compare(write("labelled.csv", LABELLED), "--model", "right", "--model", "unknown")
    assert code == 1
    assert cells(out)["accuracy, label names alone"] == ["1.000 (0.940 to 1.000)", "-"]
    (said,) = [line for line in err.splitlines() if line.startswith("topicdex: ")]
    assert said == "topicdex: model_unavailable: unknown: the model 'unknown' cannot be loaded ; give another"


@pytest.mark.parametrize(
    ("content", "models", "code", "said"),
    [
        (LABELLED, ("--model", "right", "--model", "right"), "invalid_request", "two models are called 'right'"),
        ("text,label\n" + "a,b\n" * 20_001, TWO, "too_large", "20,000"),
        ("text,label\n", TWO, "input_error", "no rows"),
        ("text,label\na,\n", TWO, "invalid_request", "no texts"),
        ("text,a,b\na,b,c\n", TWO, "input_error", "--label-column"),
    ],
    ids=["a model twice", "20,001 rows", "no rows", "no labels", "no label column"],
)
def test_what_cannot_be_compared_is_said_before_a_model_is_loaded(compare, content, models, code, said):
    exit_code, out, err = compare(write("labelled.csv", content), *models)
    assert (exit_code, out) == (1, "")
    assert err.splitlines()[-1].startswith(f"topicdex: {code}: ") and said in err


def test_a_model_must_be_named_and_a_file_must_be_there(compare):
    assert compare(write("labelled.csv", LABELLED))[0] == 2
    failed(compare("nowhere.csv", *TWO), "input_error", "nowhere.csv")


def test_an_interruption_is_a_130(compare, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Mistaken, "embed", interrupted)
    code, out, err = compare(write("labelled.csv", LABELLED), *TWO)
    assert (code, out) == (130, "") and "interrupted" in err and "right is done" in err
