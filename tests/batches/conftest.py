"""What the tests of batches share: the paid API, and the command line as a process of its own."""

import json
import os
import subprocess

import pytest

from scripts.processes import REPOSITORY, TOPICDEX
from tests.embedders.paid_api import KEY, PaidAPI

MODEL = "openai:text-embedding-3-small"


@pytest.fixture
def api(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOPICDEX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TOPICDEX_DATA", str(tmp_path / "store"))
    monkeypatch.setattr("indexer.embedders.openai.batch_api._FIRST_PAUSE_S", 0.01)
    with PaidAPI() as api:
        monkeypatch.setenv("OPENAI_BASE_URL", api.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield api


@pytest.fixture
def call(api, capsys):
    """Run a command in this process, and return its exit code, standard output and standard error."""
    from indexer.cli import run

    def call(*arguments):
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def done(call):
    """Run a command that succeeds with --json, and return its document."""

    def done(*arguments):
        code, out, err = call(*arguments, "--json")
        assert code == 0, err
        assert KEY not in out + err
        return json.loads(out)

    return done


@pytest.fixture
def submit(done):
    """Submit texts, and return the document."""
    return lambda texts, *flags: done("index", write(texts), "--model", MODEL, "--batch", *flags)


@pytest.fixture
def stored(done):
    """Return the stored words, text by id, in any order."""
    return lambda *flags: {word["id"]: word["text"] for word in done("words", "list", *flags)["words"]}


def write(texts, name="texts.txt"):
    with open(name, "w", encoding="utf-8") as file:
        file.writelines(f"{text}\n" for text in texts)
    return name


def environment():
    """Return the environment of a process that this process starts."""
    return dict(os.environ)


def in_a_process(*arguments, **options):
    """Run a command to its end, and return its exit code, standard output and standard error."""
    command = [*TOPICDEX, *map(str, arguments)]
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environment(), capture_output=True, text=True, timeout=60, **options
    )
    return done.returncode, done.stdout, done.stderr
