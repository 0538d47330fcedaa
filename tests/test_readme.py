"""The README tells the truth: its settings are those that there are, and its examples run."""

import json
import re
import shlex
from dataclasses import fields
from pathlib import Path

import pytest

from indexer import Engine, Settings
from indexer.cli import cli, run
from indexer.embedders import load_embedder
from indexer.settings import DEFAULT_MODEL
from server import create_app

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def real_model():
    return load_embedder(DEFAULT_MODEL, Settings())


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def calls():
    """Yield method, path and body of every curl line."""
    for line in "\n".join(blocks("sh")).replace("\\\n", " ").splitlines():
        if line.startswith("curl"):
            words = shlex.split(line)[1:]
            method = words[words.index("-X") + 1] if "-X" in words else "GET"
            body = json.loads(words[words.index("-d") + 1]) if "-d" in words else None
            address = next(word for word in words if word.startswith("localhost:8000"))
            yield method, address.removeprefix("localhost:8000"), body


def test_the_calls_of_the_readme_are_answered_as_it_says(tmp_path, real_model):
    with Engine(Settings(data=tmp_path / "store"), load=lambda _: real_model) as engine:
        app = create_app(engine=engine)
        answers = {path: app.test_client().open(path, method=method, json=body) for method, path, body in calls()}
        app.extensions["topicdex"].warmup.join()
        app.extensions["topicdex"].jobs.close()
    assert [answer.status_code for answer in answers.values()] == [200] * 7
    shown = json.loads(next(block for block in blocks("json") if '"Mango"' in block))
    given = answers["/v1/topics/nearest?text=Mango&k=2"].json
    assert shown.keys() == given.keys()
    assert (given["topic"], given["prototypes"], given["model"]) == (
        shown["topic"],
        shown["prototypes"],
        shown["model"],
    )
    assert given["score"] == pytest.approx(shown["score"], abs=0.01)


def test_the_first_session_of_the_readme_runs(tmp_path, monkeypatch, capsys, real_model):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("indexer.engine.load_embedder", lambda *_, **__: real_model)
    monkeypatch.setattr("indexer.embedders.load_embedder", lambda *_, **__: real_model)
    Path("words.txt").write_text("Apple\nMango\nBanana\nFrance\nIndia\nGoogle\nFacebook\n")
    Path("topics.csv").write_text("name,description,examples\nFruit,,\nCountry,,\nCompany,,\n")
    session = [line[2:] for line in "".join(blocks("console")).splitlines() if line.startswith("$ topicdex")]
    assert session[-1] == "topicdex serve"
    for line in session[:-1]:
        assert run(shlex.split(line)[1:]) == 0, line
    assert "Papaya\tFruit" in capsys.readouterr().out


def test_the_notebook_of_the_readme_gives_the_answers_of_the_course(tmp_path, monkeypatch, real_model):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("indexer.engine.load_embedder", lambda *_, **__: real_model)
    (notebook,) = blocks("python")
    found = {}
    exec(notebook, found)
    of = {
        "Fruit": ["Apple", "Orange", "Banana"],
        "Country": ["Jamaica", "Sri Lanka"],
        "Company": ["Facebook", "Google"],
    }
    topics = {word: topic for topic, words in of.items() for word in words}
    similarities = found["similarities"]
    assert (list(similarities.index), list(similarities.columns)) == (found["words"], found["topics"])
    assert similarities.loc["Banana", "Fruit"] == pytest.approx(0.726, abs=0.01)
    assert dict(similarities.idxmax(axis=1)) == topics
    nearest = found["nearest"].set_index("text")
    assert dict(nearest["topic"]) == topics
    assert list(nearest["score"]) == pytest.approx(list(similarities.max(axis=1)), abs=1e-5)
    clusters = found["clusters"].set_index("name")
    assert {name: sorted(words) for name, words in clusters["examples"].items()} == {
        name: sorted(words) for name, words in of.items()
    }
    assert found["mango"] == "Fruit"
    assert f'`mango` is `"{found["mango"]}"`' in README
    assert len([line for line in notebook.splitlines() if line]) == 10


def test_every_setting_is_in_the_readme_with_its_default():
    rows = [line for line in README.splitlines() if line.startswith("| `")]
    for setting in fields(Settings):
        row = next((row for row in rows if f"`{setting.metadata['variable']}`" in row), None)
        assert row is not None, setting.name
        if setting.metadata["flag"]:
            assert f"`{setting.metadata['flag']}`" in row
        if isinstance(setting.default, str | int | float | Path) and not isinstance(setting.default, bool):
            assert f"{setting.default:g}" in row if isinstance(setting.default, float) else str(setting.default) in row
        assert setting.metadata["default"] in row.replace("`", "") or setting.default is not None


@pytest.mark.parametrize("command", sorted(cli.commands))
def test_every_command_is_in_the_readme(command):
    assert re.search(rf"\b{command}\b", README)


def test_every_command_that_the_readme_names_is_there():
    named = set(
        re.findall(r"topicdex ([a-z]+)\b", "\n".join(re.findall(r"`(topicdex [^`]*)`", README) + blocks("console")))
    )
    assert named <= set(cli.commands)
