"""Code that a model brings along: never run unasked, and never that of a commit that nobody named."""

import json
import shutil

import pytest

from indexer.embedders import load_embedder, local
from indexer.embedders.custom_code import Origin
from indexer.errors import ModelUnavailable
from indexer.settings import Settings

COMMIT, OTHER = "0123456789abcdef" * 2 + "01234567", "f" * 40
CODE = """
from pathlib import Path
from transformers.models.bert.modeling_bert import BertModel
Path(__file__).with_name("it-ran").touch()
Path({marker!r}).touch()


class Custom(BertModel):
    pass
"""


@pytest.fixture
def folder(tmp_path):
    """The bundled model, saved as one whose class stands in a file of its own."""
    folder = tmp_path / "with-code"
    shutil.copytree(local._bundled_folder(), folder)
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoModel": "its_code.Custom"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "its_code.py").write_text(CODE.format(marker=str(tmp_path / "ran")))
    return folder


def test_code_runs_only_where_it_is_allowed(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_MODULES_CACHE", str(tmp_path / "modules"))
    plain = load_embedder(str(folder), Settings())  # BERT is known without the code, which is passed over
    assert not (tmp_path / "ran").exists()
    trusted = load_embedder(str(folder), Settings(trust_remote_code=True))
    assert (tmp_path / "ran").exists()
    assert plain.embed(["Mango"])[0] @ trusted.embed(["Mango"])[0] == pytest.approx(1, abs=1e-4)


def test_a_model_that_cannot_do_without_is_refused_in_one_line(folder, tmp_path):
    config = json.loads((folder / "config.json").read_text())
    config["model_type"] = "of-its-own"
    config["auto_map"]["AutoConfig"] = "its_code.CustomConfig"
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelUnavailable, match="--trust-remote-code and --revision") as caught:
        load_embedder(str(folder), Settings())
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("revision", [None, "main", "v1.5", "0123456", "0" * 39, "G" * 40, f"main:{COMMIT}"])
def test_a_name_on_the_hub_needs_a_whole_commit(revision):
    with pytest.raises(ModelUnavailable, match="--revision with the 40 digits"):
        load_embedder("of/somebody", Settings(trust_remote_code=True, revision=revision))


@pytest.mark.parametrize(
    ("revision", "refused"), [(None, True), (COMMIT, True), (f"{COMMIT}:main", True), (f"{COMMIT}:{OTHER}", False)]
)
def test_code_of_another_repository_needs_its_own_commit(folder, revision, refused):
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoModel": "who/ever--its_code.Custom", "AutoTokenizer": ["x.y", None]}
    (folder / "config.json").write_text(json.dumps(config))
    origin = Origin.of(str(folder), True, revision)
    if refused:
        with pytest.raises(ModelUnavailable, match="who/ever"):
            origin.check()
    else:
        origin.check()
        assert origin.options()["model_kwargs"] == {"use_safetensors": True, "code_revision": OTHER}


def test_weights_are_never_unpickled():
    assert Origin("x", trusted=True).options()["model_kwargs"]["use_safetensors"]
    assert Origin.of("x", False, COMMIT).options()["revision"] == COMMIT
