"""What every answer tells browsers, whatever kind of answer it is."""

from dataclasses import replace

import pytest

from server.context import context
from tests.server.http import serving

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
ALONE = {"'none'"}
POLICY = {
    "default-src": ALONE,
    "script-src": {"'self'"},
    "style-src": {"'self'"},
    "img-src": {"'self'"},
    "connect-src": {"'self'"},
    "base-uri": ALONE,
    "form-action": ALONE,
    "frame-ancestors": ALONE,
    "require-trusted-types-for": {"'script'"},
    "trusted-types": ALONE,
}


def policy(answer):
    (given,) = answer.headers.getlist("Content-Security-Policy")
    return {name: set(sources) for name, *sources in map(str.split, given.split(";"))}


CALLS = [
    (200, "GET", "/v1/topics", {}),
    (200, "GET", "/v1/topics/words", {}),
    (200, "OPTIONS", "/v1/topics", {}),
    (200, "GET", "/", {}),
    (200, "HEAD", "/", {}),
    (200, "GET", "/static/js/main.js", {}),
    (200, "GET", "/healthz", {}),
    (200, "GET", "/openapi.json", {}),
    (200, "GET", "/docs/assets/js/swagger-ui-bundle.js", {}),
    (204, "DELETE", "/v1/clusterings/active", {}),
    (304, "GET", "/static/js/main.js", {"headers": {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}}),
    (400, "PUT", "/v1/topics", {"data": "{", "content_type": "application/json"}),
    (403, "GET", "/v1/topics", {"headers": {"Host": "evil.example"}}),
    (403, "GET", "/", {"headers": {"Host": "evil.example"}}),
    (404, "GET", "/nothing", {}),
    (404, "GET", "/static/nothing.js", {}),
    (404, "GET", "/docs/assets/nothing.js", {}),
    (404, "GET", "/v1/nothing", {}),
    (405, "PATCH", "/v1/topics", {}),
    (413, "PUT", "/v1/topics", {"data": b" " * (2**24 + 1), "content_type": "application/json"}),
    (415, "PUT", "/v1/topics", {"data": "{}", "content_type": "text/plain"}),
    (422, "GET", "/v1/topics?x=1", {}),
]


def holds(answer):
    assert policy(answer) == POLICY
    assert {name: answer.headers.getlist(name) for name in ALWAYS} == {name: [it] for name, it in ALWAYS.items()}
    assert not [name for name in answer.headers.keys() if name.startswith("Access-Control-")]  # noqa: SIM118


@pytest.mark.parametrize(("status", "method", "path", "how"), CALLS, ids=lambda value: str(value)[:40])
def test_every_answer_has_the_policy(stocked, status, method, path, how):
    answer = stocked.open(path, method=method, buffered=True, **how)
    assert answer.status_code == status
    holds(answer)
    if path.startswith("/v1"):
        assert answer.headers.getlist("Cache-Control") == ["no-store"]


def test_a_call_without_the_key_and_a_bug_have_it_too(client, engine, settings, monkeypatch):
    locked = serving(engine, replace(settings, api_key="secret"))
    answer = locked.get("/v1/topics")
    assert answer.status_code == 401
    holds(answer)
    context(locked.application).jobs.close()
    monkeypatch.setattr(engine.words, "page", lambda *_: [][1])
    answer = client.get("/v1/words")
    assert answer.status_code == 500
    holds(answer)


def test_the_docs_alone_may_show_data_as_pictures_and_do_without_trusted_types(stocked):
    answer = stocked.get("/docs", buffered=True)
    trusted = ("require-trusted-types-for", "trusted-types")
    expected = {name: sources for name, sources in POLICY.items() if name not in trusted}
    assert policy(answer) == expected | {"img-src": {"'self'", "data:"}}
    assert "<script>" not in answer.text and "style=" not in answer.text and " on" not in answer.text


def test_files_of_the_page_are_asked_for_again_so_that_an_update_shows(stocked):
    for path in ("/", "/static/js/main.js"):
        answer = stocked.get(path, buffered=True)
        assert answer.headers["Cache-Control"] == "no-cache"
        again = stocked.get(path, buffered=True, headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304
        holds(again)
