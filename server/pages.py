"""What a browser is shown: the page, the OpenAPI description and the page of that; all without another network."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from flask import Response, jsonify, render_template, send_from_directory
from flask_openapi3 import OpenAPI
from pydantic.json_schema import models_json_schema

from server.policy import DOCS
from server.schemas import Body
from server.uploads import BYTES


def register_pages(app: OpenAPI) -> None:
    """Serve the page at `/`, whose other files Flask serves from `static/`, and the description of the API."""
    app.add_url_rule("/", "page", lambda: app.send_static_file("index.html"))
    _register_docs(app)


def _register_docs(app: OpenAPI) -> None:
    assets = str(files("flask_openapi3_swagger") / "templates" / "swagger")
    description = app.api_doc
    # flask-openapi3 drops the keywords of JSON Schema that it does not know, such as propertyNames
    _, schemas = models_json_schema(
        [(model, "validation") for model in Body.__subclasses__()], ref_template="#/components/schemas/{model}"
    )
    description["components"]["schemas"] |= schemas["$defs"]
    _describe_files(description)

    def openapi() -> Response:
        return jsonify(description)

    def docs() -> Response:
        response = Response(render_template("docs.html"), mimetype="text/html")
        response.headers["Content-Security-Policy"] = DOCS
        return response

    def docs_asset(name: str) -> Response:
        return send_from_directory(assets, name)

    # plain Flask: these are no part of the description, and flask-openapi3 gives a view no bare path parameter
    app.add_url_rule("/openapi.json", "openapi", openapi)
    app.add_url_rule("/docs", "docs", docs)
    app.add_url_rule("/docs/assets/<path:name>", "docs_asset", docs_asset)


def _describe_files(description: dict[str, Any]) -> None:
    """Say of the bodies that are files that they are there, and that they are bytes and not text."""
    for operation in (operation for methods in description["paths"].values() for operation in methods.values()):
        body = operation.get("requestBody", {"content": {}})
        if BYTES in body["content"]:
            body["required"] = True
            body["content"][BYTES]["schema"] = {"type": "string", "format": "binary", "minLength": 1}
