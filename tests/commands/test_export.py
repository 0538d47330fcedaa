"""`topicdex export`: files that are whole or not there, and that index to an equal store."""

import csv
import io
import json
import os
import resource
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas
import pytest

from indexer import Engine, Settings
from indexer.cli import run
from indexer.contract.exports import FILES
from tests.commands.conftest import environment, failed, write
from tests.exports.words import hostile, plain


@pytest.fixture
def stocked(call, settings, model, store):
    """A store of hostile words with topics and a clustering."""
    with Engine(settings, load=lambda _: model) as engine:
        engine.words.add(hostile())
        engine.topics.replace(["fruit", "=country"])
    os.rename(settings.data, store)
    assert call("cluster", "-k", "3")[0] == 0
    return store


def words_of(folder, model):
    with Engine(Settings(data=Path(folder)), load=lambda _: model) as engine:
        return engine.words.page(1000).words


@pytest.mark.parametrize("format", ["parquet", "csv"])
def test_an_export_indexes_to_an_equal_store_and_changes_nothing_in_its_own(call, index, stocked, model, format):
    code, out, err = call("export", format, f"out.{format}")
    assert (code, out) == (0, "") and err.startswith(f"out.{format} is written: ")
    counts = index(f"out.{format}")
    assert (counts["added"], counts["updated"], counts["unchanged"], counts["skipped"]) == (0, 0, len(hostile()), 0)
    index(f"out.{format}", "--data", "other")
    assert plain(words_of("other", model)) == plain(hostile())
    call("export", format, f"again.{format}", "--data", "other")
    index(f"again.{format}", "--data", "third")
    assert plain(words_of("third", model)) == plain(hostile())


def test_numpy_and_the_projector_are_folders(call, stocked):
    for format in FILES:
        code, _, err = call("export", format, f"to/{format}")
        assert code == 1 and "cannot be written" in err  # there is no folder "to"
        assert call("export", format, format)[0] == 0
        assert sorted(path.name for path in Path(format).iterdir()) == sorted(FILES[format])
        assert Path(format, FILES[format][0]).stat().st_mode & 0o777 == 0o666 & ~umask()
    assert len(pandas.read_parquet("numpy/words.parquet")) == len(hostile())
    assert parts() == []


def umask():
    mask = os.umask(0o22)
    os.umask(mask)
    return mask


def parts():
    """Return what a command has left behind."""
    return [path.name for path in Path().rglob("*.part")]


@pytest.mark.parametrize("format", ["csv", "numpy"])
def test_what_is_there_stays_without_force(call, stocked, format):
    if format == "csv":
        write("mine", "precious")
    else:
        Path("mine").mkdir()
        write("mine/other.txt", "precious")
    before = sorted(Path().rglob("*"))
    failed(call("export", format, "mine"), "input_error", "mine is there already", "--force")
    assert sorted(Path().rglob("*")) == before
    assert call("export", format, "mine", "--force")[0] == 0
    if format == "csv":
        assert Path("mine").read_text("utf-8").startswith("id,text,")
    else:  # other files of a folder stay
        assert {path.name for path in Path("mine").iterdir()} == {*FILES["numpy"], "other.txt"}
    failed(call("export", "numpy" if format == "csv" else "csv", "mine", "--force"), "input_error", "cannot be written")
    assert parts() == []


def test_csv_goes_to_standard_output_and_nothing_else_does(call, stocked, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", io.TextIOWrapper(printed := io.BytesIO()))
        assert run(["export", "csv", "-"]) == 0
        content = printed.getvalue().decode()
    assert len(list(csv.reader(io.StringIO(content, newline="")))) == 1 + len(hostile())
    for format in ("parquet", "numpy", "projector"):
        code, out, err = call("export", format, "-")
        assert (code, out) == (2, "") and "only csv" in err
    assert call("export", "xlsx", "a")[0] == 2


def test_without_a_store_nothing_is_made(call):
    failed(call("export", "csv", "a.csv"), "not_found")
    assert list(Path().iterdir()) == []


def test_beside_a_server_the_files_are_the_same(url, call, tmp_path, monkeypatch):
    monkeypatch.delenv("TOPICDEX_MODEL")
    write("w.csv", "text,colour\nfruit a,red\n=country b,\n")
    assert call("index", "w.csv")[0] == 0
    for format in ("parquet", "csv", *FILES):
        assert call("export", format, f"out.{format}")[0] == 0
    assert pandas.read_parquet("out.parquet")["text"].tolist() == ["fruit a", "=country b"]
    assert b"'=country b" in Path("out.csv").read_bytes()
    assert json.loads(Path("out.projector/config.json").read_text())["embeddings"][0]["tensorShape"] == [2, 8]


@pytest.mark.parametrize("names", [["../evil"], ["vectors.npy", "words.parquet", "/tmp/evil"], ["vectors.npy"], None])
def test_a_zip_with_other_files_is_not_unpacked(call, stocked, monkeypatch, names):
    sent = io.BytesIO(b"no zip")
    if names is not None:
        with zipfile.ZipFile(sent, "w") as archive:
            for name in names:
                archive.writestr(name, "evil")
    monkeypatch.setattr(Engine, "export", lambda *_: iter([sent.getvalue()]))
    before = sorted(Path().rglob("*"))
    failed(call("export", "numpy", "out"), "input_error", "no whole export")
    assert sorted(Path().rglob("*")) == before and not Path("../evil").exists()


@pytest.fixture
def small_files():
    """No file of this process can grow beyond 16 KB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**14, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("format", ["csv", "numpy"])
def test_a_full_disk_is_one_line_and_leaves_nothing(call, stocked, monkeypatch, small_files, format):
    monkeypatch.setattr(Engine, "export", lambda *_: iter([b"x" * 2**13] * 9))
    failed(call("export", format, "out"), "input_error", "out cannot be written (File too large)", "make room")
    assert [path.name for path in Path().iterdir()] == ["topicdex-data"]


STOPS = """
import sys, time
from contextlib import nullcontext
from types import SimpleNamespace
from indexer import connect
from indexer.cli import run

def export(format):
    yield b"id,text"
    print("begun", flush=True)
    time.sleep(60)

connect.connect = lambda *_, **__: nullcontext(SimpleNamespace(export=export))
sys.exit(run(sys.argv[1:]))
"""


def test_a_kill_leaves_no_half_file_under_the_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("out.csv", "old")
    command = [sys.executable, "-c", STOPS, "export", "csv", "out.csv", "--force"]
    for number, code in ((signal.SIGKILL, -9), (signal.SIGINT, 130)):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, cwd=tmp_path, env=environment(), **pipes) as process:
            assert process.stdout.readline() == "begun\n"
            process.send_signal(number)
            assert process.wait(30) == code
        assert Path("out.csv").read_text() == "old"
        assert len(parts()) == 1  # that of the one that was killed


def test_a_matrix_is_written_as_a_page(call, store, monkeypatch, model):
    monkeypatch.setattr("indexer.embedders.load_embedder", lambda *_, **__: model)
    code, out, err = call("matrix", "fruit", "country", "--html", "m.html")
    assert (code, out) == (0, "") and err.startswith("m.html is written: ")
    assert '<script type="application/json" id="data">{"title"' in Path("m.html").read_text("utf-8")
    assert json.loads(call("matrix", "fruit", "--html", "m.html", "--json")[1])["rows"] == ["fruit"]
    failed(call("matrix", "fruit", "--html", "none/m.html"), "input_error", "none/m.html cannot be written")
