"""The doors: every call of the description, from another site, under a foreign name, with and without the key."""

import re
from dataclasses import replace
from urllib.parse import unquote

import pytest

from indexer import Engine, Settings
from server.context import context
from tests.model import AxisEmbedder
from tests.server.http import add, is_problem, operations, put_topics, serving

KEY = "secret"
WITH_KEY = {"Authorization": f"Bearer {KEY}"}
READS = ("GET", "HEAD", "OPTIONS")
UNDESCRIBED = [("GET", path) for path in ("/", "/static/js/main.js", "/docs", "/docs/assets/css/swagger-ui.css",
                                          "/openapi.json", "/static/nothing", "/nothing")]  # fmt: skip
EVERY_HOST = ("/healthz", "/readyz")

FOREIGN_PAGES = [
    {"Origin": "http://evil.example"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://localhost:3000"},  # another program on this machine
    {"Origin": "http://127.0.0.1"},  # as long as it was called localhost
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://evil@localhost"},
    {"Origin": "http://localhost/"},
    {"Origin": "http://localhost http://evil.example"},
    {"Origin": "http://localhost, http://evil.example"},
    {"Origin": "chrome-extension://localhost"},
    {"Origin": "localhost"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "same-site"},
    {"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-origin, cross-site"},
    {"Sec-Fetch-Site": "of-tomorrow"},
]
OWN = [
    {},
    {"Origin": "http://localhost"},
    {"Origin": "http://localhost:80", "Sec-Fetch-Site": "same-origin"},
    {"Origin": "https://localhost"},  # TLS ends at a proxy
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
]


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """An engine whose store holds words, topics and two clusterings, of which the newer one answers."""
    settings = Settings(data=tmp_path_factory.mktemp("doors") / "store", model="axes")
    with Engine(settings, load=lambda _: AxisEmbedder()) as engine:
        client = serving(engine)
        put_topics(client, "fruit", "country")
        add(client, a="fruit a", b="fruit b", c="country c", d="country d")
        client.post("/v1/clusterings?wait=30", json={"k": 2})
        made = client.post("/v1/clusterings?wait=30", json={"around": "topics"}).json
        client.post(f"/v1/clusterings/{made['id']}/activate")
        context(client.application).jobs.close()
        yield engine


@pytest.fixture(scope="module")
def opened(filled):
    client = serving(filled)
    yield client
    context(client.application).jobs.close()


@pytest.fixture(scope="module")
def locked(filled):
    client = serving(filled, replace(filled.settings, api_key=KEY))
    yield client
    context(client.application).jobs.close()


def routes(client):
    """Return method and path of every call that there is; names and ids are those of things that are stored."""
    newest = client.application.extensions["topicdex"].engine.clusterings.all().clusterings[0].id
    names = {"/v1/topics/{name}": "fruit", "/v1/words/{id}": "a"}
    found = [
        (method.upper(), re.sub(r"{\w+}", names.get(path, newest), path))
        for method, path, _ in operations(client.application)
    ]
    return [*found, *UNDESCRIBED]


def writes(client):
    """Return every write: those that are described, and methods that a path does not have."""
    described = [(method, path) for method, path in routes(client) if method not in READS]
    assert len(described) >= 10
    undescribed = [(method, path) for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")
                   for path in ("/v1/topics", "/", "/static/js/main.js", "/healthz", "/nothing")]  # fmt: skip
    return [*described, *undescribed]


def everything(client):
    """Return all that is stored, as the API tells it."""
    return [
        client.get(path, buffered=True, headers=WITH_KEY).json
        for path in ("/v1/topics", "/v1/words", "/v1/clusterings", "/v1/thresholds")
    ]


@pytest.mark.parametrize("headers", FOREIGN_PAGES, ids=str)
@pytest.mark.parametrize("doors", ["opened", "locked"])
def test_no_page_of_another_site_changes_anything(request, doors, headers):
    client = request.getfixturevalue(doors)
    before = everything(client)
    for method, path in writes(client):
        is_problem(client.open(path, method=method, buffered=True, headers={**WITH_KEY, **headers}), 403, "forbidden")
        # what a form sends without a preflight
        form = {"data": '{"topics": [{"name": "x"}]}', "content_type": "text/plain"}
        is_problem(
            client.open(path, method=method, buffered=True, headers={**WITH_KEY, **headers}, **form), 403, "forbidden"
        )
    assert everything(client) == before


@pytest.mark.parametrize("headers", OWN, ids=str)
@pytest.mark.parametrize("doors", ["opened", "locked"])
def test_programs_and_the_servers_own_page_are_let_in(request, doors, headers):
    client = request.getfixturevalue(doors)
    for method, path in routes(client):
        if method in READS:
            answer = client.open(path, method=method, buffered=True, headers={**WITH_KEY, **headers})
            assert answer.status_code in (200, 404, 422), f"{method} {path}"
    answer = client.put("/v1/thresholds", json={"score": 0.1}, headers={**WITH_KEY, **headers})
    assert answer.status_code == 200
    assert client.post("/v1/topics/nearest", json={"texts": ["x"]}, headers={**WITH_KEY, **headers}).status_code == 200


def test_the_page_behind_a_proxy_is_own_by_the_name_and_port_that_were_called(filled):
    client = serving(filled, replace(filled.settings, allowed_hosts="topicdex.example, plain.example:8443"))

    def status(origin, host):
        return client.put("/v1/thresholds", json={}, headers={"Origin": origin, "Host": host}).status_code

    assert status("https://topicdex.example", "topicdex.example") == 200
    assert status("https://topicdex.example", "topicdex.example:443") == 200
    assert status("https://TOPICDEX.example:444", "topicdex.example.:444") == 200
    assert status("https://topicdex.example", "topicdex.example:8443") == 403
    assert status("https://topicdex.example:8443", "topicdex.example") == 403
    assert status("https://topicdex.example", "localhost") == 403
    assert status("https://plain.example:8443", "plain.example:8443") == 200
    assert status("https://plain.example:8444", "plain.example:8444") == 403
    assert status("http://[::1]:8000", "[::1]:8000") == 200
    assert status("http://[::1]:8000", "localhost:8000") == 403
    context(client.application).jobs.close()


HOSTS = ["evil.example", "evil.example:8000", "localhost.evil.example", "10.0.0.1:8000", "", "a b",
         "localhost, evil.example", "user@localhost"]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_without_a_key_a_foreign_name_is_answered_nothing(opened, host):
    before = everything(opened)
    for method, path in [*routes(opened), *writes(opened), ("HEAD", "/"), ("OPTIONS", "/v1/topics")]:
        if path in EVERY_HOST:
            continue
        answer = opened.open(
            path, method=method, buffered=True, headers={"Host": host, "X-Forwarded-Host": "localhost"}
        )
        assert answer.status_code == 403, f"{method} {path}"
        if method != "HEAD":
            is_problem(answer, 403, "forbidden")
    assert everything(opened) == before


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("doors", ["opened", "locked"])
def test_probes_are_answered_under_every_name(request, doors, host):
    client = request.getfixturevalue(doors)
    assert [client.get(path, buffered=True, headers={"Host": host}).status_code for path in EVERY_HOST] == [200, 200]


@pytest.mark.parametrize("host", HOSTS)
def test_with_a_key_any_name_will_do_for_whoever_has_it(locked, host):
    for method, path in routes(locked):
        if method in READS:
            answer = locked.open(path, method=method, buffered=True, headers={"Host": host})
            assert answer.status_code in ((401,) if path.startswith("/v1") else (200, 404)), f"{method} {path}"
            answer = locked.open(path, method=method, buffered=True, headers={"Host": host, **WITH_KEY})
            assert answer.status_code in (200, 404, 422), f"{method} {path}"
    assert locked.put("/v1/thresholds", json={}, headers={"Host": host, **WITH_KEY}).status_code == 200
    page = {"Host": host, "Origin": f"http://{host}", **WITH_KEY}
    is_problem(locked.put("/v1/thresholds", json={}, headers=page), 403, "forbidden")


@pytest.mark.parametrize("path", ["//v1/topics", "///v1/topics", "/%76%31/topics", "/v1//topics", "/V1/topics",
                                  "/v1/./topics", "/static/../v1/topics", "/docs/assets/..%2f..%2fv1/topics"])  # fmt: skip
def test_no_spelling_of_a_path_goes_round_the_key(locked, path):
    answer = locked.get("/", environ_overrides={"PATH_INFO": unquote(path)}, buffered=True)  # as a server has it
    assert answer.status_code in (401, 404)
    assert "fruit" not in answer.text


def test_no_header_changes_the_method_or_the_name(opened):
    tricks = {"X-HTTP-Method-Override": "DELETE", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    before = everything(opened)
    answer = opened.get("/v1/words/a", headers=tricks)
    assert answer.status_code == 200
    made = opened.get("/v1/clusterings").json["clusterings"][0]["id"]
    assert opened.post(f"/v1/clusterings/{made}/pin?_method=DELETE", headers=tricks).status_code == 422
    assert "evil.example" not in str(answer.headers)
    assert everything(opened) == before


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_may_link_to_the_server_and_embed_or_fetch_nothing(opened, site):
    for path in ("/", "/docs", "/v1/topics", "/v1/topics/words", "/static/js/main.js"):
        link = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        assert opened.get(path, buffered=True, headers=link).status_code == 200
        for into in ("empty", "iframe", "image", "script", "object"):
            is_problem(
                opened.get(path, buffered=True, headers={"Sec-Fetch-Site": site, "Sec-Fetch-Dest": into}),
                403,
                "forbidden",
            )
    assert opened.get("/healthz", headers={"Sec-Fetch-Site": site, "Sec-Fetch-Dest": "empty"}).status_code == 200
