"""Waitress run and drained: its version, calls that are under way, connections that end."""

import importlib.metadata
import socket
import threading

import httpx
import pytest

from server.draining import WRITTEN_FOR, DrainingServer


def test_the_insides_are_those_of_the_waitress_that_is_installed():
    assert importlib.metadata.version("waitress") == WRITTEN_FOR, (
        "server/draining.py uses the insides of waitress that it names at its head: read them in the new version "
        "(server.py, channel.py, trigger.py, wasyncore.py), see that tests/server pass, and set WRITTEN_FOR"
    )


@pytest.fixture
def slow():
    """A server whose calls take until `go` is set; `begun` is set when one is being answered."""
    begun, go = threading.Event(), threading.Event()

    def app(environ, start_response):
        begun.set()
        assert go.wait(30)
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = DrainingServer(app, listening, threads=2)
        thread = threading.Thread(target=server.run)
        thread.start()
        yield server, thread, f"http://127.0.0.1:{listening.getsockname()[1]}", begun, go
        go.set()
        server.stop()
        thread.join()


def test_a_call_that_is_under_way_is_answered_before_the_end(slow):
    server, thread, url, begun, go = slow
    answers = []
    with httpx.Client(base_url=url, trust_env=False) as client:
        caller = threading.Thread(target=lambda: answers.append(client.get("/").text))
        caller.start()
        assert begun.wait(30)
        server.stop()
        thread.join(0.2)
        assert thread.is_alive() and not answers
        go.set()
        caller.join()
    thread.join(30)
    assert answers == ["ok"] and not thread.is_alive()


def test_an_idle_connection_does_not_hold_up_the_end(slow):
    server, thread, url, _, go = slow
    go.set()
    with httpx.Client(base_url=url, trust_env=False) as client:
        assert client.get("/").text == "ok"  # the connection is kept alive
        server.stop()
        thread.join(10)
        assert not thread.is_alive()
        with pytest.raises(httpx.HTTPError):
            client.get("/")


def test_a_server_that_is_stopped_before_it_runs_ends_at_once():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = DrainingServer(lambda environ, start_response: [], listening, threads=1)
        server.stop()
        server.run()
