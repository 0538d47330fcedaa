"""Calls to a server: what an address is, the key, proxies, batches, and what answers that is no topicdex server."""

import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest

from indexer import Settings
from indexer.contract.info import Info
from indexer.errors import InvalidRequest, NotReady, ServerUnavailable, Unauthorized
from indexer.remote import Remote
from indexer.remote.connection import Connection, batches
from tests.conftest import serving


@contextmanager
def answering(*answers):
    """Listen at an address, and answer each call with the next of these bytes."""

    def answer():
        for body in answers:
            connection, _ = listening.accept()
            connection.recv(65536)
            connection.sendall(body)
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


def response(status, body, kind="application/json"):
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


@pytest.mark.parametrize("address", ["localhost:8000", "ftp://host", "http://", "", "http://[::1"])
def test_what_is_no_address_is_refused(settings, address):
    with pytest.raises(InvalidRequest, match="http://HOST:PORT"):
        Remote(settings, address)


def test_something_else_that_answers_is_no_topicdex_server(settings):
    with (
        answering(response("200 OK", b"hello")) as url,
        pytest.raises(ServerUnavailable, match="does not answer as a topicdex server"),
    ):
        Remote(settings, url)


@pytest.mark.parametrize(
    "answer", [response("200 OK", b'{"version": 1}'), response("502 Bad Gateway", b"<html>", "text/html")]
)
def test_json_of_another_shape_and_a_page_of_a_proxy_are_no_topicdex_server(settings, answer):
    with answering(answer) as url, pytest.raises(ServerUnavailable, match="does not answer as a topicdex server"):
        Remote(settings, url)


def test_nobody_at_the_address_is_named(settings, free_url):
    with pytest.raises(ServerUnavailable, match=f"{free_url} does not answer") as refused:
        Remote(settings, free_url)
    assert "--server" in str(refused.value) and "\n" not in str(refused.value)


def test_the_key_is_sent(settings, model):
    with serving(replace(settings, api_key="sesame ü"), model) as url:
        for key in (None, "wrong"):
            with pytest.raises(Unauthorized, match="TOPICDEX_API_KEY"):
                Remote(replace(settings, api_key=key), url)
        with Remote(replace(settings, api_key="sesame ü"), url) as remote:
            assert remote.info().model.name == "axes"


def test_a_key_with_a_line_break_is_refused_without_being_shown(settings):
    with pytest.raises(InvalidRequest, match="TOPICDEX_API_KEY") as refused:
        Remote(replace(settings, api_key="sesame\n"), "http://127.0.0.1:1")
    assert "sesame" not in str(refused.value)


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(url, settings, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with Remote(settings, url) as remote:
        assert remote.info().counts.words == 0


NOT_READY = response("503 Service Unavailable", b'{"code": "not_ready", "detail": "the model is being loaded"}')
READY = response(
    "200 OK",
    b'{"version": "1", "model": {"name": "axes"}, "counts": {"words": 3, "topics": 0},'
    b' "store": {"mode": "embedded", "format": 1}}',
)


def test_a_server_that_is_not_ready_is_asked_again_as_long_as_wait_says():
    with answering(NOT_READY, READY) as url:
        connection = Connection(Settings(wait=30), url)
        assert connection.ask(Info, "GET", "/v1/info").counts.words == 3
        connection.close()
    with answering(NOT_READY) as url:
        connection = Connection(Settings(wait=0), url)
        with pytest.raises(NotReady, match="being loaded"):
            connection.call("GET", "/v1/info")
        connection.close()


def test_an_answer_is_waited_for_as_long_as_the_caller_has_patience():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begin = time.monotonic()
        with pytest.raises(ServerUnavailable):
            Remote(Settings(), f"http://127.0.0.1:{silent.getsockname()[1]}", patience=0.3)
        assert 0.3 <= time.monotonic() - begin < 5


def test_long_lists_go_in_batches_of_count_and_bytes():
    assert [len(b) for b in batches(["x"] * 2001)] == [1000, 1000, 1]
    mega = "x" * 2**20
    assert [len(b) for b in batches([mega] * 5)] == [3, 2]
    assert [len(b) for b in batches(["a", "ü" * 4 * 2**20, "b"])] == [1, 1, 1]
    assert list(batches([])) == []
