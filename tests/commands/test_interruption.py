"""Ctrl-C while `topicdex index` works: what is written stays, and running again finishes."""

import json
import signal
import subprocess
import sys

from indexer.words import upsert
from tests.commands.conftest import AXES, environment, in_a_process, interrupt, write


def test_what_was_written_before_ctrl_c_stays_and_running_again_finishes(call, index, texts, model, monkeypatch):
    monkeypatch.setattr(upsert, "BATCH", 10)
    write("a.txt", "".join(f"fruit {i}\n" for i in range(55)))
    interrupt(model, 4)
    code, out, err = call("index", "a.txt")
    assert (code, out) == (130, "")
    assert "run again to go on" in err and "Traceback" not in err
    assert sorted(texts().values()) == sorted(f"fruit {i}" for i in range(30))
    summary = index("a.txt")
    assert (summary["added"], summary["unchanged"]) == (25, 30)
    assert len(model.texts) == len(set(model.texts)) == 55
    assert len(texts()) == 55


def test_a_real_ctrl_c_is_130_and_running_again_finishes(tmp_path):
    (tmp_path / "a.txt").write_text("".join(f"fruit {i}\n" for i in range(4_000)))
    slow = AXES.replace(
        "from indexer.cli",
        "import indexer.words.upsert, indexer.commands.progress\n"
        "indexer.words.upsert.BATCH, indexer.commands.progress._EVERY_S = 20, 0\n"
        "from indexer.cli",
    )
    command = [sys.executable, "-c", slow, "index", "a.txt"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True) as process:
        first = process.stderr.readline()  # comes once words are on disk
        assert first.startswith("20 of 4000 words on disk"), first
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()
        assert process.wait(60) == 130
    assert "Traceback" not in told and told.splitlines()[-1].startswith("topicdex: interrupted; ")
    kept = json.loads(in_a_process("info", "--json", cwd=tmp_path).stdout)["counts"]["words"]
    assert 20 <= kept < 4_000
    summary = json.loads(in_a_process("index", "a.txt", "--json", cwd=tmp_path).stdout)
    assert (summary["unchanged"], summary["added"]) == (kept, 4_000 - kept)
