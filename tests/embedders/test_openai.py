"""The OpenAI API, as a server on this machine plays it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from indexer.embedders import load_embedder
from indexer.errors import ModelUnavailable
from indexer.settings import Settings

KEY = "sk-secret-of-the-caller"
SMALL = "openai:small"


class FakeOpenAI(ThreadingHTTPServer):
    """Answers /v1/embeddings: a text's vector says how many bytes came; keeps the texts of each request."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.requests = []
        self.answer = lambda texts: (200, {"data": [item(i, text) for i, text in reversed(list(enumerate(texts)))]})

    def handle_error(self, request, client_address):
        pass


def item(index, text):
    return {"object": "embedding", "index": index, "embedding": [float(len(text.encode())), 1.0, 0.0]}


class Answer(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] != f"Bearer {KEY}":
            status, answer = 401, {"error": {"message": f"Incorrect API key: {self.headers['Authorization']}"}}
        else:
            self.server.requests.append(body["input"])
            status, answer = self.server.answer(body["input"])
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if isinstance(answer, bytes) else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def openai_server(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with FakeOpenAI() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield server
        server.shutdown()
        thread.join()


def test_vectors_are_of_unit_length_and_in_the_order_of_the_texts(openai_server):
    embedder = load_embedder(SMALL, Settings())
    assert (embedder.identity.name, embedder.identity.dimension) == ("openai:small", 3)
    vectors = embedder.embed(["a", "bb", "ccc"])
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-6)
    assert (vectors[:, 0] / vectors[:, 1]).tolist() == pytest.approx([1, 2, 3], rel=1e-5)
    assert embedder.embed([]).shape == (0, 3)


def test_many_texts_go_out_in_batches_that_the_api_takes(openai_server):
    embedder = load_embedder(SMALL, Settings())
    openai_server.requests.clear()
    texts = [f"text {i} " + "x" * (i % 9000) for i in range(0, 27_000, 30)]
    vectors = embedder.embed(texts)
    sent = openai_server.requests
    assert {text for batch in sent for text in batch} == {text.encode()[:8192].decode() for text in texts}
    assert max(len(batch) for batch in sent) <= 2048
    assert max(sum(len(text.encode()) for text in batch) for batch in sent) <= 300_000
    assert (vectors[:, 0] / vectors[:, 1]).tolist() == pytest.approx([min(len(text), 8192) for text in texts], rel=1e-4)


def test_a_long_text_is_cut_between_two_characters_and_said_to_be(openai_server):
    embedder = load_embedder(SMALL, Settings())
    assert embedder.truncated(["a" * 8192, "a" * 8193, "ü" * 4097]) == [False, True, True]
    openai_server.requests.clear()
    embedder.embed(["a" + "ü" * 5000])
    assert openai_server.requests == [["a" + "ü" * 4095]]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"error": {"message": f"Incorrect API key provided: {KEY}"}}),
        (400, {"error": {"message": f"bad {KEY}"}}),
        (404, {"error": {"message": "no such model"}}),
        (200, b"<html>a proxy says hello</html>"),
        (200, {"data": []}),
        (200, {"data": None}),
        (200, {}),
        (200, {"data": [{"index": 0, "embedding": []}]}),
        (200, {"data": [{"index": 0, "embedding": [None, "x"]}]}),
    ],
)
def test_what_the_api_should_not_answer_is_a_plain_error_that_leaks_no_key(openai_server, status, body):
    openai_server.answer = lambda texts: (status, body)
    with pytest.raises(ModelUnavailable, match="openai:small") as caught:
        load_embedder(SMALL, Settings())
    assert KEY not in str(caught.value)


def test_a_vector_of_another_length_is_refused(openai_server):
    embedder = load_embedder(SMALL, Settings())
    openai_server.answer = lambda texts: (
        200,
        {"data": [{"index": i, "embedding": [1.0] * 4} for i in range(len(texts))]},
    )
    with pytest.raises(ModelUnavailable, match="openai:small"):
        embedder.embed(["a", "b"])


def test_a_wrong_key_names_the_variable_and_not_the_key(openai_server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-another")
    with pytest.raises(ModelUnavailable, match="OPENAI_API_KEY") as caught:
        load_embedder(SMALL, Settings())
    assert "sk-another" not in str(caught.value)


@pytest.mark.parametrize("key", [None, ""])
def test_no_key_names_the_variable(openai_server, monkeypatch, key):
    if key is None:
        monkeypatch.delenv("OPENAI_API_KEY")
    else:
        monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(ModelUnavailable, match="OPENAI_API_KEY"):
        load_embedder(SMALL, Settings())


def test_a_server_that_is_down_names_the_address(openai_server, monkeypatch):
    embedder = load_embedder(SMALL, Settings())
    openai_server.server_close()
    openai_server.shutdown()
    monkeypatch.setattr(embedder, "_rest", lambda seconds: None)  # a server that is down does not come back here
    with pytest.raises(ModelUnavailable, match="OPENAI_BASE_URL"):
        embedder.embed(["a"])
