"""Settings on the command line: flag, environment, default, and their limits."""

import pytest

from tests.commands.conftest import failed, write


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TOPICDEX_PORT", "abc"),
        ("TOPICDEX_PORT", "80.5"),
        ("TOPICDEX_WAIT", "soon"),
        ("TOPICDEX_WAIT", "nan"),
        ("TOPICDEX_WAIT", "-1.0"),
        ("TOPICDEX_WAIT", "-1"),
        ("TOPICDEX_WAIT", "inf"),
        ("TOPICDEX_PORT", "-1"),
        ("TOPICDEX_PORT", "99999"),
        ("TOPICDEX_TRUST_REMOTE_CODE", "perhaps"),
    ],
)
def test_a_bad_variable_is_named_with_its_value(call, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    write("a.txt", "fruit\n")
    failed(call("index", "a.txt"), "invalid_request", variable, value)


@pytest.mark.parametrize(
    "arguments",
    [
        ["info", "--wait", "-1"],
        ["info", "--wait", "nan"],
        ["info", "--wait", "inf"],
        ["serve", "--port", "99999"],
        ["calibrate", "a.csv", "--precision", "5"],
        ["calibrate", "a.csv", "--precision", "-0.5"],
        ["calibrate", "a.csv", "--precision", "0"],
        ["calibrate", "a.csv", "--precision", "1"],
        ["calibrate", "a.csv", "--precision", "nan"],
    ],
)
def test_a_number_out_of_its_limits_is_a_wrong_command_line(call, store, arguments):
    *_, flag, value = arguments
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert "Usage: topicdex" in err and flag in err and value in err
    assert not store.exists()


def test_settings_come_from_the_flag_then_the_environment_then_the_default(call, index, tmp_path, monkeypatch):
    monkeypatch.setenv("TOPICDEX_DATA", str(tmp_path / "from-environment"))
    index(write("a.txt", "fruit\n"))
    index("a.txt", "--data", tmp_path / "from-flag")
    monkeypatch.setenv("TOPICDEX_DATA", "")
    index("a.txt")
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_dir()) == [
        "from-environment",
        "from-flag",
        "topicdex-data",
    ]


def test_help_shows_each_setting_with_its_variable_and_default(call):
    code, out, _ = call("serve", "--help")
    words = "".join(out.split())  # a name may be broken at its hyphen
    assert code == 0
    for shown in (
        "--data",
        "TOPICDEX_DATA",
        "topicdex-data",
        "--port",
        "TOPICDEX_PORT",
        "8000",
        "--host",
        "127.0.0.1",
        "--model",
        "all-MiniLM-L6-v2",
    ):
        assert shown in words
