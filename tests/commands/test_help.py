"""A wrong command line, and help, which loads nothing heavy."""

import pytest

from tests.commands.conftest import LOADED, in_a_process


@pytest.mark.parametrize(
    "arguments",
    [
        ["index"],
        ["index", "a.txt", "--surprise"],
        ["surprise"],
        ["cluster", "-k", "0"],
        ["cluster", "-k", "two"],
        ["cluster", "-k", "1001"],
        ["topic"],
        ["topic", "a", "-k", "0"],
        ["serve", "--port", "abc"],
        ["words", "list", "--limit", "0"],
        ["topics", "add"],
        ["topics", "change", "a"],
        ["--surprise"],
        [],
    ],
)
def test_a_wrong_command_line_is_a_2(call, arguments):
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert "Usage: topicdex" in err


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["index", "--help"], ["serve", "--help"], ["surprise"]]
)
def test_help_loads_nothing_heavy(tmp_path, arguments):
    done = in_a_process(*arguments, cwd=tmp_path, script=LOADED)
    assert done.returncode == (2 if arguments == ["surprise"] else 0)
    assert done.stderr.splitlines()[-1] == "[]"
