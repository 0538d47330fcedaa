"""The key of a server: without it, nothing under /v1 is answered."""

from dataclasses import replace

import pytest

from server.context import context
from tests.server.http import is_problem, serving


@pytest.fixture
def locked(engine, settings):
    client = serving(engine, replace(settings, api_key="kéy"))
    yield client
    context(client.application).jobs.close()


@pytest.mark.parametrize("header", [None, "", "kéy", "Bearer", "Bearer ", "Bearer key", "Bearer kéy ", "Basic a3k6"])
@pytest.mark.parametrize("path", ["/v1/topics", "/v1/nothing", "/v1/words/nearest?text=a"])
def test_without_the_key_every_v1_call_is_unauthorized(locked, path, header):
    answer = locked.get(path, headers={} if header is None else {"Authorization": header.encode().decode("latin-1")})
    is_problem(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_with_the_key_and_outside_v1_calls_are_answered(locked):
    headers = {"Authorization": "Bearer kéy".encode().decode("latin-1")}  # a client sends UTF-8, WSGI has it so
    assert locked.get("/v1/topics", headers=headers).status_code == 200
    assert [locked.get(path).status_code for path in ("/healthz", "/readyz", "/openapi.json", "/docs")] == [200] * 4
