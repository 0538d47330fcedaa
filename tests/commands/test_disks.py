"""Full and read-only disks under a command: one line, and nothing that was acknowledged is lost."""

import json
import resource
import signal
import subprocess

import pytest

from tests.commands.conftest import in_a_process


def limited(size):
    """Return what a child does first so that no file of its own can grow above `size` bytes."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def many_words(folder, name="many.txt"):
    path = folder / name
    path.write_text("".join(f"fruit {i} {'x' * 400}\n" for i in range(3_000)))
    return path


def test_a_limit_on_the_size_of_files_is_a_full_disk_and_loses_nothing(tmp_path):
    """Index until it is reached; then what was acknowledged is there and running again finishes."""
    many, first = many_words(tmp_path), tmp_path / "first.txt"
    store = tmp_path / "store"
    first.write_text("fruit one\nfruit two\n")
    assert in_a_process("index", first, "--data", store, cwd=tmp_path).returncode == 0
    full = in_a_process("index", many, "--data", store, cwd=tmp_path, preexec_fn=limited(2 * 2**20))
    assert full.returncode == 1, full.stderr
    told = [line for line in full.stderr.splitlines() if line.startswith("topicdex: ")]
    assert len(told) == 1 and told[0].startswith("topicdex: store_unavailable: "), full.stderr
    assert "Traceback" not in full.stderr and "panicked" not in full.stderr
    listed = in_a_process("words", "list", "--data", store, "--json", cwd=tmp_path)
    assert {"fruit one", "fruit two"} <= {word["text"] for word in json.loads(listed.stdout)["words"]}
    again = in_a_process("index", many, "--data", store, "--json", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    summary = json.loads(again.stdout)
    assert summary["added"] + summary["unchanged"] == 3_000


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 4 MB; only root can have one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a small disk here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def test_a_read_only_disk_is_one_line(small_disk, tmp_path):
    first = tmp_path / "first.txt"
    first.write_text("fruit\n")
    store = small_disk / "store"
    assert in_a_process("index", first, "--data", store, cwd=tmp_path).returncode == 0
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    for arguments in (["index", first, "--data", store], ["index", first, "--data", small_disk / "other"]):
        refused = in_a_process(*arguments, cwd=tmp_path)
        assert refused.returncode == 1
        assert refused.stderr.startswith("topicdex: store_unavailable: ") and len(refused.stderr.splitlines()) == 1
