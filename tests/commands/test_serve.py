"""`topicdex serve` where it cannot listen; how it serves is in `tests/server`."""

import socket

import pytest

from tests.commands.conftest import failed


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
@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_port_that_does_not_exist_is_refused(call, store, command, port):
    code, out, err = call(command, "--port", port)
    assert (code, out) == (2, "")
    assert "--port" in err and port in err
    assert not store.exists()
