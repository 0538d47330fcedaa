"""The service itself over HTTP: what it is, whether it lives and is ready, its description and the page of that."""

from __future__ import annotations

from importlib.resources import files

from flask import Response, jsonify, render_template, send_from_directory
from flask_openapi3 import APIBlueprint, OpenAPI, Tag
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from indexer.contract.info import Info
from indexer.errors import NotReady
from server.context import answer, context, engine
from server.problems import ANY, V1, answers
from server.schemas import Body, NoQuery


class Health(BaseModel):
    """That all is well."""

    status: str = "ok"


service = APIBlueprint("service", __name__, abp_tags=[Tag(name="Service")])


@service.get("/v1/info", security=[{"key": []}], responses=answers(Info, *V1))
def info(query: NoQuery) -> Response:
    """Show what is running here, on what."""
    return answer(engine().info())


@service.get("/healthz", responses=answers(Health, *ANY))
def healthz() -> Response:
    """Show that the process answers."""
    return answer(Health())


@service.get("/readyz", responses=answers(Health, *ANY, "not_ready", "store_unavailable"))
def readyz() -> Response:
    """Show whether the model is loaded and the store answers; 503 until then."""
    if not engine().model_loaded:
        failure = context().warmup.failure
        raise NotReady(f"the model is not loaded: {failure}" if failure else "the model is being loaded")
    engine().store.ping()
    return answer(Health())


def register_docs(app: OpenAPI) -> None:
    """Serve the OpenAPI description and a page that shows it, both without a network."""
    assets = str(files("flask_openapi3_swagger") / "templates" / "swagger")
    description = app.api_doc
    # flask-openapi3 drops the keywords of JSON Schema that it does not know, such as propertyNames
    _, schemas = models_json_schema(
        [(model, "validation") for model in Body.__subclasses__()], ref_template="#/components/schemas/{model}"
    )
    description["components"]["schemas"] |= schemas["$defs"]

    def openapi() -> Response:
        return jsonify(description)

    def docs() -> str:
        return render_template("docs.html")

    def docs_asset(name: str) -> Response:
        return send_from_directory(assets, name)

    # plain Flask: these are no part of the description, and flask-openapi3 gives a view no bare path parameter
    app.add_url_rule("/openapi.json", "openapi", openapi)
    app.add_url_rule("/docs", "docs", docs)
    app.add_url_rule("/docs/assets/<path:name>", "docs_asset", docs_asset)
