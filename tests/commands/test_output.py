"""What is printed where: JSON, lines with tabs, and a standard output that is full."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.conftest import AXES, environment, write


def test_results_go_to_standard_output_as_one_json_document(call, index):
    index(
        write("a.csv", "id,text\n1,fruit a\n2,fruit b\n3,country c\n"), "--topics", write("t.txt", "fruit\ncountry\n")
    )
    documents = {}
    for name, arguments in {
        "topic": ["topic", "a fruit", "the country", "-k", "1"],
        "similar": ["similar", "fruit a", "-k", "2"],
        "cluster": ["cluster", "-k", "2"],
        "clusters": ["clusters", "list"],
        "topics": ["topics", "list"],
        "word": ["words", "get", "1"],
        "info": ["info"],
        "deleted": ["words", "delete", "3", "none"],
    }.items():
        code, out, err = call(*arguments, "--json")
        assert (code, err) == (0, "")
        documents[name] = json.loads(out)
    assert [r["topic"] for r in documents["topic"]["results"]] == ["fruit", "country"]
    assert documents["similar"]["matches"][0]["id"] == "1"
    assert (documents["cluster"]["status"], documents["cluster"]["k"]) == ("done", 2)
    assert documents["clusters"]["clusterings"] == [documents["cluster"]]
    assert documents["word"] == {"id": "1", "text": "fruit a", "metadata": {}}
    assert documents["info"]["counts"] == {"words": 3, "topics": 2}
    assert documents["deleted"] == {"removed": 1}


def test_a_text_cannot_move_the_cursor_of_a_terminal_or_break_a_line(call, index):
    index(write("a.jsonl", json.dumps("fruit \x1b[2J\n\tb") + "\n"))
    _, out, _ = call("similar", "fruit")
    assert len(out.splitlines()) == 2 and "\x1b" not in out


def test_a_full_standard_output_is_one_line(call, index, tmp_path, store):
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    index(write("a.txt", "fruit\n"))
    command = [sys.executable, "-c", AXES, "words", "list"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, cwd=tmp_path, env=environment(), stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
