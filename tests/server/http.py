"""Calls of the API as tests make them: every answer is held against the OpenAPI description, strictly."""

import re
from functools import cache

from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from werkzeug.exceptions import HTTPException

from server import create_app
from server.context import context

PROBLEM = "application/problem+json"


class DocumentedClient(FlaskClient):
    """A client that fails where an answer has a status, a type or a field that /openapi.json does not have."""

    def open(self, *args, **options):
        answer = super().open(*args, **options)
        operation = operation_of(self.application, answer.request.method, answer.request.path)
        if operation is not None:
            documented = operation["responses"].get(str(answer.status_code))
            assert documented, f"{operation['operationId']} does not document {answer.status_code}: {answer.text}"
            kinds = list(documented.get("content", {}))
            kinds = [answer.mimetype] if len(kinds) > 1 and answer.mimetype in kinds else kinds  # as a query chooses
            assert kinds == [answer.mimetype] * (answer.status_code not in (204, 304))
            if answer.is_json:
                validator(self.application, operation["operationId"], str(answer.status_code)).validate(answer.json)
        return answer


@cache
def described(app):
    """Return the OpenAPI description of an application."""
    return FlaskClient(app, app.response_class).get("/openapi.json").json


def operation_of(app, method, path):
    """Return the description of the operation that a call meets; None where it meets none."""
    try:
        rule, _ = app.url_map.bind("localhost").match(path, method, return_rule=True)
    except HTTPException:
        return None
    template = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
    return described(app)["paths"].get(template, {}).get(method.lower())


def operations(app):
    """Yield method, path and description of every operation."""
    for path, methods in described(app)["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


@cache
def validator(app, operation_id, status):
    """Return a validator of an answer, to which a field that the schema does not name is an error."""
    operation = next(operation for _, _, operation in operations(app) if operation["operationId"] == operation_id)
    (media,) = operation["responses"][status]["content"].values()
    return Draft202012Validator(closed({**media["schema"], "components": described(app)["components"]}))


def closed(schema):
    """Return a schema whose objects hold the properties that it names, and no other."""
    if isinstance(schema, list):
        return [closed(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    known = {"additionalProperties": False} if schema.get("type") == "object" and "properties" in schema else {}
    return known | {key: closed(inner) for key, inner in schema.items()}


def serving(engine, settings=None):
    """Return a client of an application that has warmed up."""
    app = create_app(settings, engine=engine)
    app.test_client_class = DocumentedClient
    context(app).warmup.join()
    return app.test_client()


def put_topics(client, *names):
    answer = client.put("/v1/topics", json={"topics": [{"name": name} for name in names]})
    assert answer.status_code == 200
    return answer.json


def add(client, *texts, **ids):
    words = [{"text": text} for text in texts] + [{"text": text, "id": id} for id, text in ids.items()]
    answer = client.post("/v1/words", json={"words": words})
    assert answer.status_code == 200
    return answer.json


def is_problem(answer, status, code):
    """Check the one shape that every error has, and that nothing of the host is in it."""
    assert (answer.status_code, answer.content_type) == (status, PROBLEM), answer.text
    body = answer.json
    assert body["type"] == "about:blank"
    assert body["status"] == status
    assert body["code"] == code
    assert body["title"] and body["detail"]
    if status == 422:
        assert body["errors"]
        assert all(isinstance(e["loc"], list) and e["msg"] for e in body["errors"])
    for inside in ("Traceback", "site-packages", "/home/", "/tmp/", '.py"', 'File "'):
        assert inside not in answer.text
    return body
