"""The service itself over HTTP: what it is, whether it lives and is ready."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel

from indexer.contract.info import Info
from indexer.errors import NotReady
from server.context import answer, context, engine
from server.problems import ANY, V1, answers
from server.schemas import NoQuery


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
