"""The command line beside a server: the same commands, the same counts, done through the owner of the folder."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest
from waitress.server import create_server

from indexer import Engine, cli
from indexer.connect import connect
from indexer.contract import ClusteringSettings, Thresholds
from indexer.errors import InvalidRequest, ModelMismatch, NotFound, ServerUnavailable, StoreBusy
from indexer.records import Topic, Word
from indexer.remote import Remote
from indexer.remote.connection import batches
from indexer.settings import DEFAULT_MODEL
from indexer.store.lock import NOTE, OwnerLock, prepare_folder, read_note
from server.app import create_app
from server.draining import end_loop
from tests.conftest import AxisEmbedder

WORDS = [f"{kind} {i}" for kind in ("fruit", "country", "company") for i in range(10)]


def free_url():
    """Return an address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def serving(settings, model, *, lock=None, before_it_answers=lambda: None):
    """Serve the store of the settings from threads of this process, and give the address."""
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with Engine(settings, url=url, lock=lock, load=lambda _: model) as engine:
        before_it_answers()
        app = create_app(settings, engine=engine)
        server = create_server(app, sockets=[listening], threads=4)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            yield url
        finally:
            server.trigger.pull_trigger(lambda: end_loop(server))
            thread.join()
            server.task_dispatcher.shutdown()
            server.trigger.close()
            app.extensions["topicdex"].warmup.join()
            app.extensions["topicdex"].jobs.close()


@pytest.fixture
def default_settings(settings):
    """The settings of a command line that names no model."""
    return replace(settings, model=DEFAULT_MODEL)


@pytest.fixture
def url(settings, model, monkeypatch):
    monkeypatch.setenv("TOPICDEX_DATA", str(settings.data))
    with serving(settings, model) as url:
        yield url


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
    assert err == "dry run: 1 words would be added, 0 updated, 1 removed, 29 are unchanged; 1 texts would be embedded\n"
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


@pytest.mark.parametrize("id", ["a/b", "..", ".", "/", "?q=1#x", "%41", "ä 日本", " ", "nearest"])
def test_any_id_can_be_asked_for_and_deleted(url, default_settings, id):
    with Remote(default_settings, url) as remote:
        remote.words.add([Word("fruit a", id), Word("fruit b", "other")])
        if id != "nearest":  # this one is the name of a lookup
            assert remote.words.get(id).text == "fruit a"
        assert remote.words.delete([id]) == 1
        with pytest.raises(NotFound):
            remote.words.get("half \udc80")


def test_a_server_offers_what_an_engine_offers(url, default_settings):
    with Remote(default_settings, url) as remote:
        assert remote.words.add([Word(text, str(i)) for i, text in enumerate(WORDS)]).ids[-1] == "29"
        remote.topics.replace([Topic("fruit"), Topic("country")])
        assert [a.topic for a in remote.topics.nearest(["fruit 1", "country 2"])] == ["fruit", "country"]
        remote.topics.set_thresholds(Thresholds(score=0.99, topics={"fruit": 0.1}))
        assert remote.topics.thresholds().topics == {"fruit": 0.1}
        runs = remote.clusterings
        told = []
        first = runs.make(ClusteringSettings(around="topics"), told.append)
        assert first.status == "done" and all(0 <= share <= 1 for share in told)
        second = runs.make(ClusteringSettings(k=3, seed=7, start=None), told.append)
        assert second.settings.seed == 7 and second.settings.start is None
        assert runs.nearest(["fruit 1"], 1, first.id)[0].matches[0].name == "fruit"
        assert len(runs.words(second.id, 1000, None, second.clusters[0].id).words) == 10
        assert runs.diff(first.id, second.id).common == 30
        assert runs.pin(second.id, True).pinned is True
        assert runs.activate(first.id).active is True
        assert remote.topics.nearest(["fruit 1"], 1)[0].prototypes == "adapted"
        assert remote.topics.nearest(["fruit 1"], 1, "label")[0].prototypes == "label"
        remote.topics.deactivate()
        runs.delete(first.id)
        assert [r.id for r in runs.all().clusterings] == [second.id]


def test_long_lists_go_in_batches_of_count_and_bytes():
    assert [len(b) for b in batches(["x"] * 2001)] == [1000, 1000, 1]
    mega = "x" * 2**20
    assert [len(b) for b in batches([mega] * 5)] == [3, 2]
    assert [len(b) for b in batches(["a", "ü" * 4 * 2**20, "b"])] == [1, 1, 1]
    assert list(batches([])) == []


def test_more_words_than_a_call_takes_are_indexed(url, default_settings):
    told = []
    with Remote(default_settings, url) as remote:
        remote.words.index((Word(f"fruit {i}", str(i)) for i in range(2500)), told.append)
        assert [counts.added for counts in told] == [1000, 1000, 500]
        assert len(list(remote.words.ids())) == 2500
        assert remote.words.delete([str(i) for i in range(2500)]) == 2500


def test_no_more_than_one_batch_is_read_ahead(url, default_settings):
    read = 0

    def words():
        nonlocal read
        for read in range(1, 2501):
            yield Word(f"fruit {read}", str(read))

    with Remote(default_settings, url) as remote:
        done = 0

        def written(counts):
            nonlocal done
            done += counts.added
            assert read <= done + 1001

        remote.words.index(words(), written)
    assert done == 2500


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


def test_another_model_than_the_server_embeds_with_is_refused_by_both_names(url, default_settings):
    with Remote(replace(default_settings, model="other"), url) as remote:
        with pytest.raises(ModelMismatch, match=r"axes.*other"):
            remote.words.nearest(["fruit"], 1)
        with pytest.raises(ModelMismatch, match=r"axes.*other"):
            remote.words.index([], lambda _: None)
        assert remote.info().model.name == "axes"


def test_a_folder_with_the_servers_model_is_the_same_model(url, default_settings, tmp_path):
    (tmp_path / "axes").mkdir()
    with Remote(replace(default_settings, model=str(tmp_path / "axes")), url) as remote:
        assert remote.words.add([Word("fruit", "1")]).added == 1


@pytest.mark.parametrize("address", ["localhost:8000", "ftp://host", "http://", "", "http://[::1"])
def test_what_is_no_address_is_refused(default_settings, address):
    with pytest.raises(InvalidRequest, match="http://HOST:PORT"):
        Remote(default_settings, address)


def test_a_server_that_is_not_there_is_named_in_one_line(run, file):
    code, _, err = run("index", file, "--server", free_url())
    assert code == 1 and err.count("\n") == 1
    assert err.startswith("topicdex: server_unavailable: the server at http://127.0.0.1:") and "--server" in err


def test_something_else_that_answers_is_no_topicdex_server(default_settings):
    def answer():
        connection, _ = listening.accept()
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(ServerUnavailable, match="does not answer as a topicdex server"):
            Remote(default_settings, f"http://127.0.0.1:{listening.getsockname()[1]}")
        thread.join()


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


def test_a_folder_that_another_command_owns_is_waited_for_and_then_named(settings, run, monkeypatch):
    monkeypatch.setenv("TOPICDEX_DATA", str(settings.data))
    with Engine(settings):
        begin = time.monotonic()
        code, _, err = run("words", "list", "--wait", "0.4")
        assert time.monotonic() - begin >= 0.4
    assert code == 1 and err.startswith(f"topicdex: store_busy: {settings.data} is in use by ")
    assert f"process {os.getpid()}, since " in err and "--wait" in err


def test_a_folder_that_is_given_back_in_time_is_opened(settings):
    held = Engine(settings)
    threading.Timer(0.3, held.close).start()
    with connect(replace(settings, wait=30)) as engine:
        assert isinstance(engine, Engine)


def test_a_server_that_listens_and_still_starts_is_waited_for(settings, model):
    found = []

    def wait():
        with connect(replace(settings, wait=30)) as corpus:
            found.append(type(corpus))

    thread = threading.Thread(target=wait)
    with serving(settings, model, before_it_answers=lambda: (thread.start(), time.sleep(0.3))):
        thread.join()
    assert found == [Remote]


def test_a_server_that_comes_to_own_the_folder_while_a_command_waits_does_its_work(settings, model):
    prepare_folder(settings.data, create=True)
    lock = OwnerLock(settings.data)
    lock.acquire(0)
    found = []

    def wait():
        with connect(replace(settings, wait=30)) as corpus:
            found.append(type(corpus))

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.3)
    with serving(settings, model, lock=lock) as url:
        note = {"pid": os.getpid(), "command": "topicdex serve", "since": "now", "url": url}
        (settings.data / NOTE).write_text(json.dumps(note))
        thread.join()
    assert found == [Remote]


def test_the_stale_note_of_a_dead_server_hinders_nobody(settings, run, monkeypatch):
    monkeypatch.setenv("TOPICDEX_DATA", str(settings.data))
    Engine(settings).close()
    (settings.data / NOTE).write_text(json.dumps({"pid": 1, "command": "x", "since": "now", "url": free_url()}))
    begin = time.monotonic()
    assert run("words", "list", "--wait", "30")[0] == 0
    assert time.monotonic() - begin < 10
    assert read_note(settings.data) is None


def test_a_server_that_owns_the_folder_and_does_not_answer_is_named(settings, run, monkeypatch):
    monkeypatch.setenv("TOPICDEX_DATA", str(settings.data))
    address = free_url()
    with Engine(settings, url=address):
        code, _, err = run("words", "list", "--wait", "0.3")
    assert code == 1 and err.startswith("topicdex: server_unavailable: ") and address in err and err.count("\n") == 1


def test_a_server_of_another_folder_at_the_address_of_a_dead_one_is_not_written_to(settings, url):
    """A note that changes while the server at its address is asked was not that server's note."""
    other = replace(settings, data=settings.data.parent / "other")
    with Engine(other):
        note = other.data / NOTE
        stale = {"pid": 1, "command": "serve", "since": "then", "url": url}
        note.write_text(json.dumps(stale))
        threading.Timer(0.0, note.write_text, [json.dumps({**stale, "pid": 2, "url": None})]).start()
        with pytest.raises(StoreBusy, match="process 2"):
            connect(replace(other, model=DEFAULT_MODEL)).close()


SERVE = """
import os, signal, sys
from pathlib import Path
from indexer import Engine
from tests.conftest import AxisEmbedder

class Mortal(AxisEmbedder):
    def embed(self, texts):
        if int(sys.argv[2]) and len(self.texts) >= int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().embed(texts)

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
