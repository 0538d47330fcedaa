"""Files that are sent: their names, their sizes, packed ones, full disks, calls that are cut off."""

import gzip
import io
import resource
import socket
import threading
from urllib.parse import urlsplit

import httpx
import pytest

from indexer.cli import run
from scripts import processes
from server import uploads
from server.draining import DrainingServer
from tests.server.http import PROBLEM, is_problem

ROWS = "/v1/evaluations/rows"
LABELLED = "text,label\nfruit 1,fruit\ncountry 1,none\n,fruit\nfruit 2,\n"


def packed(data):
    return gzip.compress(data, mtime=0)


@pytest.fixture
def small(monkeypatch):
    """The limits, a thousandth as large."""
    monkeypatch.setattr(uploads, "_BLOCK", 1024)
    for endpoint, most in uploads.MOST_BYTES.items():
        monkeypatch.setitem(uploads.MOST_BYTES, endpoint, most // 1024)


# Labelled rows


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "A.CSV.GZ"])
def test_labelled_rows_come_as_an_evaluation_takes_them(client, name):
    data = LABELLED.encode()
    read = client.post(f"{ROWS}?name={name}", data=packed(data) if name.lower().endswith("gz") else data)
    assert read.status_code == 200
    rows = [{"text": "fruit 1", "label": "fruit"}, {"text": "country 1", "label": "none"}]
    assert read.json == {"rows": rows, "skipped": 2}
    client.put("/v1/topics", json={"topics": [{"name": "fruit"}]})
    assert client.post("/v1/evaluations", json={"rows": read.json["rows"]}).json["coverage"]["n"] == 2
    assert client.get("/v1/info").json["counts"] == {"words": 0, "topics": 1}


def test_labelled_rows_are_those_of_the_named_columns(client):
    data = "t,l,text,label\nfruit,a,x,y\n"
    read = client.post(f"{ROWS}?name=a.csv&text_column=t&label_column=l", data=data)
    assert read.json["rows"] == [{"text": "fruit", "label": "a"}]
    no_label = client.post(f"{ROWS}?name=a.csv", data="text,one,two\nfruit,b,c\n")
    assert "choose one with label_column" in is_problem(no_label, 422, "invalid_request")["detail"]


def test_twenty_thousand_labelled_rows_are_taken_and_one_more_is_a_413(client):
    data = "text,label\n" + "fruit,a\n" * 20_000
    assert len(client.post(f"{ROWS}?name=a.csv", data=data).json["rows"]) == 20_000
    is_problem(client.post(f"{ROWS}?name=a.csv", data=data + ",\n"), 413, "too_large")


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("a.csv", b"text,label\nfruit,\xff\n", "a.csv, line 2: not UTF-8"),
        ("a.csv", b"text,label\n", "no rows"),
        ("a.txt", b"fruit\n", "no column is called"),
        ("a.parquet", b"PAR1", "no readable Parquet"),
        ("a.parquet.gz", b"PAR1", "broken or cut off"),
        ("a.jsonl", b"[" * 100_000, "nested too deeply"),
        ("/etc/passwd", b"fruit", "the name must end in one of"),
    ],
)
def test_a_file_without_labelled_rows_is_a_422_that_says_why(client, name, data, problem):
    answer = client.post(ROWS, query_string={"name": name}, data=data)
    assert problem in is_problem(answer, 422, "invalid_request")["detail"]


# Names


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd.csv",
        "a/b.csv",
        "..\\b.csv",
        "a\0b.csv",
        "\n.csv",
        "C:\\a.Csv",
        "\u202e.CSV",
        "x" * 251 + ".csv",
    ],
)
def test_a_name_says_the_format_and_is_never_a_path(client, name):
    read = client.post("/v1/imports", query_string={"name": name, "wait": 30}, data="text\nfruit\n").json
    assert (read["status"], read["name"], read["added"] + read["unchanged"]) == ("done", name, 1)
    failed = client.post("/v1/imports", query_string={"name": name, "wait": 30}, data="text\nfruit,\n").json
    assert failed["error"].startswith(f"{name}, line 2: ")


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", "a", "a.", ".csv", "a.csv/", "a.csv.gz.gz", "a.gz", "a.xlsx", "x" * 300 + ".csv"]
)
def test_a_name_that_shows_no_format_is_a_422(client, name):
    for path in ("/v1/imports", ROWS):
        is_problem(client.post(path, query_string={"name": name}, data=LABELLED), 422, "invalid_request")
    is_problem(client.post("/v1/imports", data=LABELLED), 422, "invalid_request")
    assert client.get("/v1/imports").json == {"imports": []}


# Sizes


@pytest.mark.parametrize("content_type", [None, "application/octet-stream", "application/json", "text/csv; charset=x"])
def test_any_type_is_taken(client, content_type):
    answer = client.post(f"{ROWS}?name=a.csv", data=LABELLED, content_type=content_type)
    assert answer.status_code == 200


@pytest.mark.parametrize(("path", "most"), [("/v1/imports", 128 * 2**10), (ROWS, 16 * 2**10)])
def test_a_file_of_the_most_bytes_is_taken_and_one_byte_more_is_a_413(client, small, path, most):
    whole = b"text,label\nfruit,a\n".ljust(most, b"\n")
    assert client.post(f"{path}?name=a.csv&", data=whole).status_code in (200, 202)
    is_problem(client.post(f"{path}?name=a.csv", data=whole + b"\n"), 413, "too_large")
    is_problem(client.post(f"{path}?name=a.csv", data=b""), 422, "invalid_request")


def test_the_limits_are_128_and_16_mb(client):
    for path, most in (("/v1/imports", 128), (ROWS, 16)):
        told = client.post(f"{path}?name=a.csv", data=b"x", environ_overrides={"CONTENT_LENGTH": str(most * 2**20 + 1)})
        assert f"{most} MB" in is_problem(told, 413, "too_large")["detail"]


@pytest.mark.parametrize("name", ["a.txt.gz", "a.parquet.gz"])
def test_a_packed_file_that_is_huge_when_it_is_unpacked_is_refused(client, small, name):
    bomb = packed(b"\0" * (2 * 2**20))
    assert len(bomb) < 4096
    ended = client.post(f"/v1/imports?name={name}&wait=30", data=bomb).json
    assert ended["error"] == f"{name}: more than 1 MB when it is unpacked; send it in parts"
    assert (
        "when it is unpacked"
        in is_problem(client.post(f"{ROWS}?name={name}", data=bomb), 422, "invalid_request")["detail"]
    )


def test_a_body_that_ends_before_its_length_is_refused(client):
    """As under gunicorn, whose body simply ends where the caller has gone."""
    answer = client.post(
        "/v1/imports?name=a.csv",
        input_stream=io.BytesIO(b"text\nfruit\n"),
        environ_overrides={"CONTENT_LENGTH": "100", "wsgi.input_terminated": True},
    )
    assert "cut off after 11 of 100 bytes" in is_problem(answer, 422, "invalid_request")["detail"]
    assert client.get("/v1/imports").json == {"imports": []}


@pytest.fixture
def full_disk():
    """No file of this process can grow beyond 100 KB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_a_503_that_says_what_to_do(client, full_disk):
    for path in ("/v1/imports", ROWS):
        told = is_problem(client.post(f"{path}?name=a.csv", data=b"x" * 200_000), 503, "store_unavailable")
        assert "TMPDIR" in told["detail"]
    assert client.get("/v1/imports").json == {"imports": []}


def test_a_disk_that_is_full_before_the_application_is_asked_is_the_same_503(full_disk):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = DrainingServer(lambda environ, start: 1 / 0, listening, threads=1, inbuf_overflow=50_000)
        thread = threading.Thread(target=server.run)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        answer = httpx.post(url, content=b"x" * 200_000, trust_env=False)
        server.stop()
        thread.join()
    assert (answer.status_code, answer.headers["content-type"]) == (503, PROBLEM)
    assert answer.json()["code"] == "store_unavailable" and "TMPDIR" in answer.json()["detail"]


# A real server process


@pytest.fixture
def server(tmp_path, quick):
    with processes.serving(env={"TOPICDEX_DATA": str(tmp_path / "store"), "XDG_CACHE_HOME": str(tmp_path)}) as server:
        yield server


def test_a_large_file_is_not_held_in_memory(server):
    before = server.memory()
    row = b"\n" * 2**20

    def chunks():
        yield b"text\n"
        for _ in range(60):
            yield row

    sent = [
        server.client.post("/v1/imports?name=a.csv", content=chunks()),
        server.client.post("/v1/imports?name=a.csv", content=b"text\n" + row * 60),
    ]
    assert [answer.status_code for answer in sent] == [202, 202]
    assert server.memory() - before < 30
    for answer in sent:
        assert server.client.delete(answer.headers["Location"]).status_code == 204


def test_a_chunked_body_has_the_same_limit(server):
    block = b"\n" * 2**20
    with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client:
        answer = client.post("/v1/imports?name=a.txt", content=(block for _ in range(129)))
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        answer = client.post(f"{ROWS}?name=a.csv", content=(block for _ in range(17)))
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_bodies_that_are_cut_off_or_come_slowly_hold_nothing_up(server):
    head = b"POST /v1/imports?name=a.csv HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    address = urlsplit(server.url)
    for rest in (
        b"Content-Length: 2000000\r\n\r\n" + b"x" * 10**6,
        b"Transfer-Encoding: chunked\r\n\r\n5\r\ntext\n\r\n6",
    ):
        with socket.create_connection((address.hostname, address.port)) as cut:
            cut.sendall(head + rest)
    slow = [socket.create_connection((address.hostname, address.port)) for _ in range(40)]  # more than threads
    for connection in slow:
        connection.sendall(head + b"Content-Length: 11\r\n\r\ntext\n")
    assert server.client.get("/healthz").status_code == 200
    assert server.client.call("GET", "/v1/imports") == {"imports": []}
    slow[0].sendall(b"fruit\n")
    assert slow[0].recv(100).startswith(b"HTTP/1.1 202 ")
    assert server.end() == 0
    for connection in slow:
        connection.close()


def test_the_command_line_reads_a_file_called_as_a_format_as_before(tmp_path, capsys):
    (tmp_path / "a.xlsx").write_text("fruit")
    assert run(["index", str(tmp_path / "a.xlsx"), "--data", str(tmp_path / "s"), "--json"]) == 1
    assert "a.xlsx: the name must end in one of .txt" in capsys.readouterr().err
