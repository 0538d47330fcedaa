"""`topicdex serve` where it cannot or may not listen, and what it says and opens; how it serves is in `tests/server`."""

import socket
import threading
import webbrowser

import pytest

import server.serve
from indexer import Settings
from indexer.commands import demo
from tests.commands.conftest import failed


@pytest.mark.parametrize("where", ["port", "host"])
def test_an_address_that_cannot_be_had_is_named_before_the_store_is_touched(call, store, where, monkeypatch):
    monkeypatch.setenv("TOPICDEX_INSECURE", "1")  # one of the addresses is not loopback
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        flags = ["--port", port] if where == "port" else ["--host", "203.0.113.1", "--port", port]
        failed(call("serve", *flags), "invalid_request", port, "--port")
    assert not store.exists()


@pytest.mark.parametrize("port", ["-1", "65536", "999999"])
@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_port_that_does_not_exist_is_refused(call, store, command, port):
    code, out, err = call(command, "--port", port)
    assert (code, out) == (2, "")
    assert "--port" in err and port in err
    assert not store.exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "203.0.113.1"])
def test_beyond_loopback_without_a_key_it_does_not_start_and_says_what_to_do(call, store, host):
    failed(call("serve", "--host", host, "--port", "0"), "invalid_request", "TOPICDEX_API_KEY", "TOPICDEX_INSECURE=1")
    assert not store.exists()


def test_an_allowed_host_that_is_none_is_named(call, store, monkeypatch):
    monkeypatch.setenv("TOPICDEX_ALLOWED_HOSTS", "https://topicdex.example")
    failed(call("serve", "--port", "0"), "invalid_request", "TOPICDEX_ALLOWED_HOSTS", "'https://topicdex.example'")
    assert not store.exists()


@pytest.fixture
def opened(monkeypatch):
    """Open no browser, and listen nowhere; return the addresses that a browser was to show, once it was."""
    pages, shown = [], threading.Event()
    monkeypatch.setattr(webbrowser, "open", lambda url: (pages.append(url), shown.set()))

    def serve(settings: Settings, on_listen):
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        on_listen(f"http://{host}:8000")

    monkeypatch.setattr(server.serve, "serve", serve)
    return lambda: pages if shown.wait(5) else None


def test_it_says_where_the_page_is_and_then_the_description(call, opened, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda url: pytest.fail("nobody asked for that"))
    code, out, err = call("serve")
    assert (code, out) == (0, "")
    assert err.index("http://127.0.0.1:8000/,") < err.index("http://127.0.0.1:8000/docs")


@pytest.mark.parametrize(
    ("host", "page"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000/"),
        ("0.0.0.0", "http://127.0.0.1:8000/"),
        ("::", "http://[::1]:8000/"),
        ("::1", "http://[::1]:8000/"),
        ("10.0.0.1", "http://10.0.0.1:8000/"),
    ],
)
def test_with_open_the_browser_shows_the_page(call, opened, host, page):
    assert call("serve", "--open", "--host", host)[0] == 0
    assert opened() == [page]


def test_help_shows_the_settings_of_the_environment_alone(call):
    code, out, _ = call("serve", "--help")
    assert code == 0
    for shown in ("TOPICDEX_ALLOWED_HOSTS", "TOPICDEX_INSECURE", "TOPICDEX_API_KEY", "TOPICDEX_QUERY_CACHE", "8192"):
        assert shown in out


def test_the_demo_says_first_where_the_page_is_and_what_to_do_there(url, capsys):
    demo._show(url)
    out = capsys.readouterr().out
    first, *rest = out.splitlines()
    assert first == f"Open {url}/ in a browser."
    assert "topic" in rest[1]
    assert out.index(f"{url}/docs") < out.index(f"curl '{url}/v1/topics/nearest?text=Papaya'")
