"""By which names a server may be called: each form of a `Host` header, and where a server may listen without a key."""

import socket
from dataclasses import replace

import pytest

from indexer import Settings
from indexer.errors import InvalidRequest
from server import create_app
from server.hosts import OwnHosts, authority, check_hosts

LOOPBACK = ["localhost", "localhost:8000", "LocalHost:1", "localhost.", "localhost.:8000", "localhost:", "a.localhost",
            "127.0.0.1", "127.0.0.1:8000", "127.8.9.10:80", "127.0.0.1.", "[::1]", "[::1]:8000", "[0:0:0:0:0:0:0:1]",
            "[::1%lo]:80", "[::1%25lo]", "[::ffff:127.0.0.1]"]  # fmt: skip
FOREIGN = ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "evil-localhost",
           "0.0.0.0", "0.0.0.0:8000", "10.0.0.1", "[::]", "[2001:db8::1]", "128.0.0.1", "topicdex"]  # fmt: skip
MALFORMED = [None, "", " ", "a b", "localhost, evil.example", "localhost, localhost", "user@localhost", "localhost/",
             "http://localhost", "localhost:80:80", "localhost:x", "localhost:-1", "localhost:65536", "localhost:٣",
             "localhost..", ".localhost", "a..localhost", ":8000", "::1", "::1:8000", "[::1", "[::1]x", "[localhost]",
             "[127.0.0.1", "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "127.0.0.256", "[::1%]", "loc\u017falhost",
             "localhost\n", "localhost\0"]  # fmt: skip


@pytest.mark.parametrize("host", LOOPBACK)
def test_loopback_is_a_servers_own(host):
    assert authority(host) in OwnHosts(Settings())


@pytest.mark.parametrize("host", [*FOREIGN, *MALFORMED])
def test_nothing_else_is(host):
    assert authority(host) not in OwnHosts(Settings())


@pytest.mark.parametrize(
    ("allowed", "host", "own"),
    [
        ("topicdex.example", "topicdex.example", True),
        ("topicdex.example", "Topicdex.Example.:8443", True),
        ("topicdex.example", "a.topicdex.example", False),
        ("topicdex.example", "example", False),
        ("topicdex.example:8443", "topicdex.example:8443", True),
        ("topicdex.example:8443", "topicdex.example:8000", False),
        ("topicdex.example:8443", "topicdex.example", False),
        ("topicdex.example:443", "topicdex.example", True),
        ("topicdex.example:80", "topicdex.example", True),
        (" one , TWO:9 ,", "two:9", True),
        (" one , TWO:9 ,", "one:1", True),
        ("10.0.0.1", "10.0.0.1:8000", True),
        ("2001:db8::1", "[2001:DB8:0::1]:8000", True),
        ("[2001:db8::1]:9", "[2001:db8::1]:9", True),
        ("[2001:db8::1]:9", "[2001:db8::1]:8", False),
        ("topicdex.example", "evil.example", False),
    ],
)
def test_other_names_are_where_they_are_listed_with_a_port_or_for_every_port(allowed, host, own):
    assert (authority(host) in OwnHosts(Settings(allowed_hosts=allowed))) is own
    assert authority("localhost") in OwnHosts(Settings(allowed_hosts=allowed))


@pytest.mark.parametrize(
    ("listens", "host", "own"),
    [
        ("10.0.0.1", "10.0.0.1:8000", True),
        ("10.0.0.1", "10.0.0.2", False),
        ("10.0.0.1", "localhost", True),
        ("0.0.0.0", "10.0.0.2", True),
        ("0.0.0.0", "0.0.0.0:8000", True),
        ("0.0.0.0", "[2001:db8::1]", True),
        ("0.0.0.0", "evil.example", False),
        ("::", "10.0.0.2", True),
        ("::", "[fe80::1%25eth0]:8000", True),
        ("::", "evil.example", False),
        ("2001:db8::1", "[2001:db8::1]", True),
        ("2001:db8::1", "[2001:db8::2]", False),
        ("here.example", "here.example:8000", True),
        ("here.example", "there.example", False),
    ],
)
def test_an_address_is_own_where_the_server_listens_on_it_or_on_all(listens, host, own):
    assert (authority(host) in OwnHosts(Settings(host=listens))) is own


def resolved(monkeypatch, address):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(socket.AF_INET, 1, 6, "", (address, 0))])


def test_a_name_to_listen_on_stands_for_its_addresses(monkeypatch):
    resolved(monkeypatch, "10.0.0.1")
    ours = OwnHosts(Settings(host="here.example"))
    assert authority("10.0.0.1:8000") in ours
    assert authority("10.0.0.2:8000") not in ours


@pytest.mark.parametrize(
    "allowed", ["a b", "https://topicdex.example", "topicdex.example/", "*", "a, *.example", "a:b"]
)
def test_an_allowed_host_that_is_none_is_named_before_the_store_is_opened(settings, allowed):
    with pytest.raises(InvalidRequest, match=r"TOPICDEX_ALLOWED_HOSTS names '.*NAME or NAME:PORT"):
        create_app(replace(settings, allowed_hosts=allowed))
    assert not settings.data.exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "0", "10.0.0.1", "2001:db8::1", "::ffff:10.0.0.1"])
def test_beyond_loopback_a_key_is_wanted_or_the_word_that_it_is_meant(settings, host):
    with pytest.raises(InvalidRequest, match=r"TOPICDEX_API_KEY .* 127\.0\.0\.1, .* TOPICDEX_INSECURE=1"):
        create_app(replace(settings, host=host))
    assert not settings.data.exists()
    check_hosts(replace(settings, host=host, api_key="secret"))
    check_hosts(replace(settings, host=host, insecure=True))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.5.5.5", "::1", "localhost", "::ffff:127.0.0.1"])
def test_on_loopback_none_is(host):
    check_hosts(Settings(host=host))


def test_a_name_beyond_loopback_counts_as_beyond(monkeypatch):
    resolved(monkeypatch, "10.0.0.1")
    with pytest.raises(InvalidRequest, match="reaches here over"):
        check_hosts(Settings(host="here"))
    resolved(monkeypatch, "127.0.1.1")
    check_hosts(Settings(host="here"))


def test_the_environment_has_its_say(settings):
    environ = {"TOPICDEX_HOST": "0.0.0.0", "TOPICDEX_INSECURE": "1", "TOPICDEX_ALLOWED_HOSTS": "a.example"}
    settings = Settings.load(environ)
    check_hosts(settings)
    assert authority("a.example:8000") in OwnHosts(settings)
