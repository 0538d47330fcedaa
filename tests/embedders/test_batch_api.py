"""The wire of the Batch API: batches that are found again, files that break off, and what is no answer."""

import io
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from indexer.embedders.openai import batch_api
from indexer.embedders.openai.batch_api import BatchAPI, Line
from indexer.errors import ModelUnavailable, NotFound
from tests.embedders.paid_api import KEY, PaidAPI

MODEL = "openai:text-embedding-3-small"


@pytest.fixture
def paid(monkeypatch):
    monkeypatch.setattr(batch_api, "_FIRST_PAUSE_S", 0.01)
    with PaidAPI() as paid:
        monkeypatch.setenv("OPENAI_BASE_URL", paid.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield paid


def submitted(wire, tmp_path, name):
    (tmp_path / "requests.jsonl").write_bytes(wire.line("1", "Ü"))
    return wire.create(wire.upload(tmp_path / "requests.jsonl"), name, 0, tried=False)


def test_a_batch_is_found_by_its_name_however_many_came_after(paid, tmp_path):
    wire = BatchAPI(MODEL)
    made = [submitted(wire, tmp_path, f"batch/{i}") for i in range(7)]
    assert [wire.named(f"batch/{i}", 0) for i in range(7)] == made
    assert wire.named("batch/7", 0) is None
    assert wire.create("file-0", "batch/0", 0, tried=True) == made[0]
    assert wire.named("batch/3", 4e9) is None, "what is older than the submission is not looked through"
    assert len(paid.batches) == 7


def test_a_file_goes_up_and_down_as_it_is(paid, tmp_path):
    wire = BatchAPI(MODEL)
    submitted(wire, tmp_path, "name")
    assert paid.files["file-0"] == (tmp_path / "requests.jsonl").read_bytes()
    paid.work()
    state = wire.state("batch_0")
    assert (state.status, state.ended, state.completed, state.failed) == ("completed", True, 1, 0)
    with (tmp_path / "answers").open("w+b") as file:
        wire.download(state.output, file)
    assert (tmp_path / "answers").read_bytes() == paid.files[state.output]
    [line] = wire.lines(tmp_path / "answers")
    assert (line.id, line.problem, line.vector.shape) == ("1", "", (8,))


def test_a_batch_that_is_complete_has_ended_only_with_its_file(paid, tmp_path):
    wire = BatchAPI(MODEL)
    submitted(wire, tmp_path, "name")
    paid.work()
    del paid.batches["batch_0"]["output_file_id"]
    assert not wire.state("batch_0").ended


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b"", []),
        (b"\n", []),
        (b"{", [Line("", None, "a line that cannot be read")]),
        (b"null", [Line("", None, "a line that cannot be read")]),
        (b'{"custom_id": "1"}', [Line("1", None, "no answer")]),
        (b'{"custom_id": "1", "response": []}', [Line("1", None, "no answer")]),
        (b'{"custom_id": "1", "response": {"status_code": 200}}', [Line("1", None, "no vector of finite numbers")]),
        (
            b'{"custom_id": "1", "response": {"status_code": 400, "body": {"error": {"message": "bad sk-1***2"}}}}',
            [Line("1", None, "bad ...")],
        ),
        (
            b'{"custom_id": "1", "response": null, "error": {"code": "batch_expired"}}',
            [Line("1", None, "batch_expired")],
        ),
    ],
)
def test_lines_that_bring_no_vector(paid, tmp_path, line, found):
    (tmp_path / "answers").write_bytes(line)
    assert list(BatchAPI(MODEL).lines(tmp_path / "answers")) == found


def test_a_file_that_drips_is_given_up(paid, monkeypatch):
    monkeypatch.setattr(batch_api, "_LINE_S", 0.1)
    monkeypatch.setattr(batch_api, "_FAULTS", 0)
    paid.faults = ["drips"]
    with pytest.raises(ModelUnavailable, match="slowly"):
        BatchAPI(MODEL).download("file-0", io.BytesIO())


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ("wrong_key", ModelUnavailable, "OPENAI_API_KEY"),
        ("no_quota", ModelUnavailable, "quota"),
        (None, NotFound, "for this key"),
    ],
)
def test_what_does_not_pass_is_told_at_once_and_without_the_key(paid, fault, error, words):
    paid.faults = [fault] if fault else []
    with pytest.raises(error, match=words) as caught:
        BatchAPI(MODEL).state("batch_9")
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("body", [b"<html>a proxy says hello</html>", b"{}", b"[]", b'{"id": ""}'])
def test_what_is_no_batch(body, monkeypatch):
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html" if b"<" in body else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    monkeypatch.setattr(batch_api, "_FAULTS", 0)
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        with pytest.raises(ModelUnavailable, match="OPENAI_BASE_URL"):
            BatchAPI(MODEL).state("batch_1")
        server.shutdown()
