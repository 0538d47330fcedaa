"""The command line beside a server: the same commands, the same counts, done through the owner of the folder."""

import json
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace

import pytest

from indexer import Engine, cli
from indexer.records import Word
from indexer.store.lock import read_note
from tests.conftest import serving
from tests.model import AxisEmbedder

WORDS = [f"{kind} {i}" for kind in ("fruit", "country", "company") for i in range(10)]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("\n".join(WORDS) + "\n")
    return path


@pytest.fixture
def run(capsys):
    """Run a command; return its exit code, its output (read where it is --json), and its standard error."""

    def run(*arguments):
        capsys.readouterr()
        code = cli.run([str(a) for a in arguments])
        printed = capsys.readouterr()
        out = json.loads(printed.out) if "--json" in arguments and printed.out else printed.out
        return code, out, printed.err

    return run


def test_index_beside_a_server_is_done_by_the_server(url, file, run, model):
    code, summary, _ = run("index", file, "--json")
    assert code == 0
    assert {k: summary[k] for k in ("added", "updated", "unchanged", "removed", "skipped", "embedded")} == {
        "added": 30,
        "updated": 0,
        "unchanged": 0,
        "removed": 0,
        "skipped": 0,
        "embedded": 30,
    }
    assert model.texts == WORDS
    code, summary, _ = run("index", file, "--json")
    assert (code, summary["added"], summary["unchanged"], summary["embedded"]) == (0, 0, 30, 0)
    assert model.texts == WORDS


def test_index_says_the_same_as_without_a_server(url, file, run):
    code, out, err = run("index", file)
    assert (code, out) == (0, "")
    assert err.startswith("30 added, 0 updated, 0 unchanged, 0 removed, 0 skipped; 30 texts embedded;")


def test_columns_and_changed_metadata_reach_the_server(url, tmp_path, run):
    path = tmp_path / "words.csv"
    path.write_text("id,text,colour\n1,fruit a,red\n2,fruit b,green\n")
    assert run("index", path)[0] == 0
    path.write_text("id,text,colour\n1,fruit a,blue\n2,fruit b,green\n")
    _, summary, _ = run("index", path, "--json")
    assert (summary["updated"], summary["unchanged"], summary["embedded"]) == (1, 1, 0)
    assert run("words", "get", "1", "--json")[1] == {"id": "1", "text": "fruit a", "metadata": {"colour": "blue"}}


def test_prune_removes_what_the_file_no_longer_has(url, file, run):
    run("index", file)
    file.write_text("\n".join([*WORDS[:20], "fruit new"]))
    _, summary, _ = run("index", file, "--prune", "--json")
    assert (summary["added"], summary["unchanged"], summary["removed"]) == (1, 20, 10)
    assert run("info", "--json")[1]["counts"]["words"] == 21


def test_prune_of_more_than_half_needs_yes(url, file, run):
    run("index", file)
    file.write_text("\n".join(WORDS[:10]))
    code, _, err = run("index", file, "--prune")
    assert code == 1 and err.startswith("topicdex: invalid_request: --prune would remove 20 of 30 words")
    assert run("info", "--json")[1]["counts"]["words"] == 30
    assert run("index", file, "--prune", "--yes", "--json")[1]["removed"] == 20


def test_a_dry_run_says_what_would_be_done_and_does_nothing(url, file, run, model, settings):
    run("index", file)
    file.write_text("\n".join([*WORDS[:29], "fruit new"]))
    code, _, err = run("index", file, "--prune", "--dry-run")
    assert code == 0
    assert err == (
        "dry run: 1 words would be added, 0 updated, 1 removed, 29 are unchanged; 1 texts would be embedded\n"
        "dry run: axes runs here: 1 texts to embed cost nothing\n"
    )
    file.unlink()
    path = file.with_suffix(".csv")
    path.write_text(f"id,text,n\n{Word('', '1').id},country 3,1\n")
    assert (
        "1 words would be added, 0 updated, 0 removed, 0 are unchanged; 0 texts" in run("index", path, "--dry-run")[2]
    )
    assert model.texts == WORDS
    assert run("info", "--json")[1]["counts"]["words"] == 30


def test_a_dry_run_beside_a_server_asks_it_and_no_folder(url, file, run, tmp_path, monkeypatch):
    run("index", file)
    monkeypatch.setenv("TOPICDEX_DATA", str(tmp_path / "nowhere"))
    assert "30 are unchanged" in run("index", file, "--dry-run", "--server", url)[2]


def test_topics_lookups_and_words_go_through_the_server(url, file, run, tmp_path):
    (tmp_path / "topics.txt").write_text("Fruit\nCountry\n")
    code, _, err = run("index", file, "--topics", tmp_path / "topics.txt")
    assert code == 0 and err.startswith("2 topics are set\n")
    assert run("topics", "add", "Company", "--description", "a firm", "--json")[1]["topics"][2] == {
        "name": "Company",
        "description": "a firm",
        "examples": [],
    }
    assert run("topics", "delete", "Country", "--json")[0] == 0
    assert [t["name"] for t in run("topics", "list", "--json")[1]["topics"]] == ["Fruit", "Company"]
    answers = run("topic", "some fruit", "a company", "--json")[1]["results"]
    assert [(a["topic"], a["model"]) for a in answers] == [("Fruit", "axes"), ("Company", "axes")]
    assert run("similar", "country 3", "-k", "1", "--json")[1]["matches"][0]["text"] == "country 3"
    assert len(run("words", "list")[1].splitlines()) == 31
    id = run("similar", "country 3", "-k", "1", "--json")[1]["matches"][0]["id"]
    assert run("words", "delete", id, "nowhere", "--json")[1] == {"removed": 1}
    code, _, err = run("words", "get", id)
    assert code == 1 and err == f"topicdex: not_found: there is no word with the id {id!r}\n"
    assert run("matrix", "fruit", "country", "--server", url, "--json")[1]["rows"] == ["fruit", "country"]


def test_evidence_comes_from_the_server(url, file, run, tmp_path, settings, model):
    (tmp_path / "topics.txt").write_text("Fruit\nCountry\n")
    (tmp_path / "labelled.csv").write_text("text,label\nfruit 91,Fruit\ncountry 92,Country\ncountry 93,Fruit\n")
    run("index", file, "--topics", tmp_path / "topics.txt")
    code, found, _ = run("evaluate", tmp_path / "labelled.csv", "--json")
    assert (code, found["accuracy"]["value"]) == (0, pytest.approx(2 / 3))
    lines = [json.loads(line) for line in run("classify", "--topic", "Fruit")[1].splitlines()]
    assert {line["text"] for line in lines} >= {f"fruit {i}" for i in range(10)}
    (tmp_path / "out.jsonl").write_text("precious")
    for unset in ("nope", "\udcff"):
        code, _, err = run("classify", "--topic", unset, "--out", tmp_path / "out.jsonl")
        assert code == 1 and "topicdex: not_found: " in err
    assert (tmp_path / "out.jsonl").read_text() == "precious"
    code, behind, _ = run("calibrate", "--background", "--json")
    assert (code, behind["rows"]) == (0, 30)
    assert run("topic", "fruit", "--json")[1]["results"][0]["threshold"] == behind["threshold"]


def test_clustering_is_done_and_kept_by_the_server(url, file, run):
    run("index", file)
    code, done, _ = run("cluster", "-k", "3", "--json")
    assert (code, done["status"], done["k"], done["words"]) == (0, "done", 3, 30)
    assert sorted(c["size"] for c in done["clusters"]) == [10, 10, 10]
    assert [c["id"] for c in run("clusters", "list", "--json")[1]["clusterings"]] == [done["id"]]
    assert run("clusters", "show", done["id"], "--json")[1]["k"] == 3
    code, _, err = run("cluster", "-k", "31")
    assert code == 1 and err.startswith("topicdex: invalid_request: k is 31 and there are 30 words")


def test_the_key_of_the_server_is_sent(settings, model, run, monkeypatch):
    monkeypatch.setenv("TOPICDEX_DATA", str(settings.data))
    with serving(replace(settings, api_key="sesame ü"), model):
        for key in ("", "wrong"):
            monkeypatch.setenv("TOPICDEX_API_KEY", key)
            code, out, err = run("info")
            assert (code, out) == (1, "") and err.startswith("topicdex: unauthorized: ") and "TOPICDEX_API_KEY" in err
        monkeypatch.setenv("TOPICDEX_API_KEY", "sesame ü")
        assert run("info", "--json")[1]["model"]["name"] == "axes"


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(url, run, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert run("info")[0] == 0


def test_a_server_that_is_not_there_is_named_in_one_line(run, file, free_url):
    code, _, err = run("index", file, "--server", free_url)
    assert code == 1 and err.count("\n") == 1
    assert err.startswith("topicdex: server_unavailable: the server at http://127.0.0.1:") and "--server" in err


def test_commands_that_work_through_a_server_load_no_chroma_and_no_model(url, file, settings, tmp_path):
    (tmp_path / "topics.txt").write_text("Fruit\nCountry\n")
    commands = [
        ["index", str(file), "--topics", str(tmp_path / "topics.txt")],
        ["topic", "fruit"],
        ["cluster", "-k", "2"],
    ]
    check = (
        f"import sys; from indexer import cli; print([cli.run(arguments) for arguments in {commands!r}],"
        "{'chromadb', 'torch', 'sentence_transformers'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert done.stdout.endswith("[0, 0, 0] set()\n"), done.stderr


SERVE = """
import os, signal, sys
from pathlib import Path
from indexer import Engine
from tests.model import AxisEmbedder

class Mortal(AxisEmbedder):
    def embed(self, texts, role="passage"):
        if int(sys.argv[2]) and len(self.texts) >= int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().embed(texts, role)

Engine.__init__.__kwdefaults__["load"] = lambda settings: Mortal()
from indexer.settings import Settings
from server.serve import serve
serve(Settings(data=Path(sys.argv[1]), model="axes", port=0), on_listen=lambda url: print(url, flush=True))
"""


@contextmanager
def server_process(folder, dies_after=0):
    command = [sys.executable, "-c", SERVE, str(folder), str(dies_after)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline().startswith("http://")
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def test_a_server_that_dies_on_the_way_is_told_and_running_again_finishes(settings, tmp_path, run, monkeypatch):
    monkeypatch.setenv("TOPICDEX_DATA", str(settings.data))
    path = tmp_path / "many.txt"
    path.write_text("\n".join(f"fruit {i}" for i in range(1500)))
    with server_process(settings.data, dies_after=1000) as process:
        code, out, err = run("index", path, "--json")
        assert process.wait(30) == -signal.SIGKILL
    assert (code, out) == (1, "")
    assert err.startswith("topicdex: server_unavailable: ") and err.endswith("run again to go on\n")
    assert err.count("\n") == 1
    assert read_note(settings.data).pid == process.pid  # stale, and in nobody's way
    with server_process(settings.data) as process:
        _, summary, _ = run("index", path, "--json")
        assert (summary["added"], summary["unchanged"]) == (500, 1000)
        assert run("info", "--json")[1]["counts"]["words"] == 1500
    with Engine(settings, load=lambda _: AxisEmbedder()) as engine:  # and the folder is free again
        assert engine.words.count() == 1500
