"""The command line as a person or a script meets it: what it prints where, how it exits, what it leaves behind."""

import gzip
import io
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from indexer import Engine, Settings
from indexer.cli import run
from indexer.words import upsert


@pytest.fixture
def store(tmp_path, monkeypatch, model):
    """Work in an empty folder with the model of the tests; return where the store will be."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOPICDEX_MODEL", "axes")
    monkeypatch.setattr("indexer.engine.load_embedder", lambda *_, **__: model)
    return tmp_path / "topicdex-data"


@pytest.fixture
def call(store, capsys):
    """Run a command and return its exit code, standard output and standard error."""

    def call(*arguments):
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def index(call):
    """Index with --json and return the summary."""

    def index(*arguments):
        code, out, err = call("index", *arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    return index


@pytest.fixture
def texts(call):
    """List the stored words, text by id."""

    def texts():
        code, out, err = call("words", "list", "--json")
        assert code == 0, err
        return {word["id"]: word["text"] for word in json.loads(out)["words"]}

    return texts


def write(name, content):
    Path(name).write_text(content, "utf-8")
    return name


def failed(result, code, *words):
    """Check that a command failed with one line of this code that holds these words."""
    exit_code, out, err = result
    assert (exit_code, out) == (1, ""), err
    assert err.startswith(f"topicdex: {code}: ")
    assert len(err.splitlines()) == 1
    for word in words:
        assert word in err


def interrupt(model, batch):
    """Let the model raise KeyboardInterrupt in its n-th batch, once."""
    real, calls = model.embed, []

    def embed(texts):
        calls.append(texts)
        if len(calls) == batch:
            raise KeyboardInterrupt
        return real(texts)

    model.embed = embed


# index


def test_every_kind_of_file_is_indexed(index, texts):
    write("a.txt", "fruit a\n")
    write("b.csv", "id,text,n\n1,fruit b,3\n")
    write("c.tsv", "word\tn\nfruit c\t3\n")
    write("d.jsonl", '"fruit d"\n{"text": "fruit e", "n": 3}\n')
    pq.write_table(pa.table({"text": ["fruit f"], "n": [3]}), "f.parquet")
    Path("g.csv.gz").write_bytes(gzip.compress(b"text\nfruit g\n"))
    summary = index("a.txt", "b.csv", "c.tsv", "d.jsonl", "f.parquet", "g.csv.gz")
    assert set(summary) >= {"added", "updated", "unchanged", "removed", "skipped", "seconds"}
    assert summary["added"] == 7
    assert sorted(texts().values()) == [f"fruit {c}" for c in "abcdefg"]
    assert texts()["1"] == "fruit b"


def test_standard_input_is_read_as_lines_beside_files(index, texts, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("fruit ü\ncountry b\n".encode())))
    assert index("-", write("a.txt", "fruit a\n"))["added"] == 3
    assert sorted(texts().values()) == ["country b", "fruit a", "fruit ü"]


def test_what_is_there_is_not_embedded_again(index, model):
    write("a.csv", "id,text\n1,fruit a\n2,fruit b\n")
    assert index("a.csv")["added"] == 2
    summary = index("a.csv")
    assert (summary["added"], summary["updated"], summary["unchanged"]) == (0, 0, 2)
    assert model.texts == ["fruit a", "fruit b"]


def test_a_changed_text_is_embedded_and_changed_metadata_is_not(index, model, texts):
    index(write("a.csv", "id,text,n\n1,fruit a,1\n2,fruit b,1\n3,fruit c,1\n"))
    summary = index(write("a.csv", "id,text,n\n1,fruit a,1\n2,fruit b,2\n3,country c,1\n"))
    assert (summary["added"], summary["updated"], summary["unchanged"]) == (0, 2, 1)
    assert model.texts == ["fruit a", "fruit b", "fruit c", "country c"]
    assert texts()["3"] == "country c"


def test_the_same_text_under_two_ids_is_embedded_once(index, model, texts, monkeypatch):
    monkeypatch.setattr(upsert, "BATCH", 2)  # in the same batch, in the next, and in one long written
    index(write("a.csv", "id,text\n1,fruit a\n2,fruit a\n3,fruit a\n4,fruit b\n5,fruit c\n6,fruit d\n7,fruit a\n"))
    assert sorted(model.texts) == ["fruit a", "fruit b", "fruit c", "fruit d"]
    assert len(texts()) == 7


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_the_same_id_twice_counts_once_and_the_last_one_stays(index, texts, monkeypatch, batch):
    monkeypatch.setattr(upsert, "BATCH", batch)
    summary = index(
        write("a.csv", "id,text\n1,fruit a\n2,fruit b\n1,fruit c\n"), write("b.csv", "id,text\n2,fruit d\n")
    )
    assert (summary["added"], summary["skipped"]) == (2, 2)
    assert texts() == {"1": "fruit c", "2": "fruit d"}
    again = index("a.csv", "b.csv")
    assert (again["unchanged"], again["updated"]) == (2, 0)


def test_blank_texts_are_skipped_and_counted_with_their_reason(call):
    code, out, err = call("index", write("a.txt", "fruit a\n\n  \nfruit b\n"))
    assert (code, out) == (0, "")
    assert "2 added" in err and "2 skipped" in err and "the text is blank" in err


def test_texts_of_100_kb_are_kept(index, texts):
    long = "fruit " * 17_000
    assert index(write("a.txt", long + "\n"))["added"] == 1
    assert list(texts().values()) == [long]


def test_topics_are_set_from_a_file_with_words_or_alone(call, index):
    write("topics.csv", "name,description\nFruit,sweet fruit\nCountry,\n")
    assert index("--topics", "topics.csv")["added"] == 0
    assert [t["name"] for t in json.loads(call("topics", "list", "--json")[1])["topics"]] == ["Fruit", "Country"]
    index(write("a.txt", "fruit a\n"), "--topics", write("other.txt", "Animal\n"))
    assert [t["name"] for t in json.loads(call("topics", "list", "--json")[1])["topics"]] == ["Animal"]


# index --dry-run


def test_a_dry_run_says_what_would_be_done_and_makes_nothing(call, store):
    write("a.txt", "fruit a\nfruit b\n")
    code, out, err = call("index", "a.txt", "--dry-run")
    assert (code, out) == (0, "") and "2 words would be added" in err
    assert not store.exists()
    store.mkdir()
    assert call("index", "a.txt", "--dry-run")[0] == 0
    assert not list(store.iterdir())


def test_a_dry_run_on_a_store_changes_and_embeds_nothing(call, index, texts, model):
    index(write("a.csv", "id,text\n1,fruit a\n2,fruit b\n3,fruit c\n"))
    model.texts.clear()
    code, out, _ = call(
        "index", write("b.csv", "id,text\n1,fruit a\n2,other\n4,new\n"), "--dry-run", "--prune", "--json"
    )
    plan = json.loads(out)
    assert code == 0
    assert [plan[name] for name in ("added", "updated", "unchanged", "removed")] == [1, 1, 1, 1]
    assert texts() == {"1": "fruit a", "2": "fruit b", "3": "fruit c"}
    assert model.texts == []


# index --prune


@pytest.fixture
def six(index):
    index(write("six.csv", "id,text\n" + "".join(f"{i},fruit {i}\n" for i in range(6))))


def rows(*ids):
    return "id,text\n" + "".join(f"{i},fruit {i}\n" for i in ids)


def test_prune_removes_what_the_input_no_longer_has(six, index, texts):
    summary = index(write("a.csv", rows(0, 1, 2)), write("b.csv", rows(4, 9)), "--prune")
    assert (summary["added"], summary["unchanged"], summary["removed"]) == (1, 4, 2)
    assert sorted(texts()) == ["0", "1", "2", "4", "9"]


def test_without_prune_nothing_is_removed(six, index, texts):
    assert index(write("a.csv", rows(0)))["removed"] == 0
    assert len(texts()) == 6


def test_half_may_go_and_more_only_with_yes(six, call, index, texts):
    failed(call("index", write("a.csv", rows(0, 1, 9)), "--prune"), "invalid_request", "4 of 6", "--yes")
    assert sorted(texts()) == list("012345")
    assert index("a.csv", "--prune", "--yes")["removed"] == 4
    assert sorted(texts()) == ["0", "1", "9"]


def test_exactly_half_may_go_without_yes(six, index):
    assert index(write("a.csv", rows(0, 1, 2)), "--prune")["removed"] == 3


@pytest.mark.parametrize(
    ("name", "content"), [("e.csv", ""), ("e.csv", "id,text\n"), ("e.txt", "\n \n"), ("e.csv", "id,text\n1,\n")]
)
def test_an_input_without_words_removes_nothing_not_even_with_yes(six, call, texts, name, content):
    write(name, content)
    result = call("index", name, "--prune", "--yes")
    failed(result, "invalid_request" if content.strip("idtex,\n") or name == "e.txt" else "input_error")
    assert len(texts()) == 6


def test_a_file_that_breaks_off_removes_and_adds_nothing(six, call, texts):
    write("good.csv", rows(0, 7))
    failed(
        call("index", "good.csv", write("bad.csv", rows(1) + "2,a,b\n"), "--prune"), "input_error", "bad.csv, line 3"
    )
    failed(call("index", "good.csv", "missing.csv", "--prune", "--yes"), "input_error", "missing.csv")
    assert sorted(texts()) == list("012345")


def test_an_interrupted_indexing_prunes_nothing(six, call, texts, model):
    interrupt(model, 1)
    assert call("index", write("a.csv", rows(0, 1, 2, 9)), "--prune")[0] == 130
    assert sorted(texts()) == list("012345")


def test_prune_without_files_is_a_wrong_command_line(call):
    write("topics.txt", "Fruit\n")
    assert call("index", "--topics", "topics.txt", "--prune")[0] == 2


# Interruption


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


# What fails


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["index", "missing.csv"], ["missing.csv", "no such file"]),
        (["index", "."], ["folder"]),
        (["index", "column.csv"], ["column.csv", "a, b", "--text-column"]),
        (["index", "good.txt", "broken.jsonl"], ["broken.jsonl, line 2"]),
        (["index", "latin.txt"], ["latin.txt, line 1", "UTF-8"]),
        (["index", "cut.txt.gz"], ["cut.txt.gz", "gzip"]),
        (["index", "empty.txt"], ["empty.txt"]),
        (["index", "a.docx"], ["a.docx", ".csv"]),
        (["index", "good.txt", "--topics", "missing.txt"], ["missing.txt"]),
        (["topics", "set", "empty.txt"], ["empty.txt"]),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line_and_nothing_is_made(call, store, arguments, words):
    write("good.txt", "fruit\n")
    write("column.csv", "a,b\n1,2\n")
    write("broken.jsonl", '"fine"\n{"text": \n')
    Path("latin.txt").write_bytes(b"caf\xe9\n")
    Path("cut.txt.gz").write_bytes(gzip.compress(b"fruit\n" * 1000)[:-20])
    write("empty.txt", "")
    write("a.docx", "fruit\n")
    failed(call(*arguments), "input_error", *words)
    assert not store.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["words", "list"],
        ["topics", "list"],
        ["info"],
        ["topic", "a"],
        ["similar", "a"],
        ["cluster", "-k", "2"],
        ["clusters", "list"],
    ],
)
def test_reading_from_where_no_store_is_says_so_and_makes_none(call, store, arguments):
    failed(call(*arguments), "not_found", "topicdex index")
    assert not store.exists()


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
        ["--surprise"],
        [],
    ],
)
def test_a_wrong_command_line_is_a_2(call, arguments):
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert "Usage: topicdex" in err


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TOPICDEX_PORT", "abc"),
        ("TOPICDEX_PORT", "80.5"),
        ("TOPICDEX_WAIT", "soon"),
        ("TOPICDEX_WAIT", "nan"),
        ("TOPICDEX_WAIT", "-1.0"),
        ("TOPICDEX_TRUST_REMOTE_CODE", "perhaps"),
    ],
)
def test_a_bad_variable_is_named_with_its_value(call, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    write("a.txt", "fruit\n")
    failed(call("index", "a.txt"), "invalid_request", variable, value)


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


def test_a_folder_that_is_no_store_is_left_as_it_is(call, store):
    store.mkdir()
    (store / "thesis.tex").write_text("mine")
    write("a.txt", "fruit\n")
    for arguments in (["index", "a.txt"], ["index", "a.txt", "--dry-run"], ["serve", "--port", "0"]):
        failed(call(*arguments), "store_format", "thesis.tex", "--data")
    assert [p.name for p in store.iterdir()] == ["thesis.tex"]


def test_a_store_in_use_names_its_owner(call, store):
    write("a.txt", "fruit\n")
    with Engine(Settings(data=store, model="axes")):
        failed(call("index", "a.txt", "--wait", "0"), "store_busy", str(os.getpid()), "--wait")


def test_another_model_is_refused_before_anything_is_embedded(call, index, model):
    index(write("a.txt", "fruit\n"))
    failed(call("index", write("b.txt", "country\n"), "--model", "other"), "model_mismatch", "axes", "other")
    assert model.texts == ["fruit"]


@pytest.mark.parametrize("where", ["port", "host"])
def test_an_address_that_cannot_be_had_is_named_before_the_store_is_touched(call, store, where):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        flags = ["--port", port] if where == "port" else ["--host", "203.0.113.1", "--port", port]
        failed(call("serve", *flags), "invalid_request", port, "--port")
    assert not store.exists()


@pytest.mark.parametrize("port", ["-1", "65536", "999999"])
def test_a_port_that_does_not_exist_is_refused(call, port):
    failed(call("serve", "--port", port), "invalid_request", port)


@pytest.mark.parametrize("arguments", [["topic", " "], ["similar", ""], ["matrix", "a", "\t"], ["topics", "add", " "]])
def test_a_blank_text_is_refused(call, index, arguments):
    index(write("a.txt", "fruit\n"))
    failed(call(*arguments), "invalid_request", "blank")


def test_more_clusters_than_words_are_refused(call, index):
    index(write("a.txt", "fruit\ncountry\n"))
    failed(call("cluster", "-k", "3"), "invalid_request", "at most 2")


# Results


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


# Disks


def limited(size):
    """Return what a child does first so that no file of its own can grow above `size` bytes."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


AXES = (Path(__file__).parent.parent / "axes.py").read_text()


def environment():
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent)}


def in_a_process(*arguments, cwd, script=AXES, **options):
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=120, **options)


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


def test_a_full_standard_output_is_one_line(call, index, tmp_path, store):
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    index(write("a.txt", "fruit\n"))
    command = [sys.executable, "-c", AXES, "words", "list"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, cwd=tmp_path, env=environment(), stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


# What is loaded

LOADED = """
import sys
from indexer.cli import run
code = run(sys.argv[1:])
print(sorted({"torch", "chromadb", "numpy", "sentence_transformers", "sklearn", "flask", "openai"} & set(sys.modules)), file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["index", "--help"], ["serve", "--help"], ["surprise"]]
)
def test_help_loads_nothing_heavy(tmp_path, arguments):
    done = in_a_process(*arguments, cwd=tmp_path, script=LOADED)
    assert done.returncode == (2 if arguments == ["surprise"] else 0)
    assert done.stderr.splitlines()[-1] == "[]"


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


def test_a_file_that_is_indexed_already_needs_no_model(index, store, tmp_path, monkeypatch):
    index(write("a.txt", "fruit\n"))
    done = in_a_process("index", "a.txt", cwd=tmp_path, script=LOADED)
    assert done.returncode == 0, done.stderr
    assert "1 unchanged" in done.stderr
    loaded = done.stderr.splitlines()[-1]
    assert "chromadb" in loaded and not any(slow in loaded for slow in ("torch", "sentence_transformers", "sklearn"))
