"""Imports over HTTP: the same as `topicdex index` does with the same file, followed, cancelled, refused, cut off."""

import gzip
import io
import json
import threading

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from indexer.cli import run
from indexer.contract.words import Counts
from indexer.words import upsert
from scripts import processes
from server import importing, records
from server.context import context
from tests.server.http import add, is_problem

CSV = "id,text,n\n1,fruit 1,7\n2,country 2,8\n3,,9\n1,fruit 1 again,7\n4,fruit 4,\n"
JSONL = '{"id": 5, "text": "fruit", "list": [1]}\n"country"\n\n{"text": " "}\n'


def parquet():
    buffer = io.BytesIO()
    pq.write_table(pa.table({"id": [1, 2, 3], "word": ["fruit", None, "country"], "share": [0.5, 1.0, None]}), buffer)
    return buffer.getvalue()


FILES = {
    "words.txt": b"fruit\n\ncountry\r\nfruit\n",
    "WORDS.CSV": CSV.encode(),
    "words.tsv": CSV.replace(",", "\t").encode(),
    "words.jsonl": JSONL.encode(),
    "words.parquet": parquet(),
}
FILES |= {f"{name}.gz": gzip.compress(content) for name, content in FILES.items()}
COUNTS = ("added", "updated", "unchanged", "skipped", "embedded")


def send(client, content, name="words.txt", wait=30, **query):
    return client.post("/v1/imports", data=content, query_string={"name": name, "wait": wait, **query})


@pytest.fixture
def stopped(engine, monkeypatch):
    """Hold up every import after its first batch, until the event `go` is set; `there` is set at that moment."""
    monkeypatch.setattr(upsert, "BATCH", 10)
    there, go, index = threading.Event(), threading.Event(), engine.words.index

    def held(words, on_batch):
        def then(counts: Counts):
            there.set()
            assert go.wait(30)
            on_batch(counts)

        index(words, then)

    monkeypatch.setattr(engine.words, "index", held)
    yield there, go
    go.set()


MANY = "".join(f"fruit {i}\n" for i in range(55))


@pytest.mark.parametrize("name", FILES)
def test_every_format_has_the_counts_of_the_command_line(client, tmp_path, capsys, monkeypatch, model, name):
    monkeypatch.setattr("indexer.engine.load_embedder", lambda *_, **__: model)
    (tmp_path / name).write_bytes(FILES[name])
    assert run(["index", str(tmp_path / name), "--data", str(tmp_path / "other"), "--model", "axes", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    answer = send(client, FILES[name], name)
    done = answer.json
    assert (answer.status_code, done["status"], done["progress"], done["name"]) == (200, "done", 1.0, name)
    assert {count: done[count] for count in COUNTS} == {count: summary[count] for count in COUNTS}
    assert {reason["reason"]: reason["count"] for reason in done["reasons"]} == summary["skipped_why"]
    assert done["rows"] == done["added"] + done["skipped"] and done["seconds"] >= 0 and done["error"] is None
    assert run(["words", "list", "--data", str(tmp_path / "other"), "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["words"]
    assert client.get("/v1/words").json["words"] == listed and listed
    again = send(client, FILES[name], name).json
    assert (again["added"], again["unchanged"], again["embedded"]) == (0, done["added"], 0)


def test_an_import_is_followed_listed_and_forgotten(client):
    first = send(client, "fruit", wait=0)
    assert first.status_code == 202 and first.json["status"] in ("queued", "running")
    second = send(client, "fruit\ncountry\n").json
    shown = client.get(first.headers["Location"]).json
    assert (shown["status"], shown["added"]) == ("done", 1)
    assert (second["added"], second["unchanged"]) == (1, 1)
    assert [i["id"] for i in client.get("/v1/imports").json["imports"]] == [second["id"], first.json["id"]]
    assert client.delete(first.headers["Location"]).status_code == 204
    for call in (client.get, client.delete):
        assert "another worker" in is_problem(call(first.headers["Location"]), 404, "not_found")["detail"]
    assert client.get("/v1/info").json["counts"]["words"] == 2


def test_the_columns_are_those_that_are_named(client):
    content = "key,title,text\na,fruit,x\nb,country,y\n"
    assert send(client, content, "a.csv", text_column="title", id_column="key").json["added"] == 2
    assert client.get("/v1/words/a").json == {"id": "a", "text": "fruit", "metadata": {"text": "x"}}
    failed = send(client, content, "a.csv", text_column="none").json
    assert failed["status"] == "failed"
    assert failed["error"].startswith("a.csv, line 1: there is no column 'none'; choose one with text_column")


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.csv", CSV + '5,"open', "a.csv, line 7: a double quote is opened"),
        ("a.jsonl", JSONL + "{", "a.jsonl, line 5: no valid JSON"),
        ("a.txt", b"fruit\n\xff", "a.txt, line 2: not UTF-8"),
        ("a.txt.gz", gzip.compress(MANY.encode())[:-20], "a.txt.gz, line "),
        ("a.txt.gz", b"fruit", "a.txt.gz, line 1: the gzip data is broken"),
        ("a.parquet", b"PAR1" + b"\0" * 100 + b"PAR1", "a.parquet, line 1: no readable Parquet"),
        ("a.parquet", parquet()[:-9] + b"\x7f\xff\xff\x7f" + b"PAR1", "a.parquet, line 1: no readable Parquet"),
        ("a.parquet", FILES["words.txt"], "a.parquet, line 1: no readable Parquet"),
        ("a.csv", "text,n\n", "a.csv: the file has no rows"),
    ],
)
def test_a_broken_file_fails_before_anything_is_embedded_and_names_the_line(client, model, name, content, error):
    ended = send(client, content, name).json
    assert (ended["status"], ended["added"], ended["embedded"]) == ("failed", 0, 0)
    assert ended["error"].startswith(error) and "/tmp" not in ended["error"]
    assert client.get("/v1/info").json["counts"]["words"] == 0
    assert not [text for text in model.texts if text.startswith(("fruit", "country"))]


def test_a_file_with_too_many_rows_fails_and_says_what_to_do(client, monkeypatch):
    monkeypatch.setattr(importing, "MOST_ROWS", 54)
    assert send(client, MANY).json["error"] == "words.txt: more than 54 rows; send it in parts"
    monkeypatch.setattr(importing, "MOST_ROWS", 55)
    assert send(client, MANY).json["added"] == 55


def test_only_the_most_frequent_reasons_are_listed_and_long_ones_are_cut(client):
    rows = [json.dumps({"text": "fruit", "#" + "x" * 1_000 + str(i): 1}) for i in range(5)]
    rows += [json.dumps({"text": "fruit", f"#{i}": 1}) for i in range(50)]
    ended = send(client, "\n".join(rows), "a.jsonl").json
    assert (ended["status"], ended["rows"], ended["skipped"], ended["added"]) == ("done", 55, 55, 0)
    assert len(ended["reasons"]) == importing.MOST_REASONS
    assert ended["reasons"][0]["count"] == 5 and len(ended["reasons"][0]["reason"]) == 200


def test_a_running_import_shows_what_is_on_disk_and_stops_after_its_batch(client, stopped):
    there, go = stopped
    at = send(client, MANY, wait=0).headers["Location"]
    assert there.wait(30)
    shown = client.get(at).json
    assert (shown["status"], shown["rows"], shown["progress"]) == ("running", 55, 0.0)
    assert client.delete(at).status_code == 204
    go.set()
    assert context(client.application).jobs.imports.wait(shown["id"], 30)
    ended = client.get(at).json
    assert (ended["status"], ended["added"], ended["progress"]) == ("cancelled", 10, 10 / 55)
    assert client.get("/v1/info").json["counts"]["words"] == 10
    assert client.delete(at).status_code == 204 and client.get("/v1/imports").json == {"imports": []}


def test_one_import_runs_at_a_time_and_one_that_waits_is_cancelled_at_once(client, stopped):
    there, go = stopped
    first = send(client, MANY, wait=0).headers["Location"]
    second = send(client, "country\n", wait=0).headers["Location"]
    assert there.wait(30)
    assert client.get(second).json["status"] == "queued"
    assert client.delete(second).status_code == 204
    ended = client.get(second).json
    assert (ended["status"], ended["added"], ended["rows"]) == ("cancelled", 0, 0)
    go.set()
    assert context(client.application).jobs.imports.wait(first.rsplit("/")[-1], 30)
    assert client.get(first).json["added"] == 55
    assert client.get("/v1/info").json["counts"]["words"] == 55


def test_an_import_that_is_deleted_in_its_last_moment_is_gone_and_its_words_stay(client, engine, monkeypatch):
    index = engine.words.index

    def deleted_meanwhile(words, on_batch):
        index(words, on_batch)
        (running,) = client.get("/v1/imports").json["imports"]
        assert client.delete(f"/v1/imports/{running['id']}").status_code == 204

    monkeypatch.setattr(engine.words, "index", deleted_meanwhile)
    id = send(client, MANY, wait=0).json["id"]
    assert context(client.application).jobs.imports.wait(id, 30)
    assert client.get("/v1/imports").json == {"imports": []}
    assert client.get("/v1/info").json["counts"]["words"] == 55


def test_a_full_queue_says_so_and_a_clustering_does_not_wait_for_an_import(client, stopped):
    there, _ = stopped
    add(client, "country 1", "country 2")
    answers = [send(client, MANY, wait=0) for _ in range(20)]
    assert {a.status_code for a in answers} == {202, 429}
    is_problem(answers[-1], 429, "too_many_jobs")
    assert there.wait(30)
    assert client.post("/v1/clusterings?wait=30", json={"k": 1}).json["status"] == "done"
    assert client.post("/v1/doctor?wait=30").json["status"] == "done"


def test_one_that_breaks_does_not_stop_the_next_and_shows_nothing_of_this_machine(client, engine, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(engine.words, "index", lambda *_: 1 / 0)
        broken = send(client, MANY).json
    assert (broken["status"], broken["error"]) == ("failed", "a bug; the log of the server has more")
    assert send(client, MANY).json["status"] == "done"


def test_the_last_fifty_records_are_kept(client, monkeypatch):
    monkeypatch.setattr(records, "KEPT", 3)
    ids = [send(client, f"fruit {i}").json["id"] for i in range(5)]
    assert [i["id"] for i in client.get("/v1/imports").json["imports"]] == ids[:1:-1]
    is_problem(client.get(f"/v1/imports/{ids[0]}"), 404, "not_found")


# A real server process


BIG = "".join(f"fruit {i}\n" for i in range(40_000))


def until(server, at, condition):
    """Follow an import until a condition holds of it, and return it."""
    found = {}

    def holds():
        found.update(server.client.call("GET", at))
        return condition(found)

    processes.wait_until(holds, f"not reached: {found}")
    return found


@pytest.fixture
def temporary(tmp_path, quick):
    """An empty folder for the temporary files of servers, and what starts one there."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    environment = {"TOPICDEX_DATA": str(tmp_path / "store"), "TMPDIR": str(folder)}
    return folder, lambda: processes.serving(env=environment | {"PATH": "", "XDG_CACHE_HOME": str(tmp_path)})


def begin(server):
    """Send a file that takes a while; return where its import is shown, once something of it is on disk."""
    at = server.client.post("/v1/imports?name=big.txt", content=BIG).headers["Location"]
    until(server, at, lambda shown: shown["added"] > 0)
    return at


def test_a_killed_server_leaves_no_file_and_the_same_file_again_finishes(temporary):
    folder, start = temporary
    with start() as server:
        begin(server)
        assert not list(folder.iterdir())
        server.end(9)
    assert not list(folder.iterdir())
    with start() as server:
        assert server.client.call("GET", "/v1/imports") == {"imports": []}
        kept = server.client.call("GET", "/v1/info")["counts"]["words"]
        assert 0 < kept < 40_000
        at = server.client.post("/v1/imports?name=big.txt", content=BIG).headers["Location"]
        done = until(server, at, lambda shown: shown["status"] == "done")
        assert (done["unchanged"], done["added"]) == (kept, 40_000 - kept)


def test_sigterm_ends_an_import_after_its_batch_and_a_caller_who_waits_for_it_is_answered(temporary):
    folder, start = temporary
    with start() as server:
        answers = []

        def wait():
            with processes.Client(server.url) as client:
                answers.append(client.post("/v1/imports?name=big.txt&wait=60", content=BIG))

        caller = threading.Thread(target=wait)
        caller.start()
        processes.wait_until(lambda: bool(server.client.call("GET", "/v1/imports")["imports"]), "it did not begin")
        shown = server.client.call("GET", "/v1/imports")["imports"][0]
        until(server, f"/v1/imports/{shown['id']}", lambda shown: shown["added"] > 0)
        assert server.end() == 0
        caller.join()
    assert answers[0].status_code == 200
    ended = answers[0].json()
    assert ended["status"] == "cancelled" and 0 < ended["added"] < 40_000
    assert not list(folder.iterdir())
    with start() as server:
        assert server.client.call("GET", "/v1/info")["counts"]["words"] == ended["added"]
        assert server.client.call("POST", "/v1/doctor?wait=60")["healthy"] is True


def test_an_import_in_gunicorn_ends_with_its_worker(tmp_path, quick):
    environment = {"TOPICDEX_DATA": str(tmp_path / "store"), "XDG_CACHE_HOME": str(tmp_path), "PATH": ""}
    with processes.gunicorn(1, environment) as server:
        server.ready()
        with httpx.stream("POST", f"{server.url}/v1/imports?name=a.txt", content=iter([b"fruit\n"]), trust_env=False):
            pass
        processes.wait_until(lambda: server.client.call("GET", "/v1/info")["counts"]["words"] == 1, "chunks are taken")
        begin(server)
        assert server.end() == 0
    with processes.serving(env=environment) as server:
        assert 1 < server.client.call("GET", "/v1/info")["counts"]["words"] < 40_001
        assert server.client.call("POST", "/v1/doctor?wait=60")["healthy"] is True
