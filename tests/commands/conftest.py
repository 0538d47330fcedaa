"""What the tests of the command line share: a command run here or in a process of its own, and how a failure looks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.cli import run


@pytest.fixture
def store(tmp_path, monkeypatch, model):
    """Work in an empty folder with the model of the tests; return where the store will be."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOPICDEX_MODEL", "axes")
    monkeypatch.setattr("indexer.engine.load_embedder", lambda *_, **__: model)
    return tmp_path / "topicdex-data"


@pytest.fixture
def call(store, capsys):
    """Run a command and return its exit code, standard output and standard error."""

    def call(*arguments):
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def index(call):
    """Index with --json and return the summary."""

    def index(*arguments):
        code, out, err = call("index", *arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    return index


@pytest.fixture
def texts(call):
    """List the stored words, text by id."""

    def texts():
        code, out, err = call("words", "list", "--json")
        assert code == 0, err
        return {word["id"]: word["text"] for word in json.loads(out)["words"]}

    return texts


def write(name, content):
    Path(name).write_text(content, "utf-8")
    return name


def failed(result, code, *words):
    """Check that a command failed with one line of this code that holds these words."""
    exit_code, out, err = result
    assert (exit_code, out) == (1, ""), err
    assert err.startswith(f"topicdex: {code}: ")
    assert len(err.splitlines()) == 1
    for word in words:
        assert word in err


def interrupt(model, batch):
    """Let the model raise KeyboardInterrupt in its n-th batch, once."""
    real, calls = model.embed, []

    def embed(texts, role="passage"):
        calls.append(texts)
        if len(calls) == batch:
            raise KeyboardInterrupt
        return real(texts, role)

    model.embed = embed


AXES = (Path(__file__).parent.parent / "axes.py").read_text()


HEAVY = ("torch chromadb numpy sentence_transformers transformers onnxruntime openvino tokenizers sklearn flask openai "
         "pyarrow pandas pydantic httpx")  # fmt: skip
LOADED = f"""
import sys
from indexer.cli import run
code = run(sys.argv[1:])
print(sorted(set({HEAVY!r}.split()) & set(sys.modules)), file=sys.stderr)
sys.exit(code)
"""


def environment():
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent)}


def in_a_process(*arguments, cwd, script=AXES, **options):
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=120, **options)
