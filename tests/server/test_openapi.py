"""The OpenAPI description: well formed, complete, and what the service really answers."""

import json
import re
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from indexer import Engine
from indexer.errors import ModelUnavailable
from server.context import context
from tests.model import AxisEmbedder, WideEmbedder
from tests.server.http import PROBLEM, described, operation_of, operations, serving

STREAMS = {"get /v1/topics/words", "get /v1/export"}
KINDS = ("clusterings", "maps", "imports", "doctor", "comparisons", "reembeddings", "reembeddings/back")
QUEUES = {f"post /v1/{kind}" for kind in KINDS}
FILES = {"post /v1/imports", "post /v1/evaluations/rows"}  # of any type: none is refused as no JSON
# Calls that need the model, which may be another than the store's.
EMBEDDING = re.compile(
    r"(put|post) /v1/(topics|words)|post /v1/topics/preview|patch /v1/topics/{name}|.* /v1/\w+/nearest|post /v1/(similarity|evaluations|calibrations)|post /v1/maps/{id}/locate"
)
# Calls that name a clustering or a map, which may not have finished or may be in use.
OF_RECORDS = re.compile(r"\w+ /v1/clusterings/{.*|\w+ /v1/clusters/nearest|\w+ /v1/maps/{id}/.*")
# Calls of vectors that may not lie there, or not be left alone now.
OF_OTHER_VECTORS = re.compile(r"post /v1/reembeddings/(back|forget|abandon)")


def references(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from [inner] if key == "$ref" else references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_the_description_is_openapi_3_1_that_a_generator_can_read(stocked):
    description = described(stocked.application)
    assert description["openapi"].startswith("3.1.")
    assert description["info"]["title"] and description["info"]["version"]
    for reference in set(references(description)):
        place = description
        for part in reference.removeprefix("#/").split("/"):
            place = place[part.replace("~1", "/").replace("~0", "~")]
    for schema in description["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    operations = [
        (path, method, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "put", "post", "patch", "delete")
    ]
    ids = [operation["operationId"] for *_, operation in operations]
    assert len(set(ids)) == len(ids)
    for path, method, operation in operations:
        assert {"200", "202", "204"} & operation["responses"].keys(), f"{method} {path}"
        named = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))


CONTRACT = """
put /v1/topics
post /v1/topics
get /v1/topics
get /v1/topics/{}
patch /v1/topics/{}
delete /v1/topics/{}
post /v1/topics/preview
get /v1/topics/similarity
get /v1/topics/sizes
get /v1/topics/words
get /v1/topics/nearest
post /v1/topics/nearest
get /v1/thresholds
put /v1/thresholds
post /v1/words
get /v1/words
get /v1/words/{}
delete /v1/words/{}
post /v1/words/delete
get /v1/words/nearest
post /v1/words/nearest
post /v1/similarity
post /v1/comparisons
get /v1/comparisons
get /v1/comparisons/{}
delete /v1/comparisons/{}
post /v1/clusterings
get /v1/clusterings
get /v1/clusterings/{}
delete /v1/clusterings/{}
get /v1/clusterings/{}/words
get /v1/clusters/nearest
post /v1/clusters/nearest
get /v1/export
post /v1/maps
get /v1/maps
get /v1/maps/{}
delete /v1/maps/{}
post /v1/maps/{}/pin
delete /v1/maps/{}/pin
get /v1/maps/{}/points
get /v1/maps/{}/colours
get /v1/maps/{}/words
post /v1/maps/{}/select
post /v1/maps/{}/locate
get /v1/info
get /healthz
get /readyz
"""


def test_the_description_has_every_call_of_the_contract(stocked):
    paths = described(stocked.application)["paths"]
    known = {re.sub(r"{\w+}", "{}", path): methods for path, methods in paths.items()}
    for method, path in map(str.split, CONTRACT.strip().splitlines()):
        assert method in known[path], f"{method} {path}"


def test_every_error_is_a_problem_document(stocked):
    for method, path, operation in operations(stocked.application):
        errors = {status: answer for status, answer in operation["responses"].items() if status >= "4"}
        assert {"422", "500"} <= errors.keys(), f"{method} {path}"
        for status, answer in errors.items():
            schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
            assert answer["content"] == {PROBLEM: schema}, f"{method} {path} {status}"
            assert re.search("`[a-z_]+`", answer["description"]), f"{method} {path} {status} names its codes"


def test_every_operation_documents_the_errors_that_it_can_answer(stocked):
    for method, path, operation in operations(stocked.application):
        call = f"{method} {path}"
        expected = {"422", "500"}
        if path.startswith("/v1/"):
            expected |= {"401", "403", "503"}
            assert operation["security"] == [{"key": []}], call
        if call == "get /readyz":
            expected |= {"503"}
        if call in FILES:
            expected |= {"413"}
            assert operation["requestBody"]["required"]
            (media,) = operation["requestBody"]["content"].values()
            assert media["schema"] == {"type": "string", "format": "binary", "minLength": 1}
        elif "requestBody" in operation:
            expected |= {"400", "413", "415"}
        if EMBEDDING.fullmatch(call):
            expected |= {"402", "409", "503"}
        if OF_RECORDS.fullmatch(call) and call != "get /v1/clusterings/{id}":
            expected |= {"404", "409"}
        if found := OF_OTHER_VECTORS.fullmatch(call):
            expected |= {"404"} if found[1] == "back" else {"404", "409"}
        if "{" in path or call == "get /v1/topics/words":
            expected |= {"404"}
        if method == "patch":
            expected |= {"412"}
        if call in STREAMS | QUEUES:
            expected |= {"429"}
        assert {status for status in operation["responses"] if status >= "4"} == expected, call


def test_every_object_names_its_fields(stocked):
    def untyped(value, where):
        if isinstance(value, list):
            value = dict(enumerate(value))
        if not isinstance(value, dict):
            return
        fields = value.get("properties") or value.get("additionalProperties")
        if value.get("type") == "object" and (fields is None or fields is True):
            yield where
        for key, inner in value.items():
            yield from untyped(inner, f"{where}/{key}")

    description = described(stocked.application)
    assert list(untyped(description["components"], "")) + list(untyped(description["paths"], "")) == []


ROWS = [{"text": f"{kind} {i}", "label": kind} for kind in ("fruit", "country") for i in range(30)]
CALLS = [
    ("PUT", "/v1/topics", {"topics": [{"name": "fruit", "description": "sweet", "examples": ["fruit x"]}]}),
    ("POST", "/v1/topics", {"topics": [{"name": "country"}, {"name": "company"}]}),
    ("GET", "/v1/topics", None),
    ("GET", "/v1/topics/nearest?text=fruit+x&k=3", None),
    ("POST", "/v1/topics/nearest?prototypes=label", {"texts": ["fruit", "x" * 2000]}),
    ("GET", "/v1/topics/fruit", None),
    ("PATCH", "/v1/topics/fruit", {"description": "sweet or sour"}),
    ("POST", "/v1/topics/preview", {"topics": [{"name": "fruit"}], "texts": ["fruit x"], "k": 1}),
    ("GET", "/v1/topics/similarity", None),
    ("GET", "/v1/topics/sizes", None),
    ("GET", "/v1/topics/words?order=unsure", None),
    ("POST", "/v1/evaluations", {"rows": [*ROWS, {"text": "animal", "label": None}]}),
    ("POST", "/v1/calibrations", {"rows": [*ROWS, {"text": "animal", "label": None}], "apply": True}),
    ("GET", "/v1/thresholds", None),
    ("PUT", "/v1/thresholds", {"score": 0.1, "margin": 0.01, "topics": {"fruit": 0.2}}),
    ("POST", "/v1/words", {"words": [{"text": f"{row['text']} b", "id": row["text"]} for row in ROWS]}),
    ("POST", "/v1/words", {"words": [{"text": "x", "id": "x", "metadata": {"a": "b", "n": 1, "f": 0.5, "t": True}}]}),
    ("GET", "/v1/words?limit=1", None),
    ("GET", "/v1/words/x", None),
    ("GET", "/v1/words/nearest?text=fruit", None),
    ("POST", "/v1/words/nearest", {"texts": ["fruit"], "where": {"n": 1}}),
    ("POST", "/v1/similarity", {"rows": ["fruit"]}),
    ("GET", "/v1/topics/words?topic=fruit", None),
    ("GET", "/v1/topics/background", None),
    ("POST", "/v1/evaluations/rows?name=rows.csv", b"text,label\nfruit 1,fruit\nanimal,none\n"),
    ("POST", "/v1/imports?name=words.jsonl&wait=30", b'{"text": "fruit import", "n": 1}\n\n'),
    ("GET", "/v1/imports", None),
    ("GET", "/v1/imports/{import}", None),
    ("DELETE", "/v1/imports/{import}", None),
    ("POST", "/v1/imports?name=words.csv&wait=30", b"no,text"),
    ("POST", "/v1/doctor?wait=30", None),
    ("GET", "/v1/doctor", None),
    ("GET", "/v1/doctor/{doctor}", None),
    ("DELETE", "/v1/doctor/{doctor}", None),
    ("POST", "/v1/comparisons?wait=30", {"models": ["axes"], "rows": [*ROWS, {"text": "animal"}]}),
    ("GET", "/v1/comparisons", None),
    ("GET", "/v1/comparisons/{comparison}", None),
    ("DELETE", "/v1/comparisons/{comparison}", None),
    ("POST", "/v1/clusterings", {"k": "auto", "k_min": 2, "k_max": 5}),
    ("POST", "/v1/clusterings?wait=30", {"k": 2}),
    ("POST", "/v1/clusterings?wait=30", {"k": 2}),
    ("POST", "/v1/clusterings?wait=30", {"k": "auto"}),
    ("POST", "/v1/clusterings?wait=30", {"around": "topics"}),
    ("GET", "/v1/clusterings", None),
    ("GET", "/v1/clusterings/{newest}", None),
    ("GET", "/v1/clusterings/{oldest}/diff/{newest}", None),
    ("GET", "/v1/clusterings/{newest}/words", None),
    ("POST", "/v1/clusterings/{newest}/activate", None),
    ("GET", "/v1/topics/nearest?text=fruit+x", None),
    ("GET", "/v1/clusterings/{newest}", None),
    ("DELETE", "/v1/clusterings/active", None),
    ("POST", "/v1/clusterings/{newest}/pin", None),
    ("DELETE", "/v1/clusterings/{newest}/pin", None),
    ("GET", "/v1/clusters/nearest?text=fruit", None),
    ("POST", "/v1/clusters/nearest", {"texts": ["fruit"]}),
    ("POST", "/v1/maps?wait=30", {"landmarks": 50, "start": None}),
    ("GET", "/v1/maps", None),
    ("GET", "/v1/maps/{map}", None),
    ("POST", "/v1/maps/{map}/pin", None),
    ("DELETE", "/v1/maps/{map}/pin", None),
    ("GET", "/v1/maps/{map}/points", None),
    ("GET", "/v1/maps/{map}/points?axes=fruit&axes=country", None),
    ("GET", "/v1/maps/{map}/colours?by=topic", None),
    ("GET", "/v1/maps/{map}/colours?by=score", None),
    ("GET", "/v1/maps/{map}/colours?by=cluster", None),
    ("GET", "/v1/maps/{map}/colours?by=metadata:a", None),
    ("GET", "/v1/maps/{map}/words?rows=0,99", None),
    ("POST", "/v1/maps/{map}/select", {"polygon": [[0, 0], [65535, 0], [0, 65535.0]], "axes": ["fruit", "country"]}),
    ("POST", "/v1/maps/{map}/locate", {"texts": ["fruit"]}),
    ("DELETE", "/v1/maps/{map}", None),
    ("DELETE", "/v1/clusterings/{newest}", None),
    ("DELETE", "/v1/words/x", None),
    ("POST", "/v1/words/delete", {"ids": ["x"]}),
    ("DELETE", "/v1/topics/fruit", None),
    ("GET", "/v1/export?format=csv", None),
    ("POST", "/v1/reembeddings?wait=30", {"model": "wide"}),
    ("GET", "/v1/reembeddings", None),
    ("GET", "/v1/reembeddings/{reembedding}", None),
    ("POST", "/v1/reembeddings/back?wait=30", None),
    ("POST", "/v1/reembeddings/forget", None),
    ("POST", "/v1/reembeddings?wait=30", {"model": "failing"}),
    ("POST", "/v1/reembeddings/abandon", None),
    ("DELETE", "/v1/reembeddings/{reembedding}", None),
    ("GET", "/v1/info", None),
    ("GET", "/healthz", None),
    ("GET", "/readyz", None),
]


class FailingEmbedder(AxisEmbedder):
    def embed(self, texts, role="passage"):
        raise ModelUnavailable("it is asked too often")


@pytest.fixture
def client(settings):
    models = {"axes": AxisEmbedder(), "wide": WideEmbedder(), "failing": FailingEmbedder("failing")}
    with Engine(replace(settings, models="wide,failing"), load=models.__getitem__) as engine:
        client = serving(engine)
        yield client
        context(client.application).jobs.close()


def test_every_operation_answers_as_it_is_described(client):
    """The client holds each answer against the description; here, every operation answers."""
    app = client.application
    asked = set()
    ids = {}
    for method, path, body in CALLS:
        sent = {"data": body} if isinstance(body, bytes) else {"json": body}
        answer = client.open(path.format(**ids), method=method, **sent)
        assert answer.status_code < 300, f"{method} {path}: {answer.text}"
        asked.add(operation_of(app, method, answer.request.path)["operationId"])
        if path.startswith(("/v1/imports?", "/v1/doctor?", "/v1/comparisons?")):
            assert answer.json["status"] == ("failed" if body == b"no,text" else "done"), answer.json
            ids |= {path.split("/")[2].split("?")[0].removesuffix("s"): answer.json["id"]}
        if path.startswith("/v1/reembeddings?"):
            assert answer.json["status"] == ("failed" if "failing" in str(body) else "done"), answer.json
            ids |= {"reembedding": answer.json["id"]}
        if path.startswith(("/v1/clusterings?", "/v1/maps?")):
            assert answer.json["status"] == "done", answer.json
        if path.startswith("/v1/clusterings?"):
            ids = {"oldest": answer.json["id"], **ids, "newest": answer.json["id"]}
        if path.startswith("/v1/maps?"):
            ids["map"] = answer.json["id"]
    assert asked == {operation["operationId"] for _, _, operation in operations(app)}
    lines = client.get("/v1/topics/words")
    assert lines.mimetype == "application/x-ndjson"
    (media,) = described(app)["paths"]["/v1/topics/words"]["get"]["responses"]["200"]["content"].values()
    for line in lines.text.splitlines():
        assert json.loads(line).keys() == media["schema"]["properties"].keys()
        Draft202012Validator(media["schema"]).validate(json.loads(line))
