"""The door of a notebook, `indexer.open`: a folder, a folder that a server owns, and the address of a server."""

import subprocess
import sys

import pytest

import indexer
from indexer import Engine
from indexer.contract.topics import TopicSet
from indexer.errors import InvalidRequest, ModelMismatch, ServerUnavailable
from indexer.remote import Remote
from tests.model import AxisEmbedder

LIGHT = """
import sys
import indexer
indexer.Settings, indexer.open, indexer.__version__
print(sorted({"chromadb", "torch", "numpy", "pydantic", "httpx", "pandas", "click"} & set(sys.modules)))
indexer.ClusteringSettings
print(sorted({"chromadb", "torch", "numpy", "pandas"} & set(sys.modules)))
"""


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr("indexer.engine.load_embedder", lambda *_, **__: AxisEmbedder())


def test_importing_it_loads_nothing_heavy():
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n[]\n"


def test_a_folder_is_made_and_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    with indexer.open("~/corpus", model="axes") as corpus:
        assert isinstance(corpus, Engine)
        corpus.words.add(["fruit", "country"])
    with indexer.open(tmp_path / "corpus") as corpus:
        assert corpus.info().counts.words == 2 and corpus.info().model.name == "axes"
        clustering = corpus.clusterings.make(indexer.ClusteringSettings(k=2))
        assert [cluster.size for cluster in clustering.clusters] == [1, 1]


def test_a_folder_that_is_named_is_opened_whatever_the_environment_names(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPICDEX_SERVER", "http://127.0.0.1:9")
    monkeypatch.setenv("TOPICDEX_CHROMA_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("TOPICDEX_DATA", str(tmp_path / "other"))
    with indexer.open(str(tmp_path / "corpus")) as corpus:
        assert isinstance(corpus, Engine)
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]


def test_a_folder_that_a_server_owns_is_worked_through_the_server(url, settings):
    with indexer.open(settings.data) as corpus:
        assert isinstance(corpus, Remote)
        assert corpus.topics.replace(["fruit"]) == TopicSet(topics=[{"name": "fruit"}])


def test_an_address_is_a_servers(url, free_url):
    with indexer.open(url) as corpus:
        assert isinstance(corpus, Remote) and corpus.info().counts.words == 0
    with pytest.raises(ServerUnavailable):
        indexer.open(free_url)
    with pytest.raises(InvalidRequest):
        indexer.open("http://")


def test_a_model_is_named_for_a_server_too(url):
    with indexer.open(url, model="other") as corpus, pytest.raises(ModelMismatch):
        corpus.words.add(["fruit"])


def test_what_is_not_there_is_no_attribute():
    with pytest.raises(AttributeError, match="no attribute 'surprise'"):
        indexer.surprise  # noqa: B018
