"""The service itself over HTTP: what it says of itself, readiness, failures, unknown routes."""

import threading

import pytest

from indexer import Engine
from indexer.errors import ModelUnavailable, StoreUnavailable
from server import create_app
from server.context import context
from tests.model import AxisEmbedder
from tests.server.http import is_problem, serving


def test_info_says_what_runs_on_what(stocked):
    info = stocked.get("/v1/info").json
    assert info["version"]
    assert (info["model"]["name"], info["model"]["dimension"]) == ("axes", 8)
    assert info["counts"] == {"words": 4, "topics": 2}
    assert info["store"] == {"mode": "embedded", "format": 1}


def test_ready_only_once_the_model_is_loaded(settings):
    go = threading.Event()

    def slow(_):
        assert go.wait(30)
        return AxisEmbedder()

    with Engine(settings, load=slow) as engine:
        app = create_app(engine=engine)
        client = app.test_client()
        assert client.get("/healthz").status_code == 200
        is_problem(client.get("/readyz"), 503, "not_ready")
        go.set()
        context(app).warmup.join()
        assert client.get("/readyz").status_code == 200
        context(app).jobs.close()


def test_readiness_tells_no_path_of_a_model_that_cannot_be_loaded(settings):
    def missing(_):
        raise ModelUnavailable("the model '/home/somebody/model' cannot be loaded")

    with Engine(settings, load=missing) as engine:
        client = serving(engine)
        is_problem(client.get("/readyz"), 503, "not_ready")
        context(client.application).jobs.close()


def test_a_store_that_fails_is_a_503_without_its_insides(client, engine, monkeypatch):
    def fails(*_):
        raise StoreUnavailable("Chroma failed (unable to open /home/somebody/store/chroma.sqlite3); run again")

    monkeypatch.setattr(engine.words, "page", fails)
    is_problem(client.get("/v1/words"), 503, "store_unavailable")


def test_a_bug_is_a_500_without_its_traceback(client, engine, monkeypatch):
    monkeypatch.setattr(engine.words, "page", lambda *_: [][1])
    is_problem(client.get("/v1/words"), 500, "internal")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/v1", 404, "not_found"),
        ("GET", "/v1/topics/", 404, "not_found"),
        ("GET", "/v1/words/", 404, "not_found"),
        ("GET", "/docs/assets/none.js", 404, "not_found"),
        ("GET", "/docs/assets/..%2f..%2f..%2f__init__.py", 404, "not_found"),
        ("PATCH", "/v1/topics", 405, "method_not_allowed"),
        ("PUT", "/v1/words", 405, "method_not_allowed"),
        ("POST", "/v1/words/some-id", 405, "method_not_allowed"),
        ("POST", "/healthz", 405, "method_not_allowed"),
        ("DELETE", "/v1/clusterings", 405, "method_not_allowed"),
    ],
)
def test_an_unknown_route_and_a_wrong_method_are_problems_too(stocked, method, path, status, code):
    answer = stocked.open(path, method=method)
    is_problem(answer, status, code)
    assert ("Allow" in answer.headers) == (status == 405)


def test_a_path_with_a_line_end_is_one_line_in_the_log(client, engine, monkeypatch, caplog):
    monkeypatch.setattr(engine.words, "get", lambda _: [][1])
    is_problem(client.get("/v1/words/a%0Atopicdex: all is well"), 500, "internal")
    assert [record.getMessage() for record in caplog.records] == [r"GET '/v1/words/a\ntopicdex: all is well' failed"]
