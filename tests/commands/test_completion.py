"""`topicdex completion`: each shell gets its script, and completes with it."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.commands.conftest import LOADED, environment, in_a_process

# Each asks its shell to complete the line in $words, and prints what the shell would offer. A shell completes files
# itself; bash and zsh are told to do so by a builtin that works at a prompt only, and stands here as a function.
ASK = {
    "bash": """
        compopt() { echo files; }
        source <(topicdex completion bash)
        read -ra COMP_WORDS <<< "$words"; COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        [[ $words == *' ' ]] && COMP_WORDS+=('') && COMP_CWORD=$((COMP_CWORD + 1))
        _topicdex_completion topicdex
        printf '%s\\n' "${COMPREPLY[@]}"
    """,
    "zsh": """
        compdef() { :; }; compadd() { print -l -- $completions; }
        _describe() { print -l -- ${completions_with_descriptions%%:*}; }; _path_files() { print files; }
        line=$words; eval "$(topicdex completion zsh)"
        words=("${(@s: :)line}"); CURRENT=$#words
        _topicdex_completion
    """,
    "fish": 'topicdex completion fish | source; complete -C "$words" | string split -f 1 \\t; true',
}


@pytest.fixture(params=ASK)
def complete(request, tmp_path):
    """Return what a shell offers for a command line, in a folder that holds `notes.txt`."""
    shell = shutil.which(request.param)
    if shell is None:
        pytest.skip(f"{request.param} is not installed")
    command = tmp_path / "bin" / "topicdex"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m indexer.cli "$@"\n')
    command.chmod(0o755)
    (tmp_path / "notes.txt").write_text("fruit\n")
    bare = {"zsh": ["-f"], "bash": ["--norc"], "fish": ["--no-config"]}[request.param]

    def complete(words):
        env = {**environment(), "PATH": f"{command.parent}:{os.environ['PATH']}", "HOME": str(tmp_path), "words": words}
        done = subprocess.run(
            [shell, *bare, "-c", ASK[request.param]], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout.splitlines()

    return complete


def test_a_shell_completes_commands_flags_choices_and_files(complete):
    assert complete("topicdex cl") == ["classify", "cluster", "clusters"]
    assert "delete" in complete("topicdex clusters ")
    assert complete("topicdex topic Mango --trust") == ["--trust-remote-code"]
    assert complete("topicdex completion z") == ["zsh"]
    for line in (
        "topicdex index no",
        "topicdex topics set no",
        "topicdex classify --out no",
        "topicdex info --data no",
    ):
        assert complete(line)[0] in ("files", "notes.txt"), line


def test_a_text_is_not_completed(complete):
    assert "".join(complete("topicdex topic no")) == ""


@pytest.mark.parametrize(("shell", "line"), [("bash", "~/.bashrc"), ("zsh", "~/.zshrc"), ("fish", ".config/fish")])
def test_the_script_ends_with_the_way_to_install_it(call, shell, line):
    code, out, err = call("completion", shell)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1].startswith("# ") and line in out.splitlines()[-1]


def test_another_shell_is_a_wrong_command_line(call):
    code, out, err = call("completion", "tcsh")
    assert (code, out) == (2, "") and "bash" in err


def test_completion_loads_nothing_heavy(tmp_path, monkeypatch):
    monkeypatch.setenv("_TOPICDEX_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "topicdex si")
    monkeypatch.setenv("COMP_CWORD", "1")
    script = LOADED.replace("code = run(sys.argv[1:])", "try: run([])\nexcept SystemExit as end: code = end.code")
    done = in_a_process(cwd=tmp_path, script=script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "plain,similar\n", "[]\n")
