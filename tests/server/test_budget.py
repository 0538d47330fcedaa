"""A server's budget of a day: what needs a new vector is refused once it is spent, and all else goes on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from indexer import Engine, Settings
from indexer.errors import InvalidRequest
from server import create_app
from server.context import context
from tests.embedders.paid_api import KEY, PaidAPI
from tests.server.http import add, is_problem, put_topics, serving

MODEL = "openai:text-embedding-3-small"
LONG = "fruit " * 2_000  # 2,001 tokens
BUDGET = 0.0001  # 5,000 tokens


@pytest.fixture
def api(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with PaidAPI() as api:
        monkeypatch.setenv("OPENAI_BASE_URL", api.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield api


@pytest.fixture
def settings(tmp_path):
    return Settings(data=tmp_path / "store", model=MODEL, budget=BUDGET)


@pytest.fixture
def today(monkeypatch):
    """The time of the servers, in a list, which a test sets."""
    now = [datetime(2026, 11, 26, 12, tzinfo=UTC)]
    monkeypatch.setattr("indexer.embedders.spending._utc", lambda: now[0])
    return now


def ended(client):
    context(client.application).jobs.close()


def ask(client, text):
    return client.post("/v1/topics/nearest", json={"texts": [text]})


def test_over_the_budget_of_a_day_only_what_needs_a_new_vector_is_refused(api, settings, today):
    with Engine(settings, serving=True) as engine:
        client = serving(engine)
        put_topics(client, "fruit", "country")
        add(client, "fruit a", "fruit b", "country c")
        for text in ("Mango", LONG + "1", LONG + "2"):
            assert ask(client, text).status_code == 200
        before = api.tokens
        assert before <= 5_000
        problem = is_problem(ask(client, LONG + "3"), 402, "over_budget")
        assert "UTC" in problem["detail"] and "TOPICDEX_BUDGET" in problem["detail"]
        is_problem(client.post("/v1/words", json={"words": [{"text": LONG + "4"}]}), 402, "over_budget")
        is_problem(client.put("/v1/topics", json={"topics": [{"name": LONG + "5"}]}), 402, "over_budget")
        job = client.post("/v1/imports?name=a.txt&wait=30", data=LONG + "6", content_type="text/plain").json
        assert job["status"] == "failed" and "TOPICDEX_BUDGET" in job["error"]
        assert ask(client, LONG + "1").status_code == 200, "a question that was asked before"
        assert client.post("/v1/words/nearest", json={"texts": ["Mango"]}).status_code == 200
        add(client, "fruit a")
        assert client.post("/v1/clusterings?wait=30", json={"k": 2}).json["status"] == "done"
        assert client.get("/v1/words").json["total"] == 3
        assert client.get("/v1/info").json["costs"]["today"]["tokens"] == api.tokens == before
        ended(client)
    with Engine(replace(settings, query_cache=0), serving=True) as engine:
        client = serving(engine)  # a restarted server
        is_problem(ask(client, LONG + "3"), 402, "over_budget")
        assert ask(client, LONG + "2").status_code == 200, "a question that was paid for"
        today[0] += timedelta(hours=12)
        assert ask(client, LONG + "3").status_code == 200
        costs = client.get("/v1/info").json["costs"]
        assert costs["today"]["tokens"] == api.tokens - before and costs["total"]["tokens"] == api.tokens
        ended(client)


def test_a_server_that_starts_with_nothing_left_gets_ready_the_next_day(api, settings, today, monkeypatch):
    monkeypatch.setattr("server.warmup._RETRY_S", 0.01)
    settings = replace(settings, cache_size=0)
    with Engine(settings, serving=True) as engine:
        engine.words.add(["fruit a"])
        engine.spending.book(MODEL, 0, 5_000)
    with Engine(settings, serving=True) as engine:
        app = create_app(engine=engine)
        client = app.test_client()
        assert client.get("/v1/words").json["total"] == 1
        is_problem(client.get("/v1/words/nearest?text=Mango"), 402, "over_budget")
        is_problem(client.get("/readyz"), 503, "not_ready")
        today[0] += timedelta(hours=12)
        context(app).warmup.join()
        assert client.get("/readyz").status_code == 200
        assert client.get("/v1/words/nearest?text=Mango").status_code == 200
        context(app).jobs.close()


def test_a_server_does_not_start_where_its_budget_cannot_be_kept(api, settings):
    refused = pytest.raises(InvalidRequest, match="TOPICDEX_PRICES")
    with Engine(replace(settings, model="openai:mine"), serving=True) as engine, refused:
        create_app(engine=engine)
    assert api.requests == 0
