"""Schemathesis against a real server on a filled store: all its checks, every operation, and it finds nothing.

Its phases are run one after another: the examples of the description, every limit of every schema (coverage), 50 calls
an operation of data that fits its schema or does not (fuzzing), and calls that follow from the answers of others.
"""

import re
import socket
import threading
from dataclasses import replace

import pytest
import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.engine import events, from_schema
from schemathesis.specs.openapi import checks

from server import create_app
from server.context import context
from server.draining import DrainingServer

pytestmark = pytest.mark.long

KEY = "secret"
SEED = 10
# Valid by its schema and refused all the same: rules of what is stored, and rules that JSON Schema has no words for.
BEYOND_A_SCHEMA = {
    "PUT /v1/topics": "comes twice",
    "POST /v1/topics": "comes twice",
    "POST /v1/topics/preview": "comes twice",
    "GET /v1/topics/words": "limit goes with order",
    "PUT /v1/thresholds": "there is no topic",
    "POST /v1/evaluations": "are no topics|there are no topics",
    "POST /v1/evaluations/rows": "rows.csv|no rows|line 1|choose one|one of .txt|gzip|Parquet",
    "POST /v1/calibrations": "labelled rows|are no topics|there are no topics|out of reach",
    "POST /v1/words": "longer than 128 bytes|larger than 16 KB",
    "POST /v1/words/nearest": "larger than 16 KB",
    "GET /v1/words": "the cursor is none that a page gave",
    "GET /v1/clusterings/{id}/words": "the cursor is none that a page gave",
    "POST /v1/comparisons": "is not among the models|two models are called|labels; topics are",
    "POST /v1/reembeddings": "no model that may be changed to",
    "POST /v1/clusterings": "ask for at most|there are no words|there are no topics|no finished clustering|swap them",
    "POST /v1/maps": "no finished map|there are no words",
    "GET /v1/maps/{id}/points": "both axes are",
    "GET /v1/maps/{id}/colours": "there are no topics",
    "GET /v1/maps/{id}/words": "exactly one of rows and ids",
    "POST /v1/maps/{id}/select": "exactly one of polygon|axes go with|both axes are",
}
# Paths that are also the path of a topic, a word or a clustering of that name, and take the methods of both.
ALSO = {
    "/v1/topics/nearest": "/v1/topics/{name}",
    "/v1/topics/words": "/v1/topics/{name}",
    "/v1/topics/background": "/v1/topics/{name}",
    "/v1/topics/preview": "/v1/topics/{name}",
    "/v1/topics/similarity": "/v1/topics/{name}",
    "/v1/topics/sizes": "/v1/topics/{name}",
    "/v1/words/nearest": "/v1/words/{id}",
    "/v1/words/delete": "/v1/words/{id}",
    "/v1/clusterings/active": "/v1/clusterings/{id}",
    "/v1/reembeddings/back": "/v1/reembeddings/{id}",
    "/v1/reembeddings/forget": "/v1/reembeddings/{id}",
    "/v1/reembeddings/abandon": "/v1/reembeddings/{id}",
}
IMPLICIT = {"HEAD", "OPTIONS"}


@schemathesis.check
def valid_data_is_taken(ctx, response, case):
    """The check `positive_data_acceptance`, but for the rules that a schema cannot say."""
    if response.status_code == 412:  # a tag that If-Match may hold, and that the topic does not have
        return None
    beyond = BEYOND_A_SCHEMA.get(case.operation.label)
    if beyond and response.status_code == 422 and re.search(beyond, response.json()["detail"]):
        return None
    return checks.positive_data_acceptance(ctx, response, case)


@schemathesis.check
def allow_is_right(ctx, response, case):
    """The check `allow_header_conformance`, but for paths that mean two things."""
    path = case.operation.path
    if path not in ALSO or response.request.method != "OPTIONS" or "allow" not in response.headers:
        return checks.allow_header_conformance(ctx, response, case)
    described = case.operation.schema.raw_schema["paths"]
    methods = {method.upper() for method in (*described[path], *described[ALSO[path]])}
    allowed = set(re.findall(r"\w+", ", ".join(response.headers["allow"])))
    if allowed - IMPLICIT != methods:
        raise Failure(operation=case.operation.label, title="Allow is wrong", message=f"{allowed}, not {methods}")
    return None


@schemathesis.check
def what_was_deleted_is_gone(ctx, response, case):
    """The check `use_after_free`, but for jobs, of which DELETE cancels one that has not ended: it stays."""
    kinds = ("clusterings", "maps", "imports", "doctor", "comparisons", "reembeddings")
    jobs = {f"GET /v1/{kind}/{{id}}" for kind in kinds}
    of_one = case.operation.label in jobs and response.request.method == "GET"
    if of_one and response.status_code == 200 and response.json()["status"] == "cancelled":
        return None
    return checks.use_after_free(ctx, response, case)


CONFIG = {
    "seed": SEED,
    "headers": {"Authorization": f"Bearer {KEY}"},
    "continue-on-failure": True,
    "generation": {"max-examples": 50, "deterministic": True, "database": "none", "no-shrink": True},
    "phases": {"stateful": {"generation": {"max-examples": 10}}},
    # those that stand above take the place of three
    "checks": {
        name: {"enabled": False} for name in ("positive_data_acceptance", "allow_header_conformance", "use_after_free")
    },
}


TOPICS = ("PUT", "/v1/topics", {"topics": [{"name": "fruit", "examples": ["fruit x"]}, {"name": "country"}]})
METADATA = {"kind": "a", "n": 1, "share": 0.5, "yes": True}
WORDS = [{"text": f"{kind} {i}", "metadata": METADATA} for kind in ("fruit", "country") for i in range(10)]
FILLING = (
    TOPICS,
    ("POST", "/v1/words", {"words": WORDS}),
    ("PUT", "/v1/thresholds", {"score": 0.1, "topics": {"fruit": 0.2}}),
    ("POST", "/v1/clusterings?wait=30", {"k": 2}),
    ("POST", "/v1/clusterings?wait=30", {"around": "topics"}),
    ("POST", "/v1/maps?wait=30", {"landmarks": 50}),
)


def fill(app, calls=FILLING):
    for method, path, body in calls:
        answer = app.test_client().open(path, method=method, json=body, headers=CONFIG["headers"])
        assert answer.status_code == 200, answer.text


@pytest.fixture
def served(engine, settings, monkeypatch):
    """An application, and the address at which it is served."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    app = create_app(replace(settings, api_key=KEY), engine=engine)
    context(app).warmup.join()
    listening = socket.create_server(("127.0.0.1", 0))
    with listening:
        server = DrainingServer(app, listening, threads=4)
        thread = threading.Thread(target=server.run)
        thread.start()
        yield app, f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.stop()
        thread.join()
    context(app).jobs.close()


def test_schemathesis_finds_nothing(served):
    app, url = served
    config = schemathesis.Config.from_dict(CONFIG)
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json", config=config)

    @schema.hook("after_call")
    def few_topics(_, case, response):
        """Take the topics back that fuzzing adds, because every change writes them all."""
        changed = response.status_code == 200 and case.operation.label in ("PUT /v1/topics", "POST /v1/topics")
        if changed and case.meta.phase.name.value == "fuzzing":
            fill(app, [TOPICS])

    found, asked = {}, {}
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            found[str(event)] = event
        if isinstance(event, events.PhaseStarted):
            fill(app)
        if not isinstance(event, events.ScenarioFinished):
            continue
        phase = asked.setdefault(event.phase.value, {})
        phase[event.recorder.label] = phase.get(event.recorder.label, 0) + len(event.recorder.interactions)
        for results in event.recorder.checks.values():
            for check in results:
                if check.failure_info is not None:
                    failure = check.failure_info.failure
                    found[f"{event.recorder.label}: {check.name}: {failure.title}"] = (
                        f"{failure.message}\n{check.failure_info.code_sample}"
                    )
    assert not found, "\n\n".join(f"{what}\n{how}" for what, how in found.items())
    assert asked.keys() == {"examples", "coverage", "fuzzing", "stateful"}
    assert len(asked["fuzzing"]) == len(list(schema.get_all_operations()))
