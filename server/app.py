"""The one place where the application is put together."""

from __future__ import annotations

import atexit
import re
from urllib.parse import unquote_to_bytes

from flask import request
from flask_openapi3 import Info, OpenAPI
from werkzeug.exceptions import BadRequest
from werkzeug.routing import BaseConverter

import indexer
from indexer.engine import Engine
from indexer.errors import InvalidRequest, TooLarge, UnsupportedMediaType
from indexer.settings import Settings
from server.clusterings import clusterings
from server.comparisons import comparisons
from server.context import Context
from server.doctor import doctor
from server.doors import register_doors
from server.editing import editing
from server.exports import exports
from server.hosts import check_hosts
from server.imports import imports
from server.jobs import Jobs
from server.labelled import labelled
from server.maps import maps
from server.pages import register_pages
from server.policy import register_policy
from server.problems import Problem, invalid, register_problems
from server.reembeddings import reembeddings
from server.service import service
from server.threads import share_processor
from server.topics import topics
from server.uploads import MOST_BYTES as FILE_BYTES
from server.warmup import Warmup
from server.words import words

MOST_BYTES = 16 * 2**20  # of a body
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]|%[89A-Fa-f]")  # bytes that UTF-8 may forbid, as they are or percent-encoded


class _Anything(BaseConverter):
    """A path parameter that holds any text: slashes, also first and last, and line ends."""

    regex = "(?s:.+)"
    part_isolating = False


def create_app(settings: Settings | None = None, *, engine: Engine | None = None) -> OpenAPI:
    """Return the WSGI application over the store that the settings (default: the environment) name.

    The model and the words are loaded in the background; `/readyz` says when the model is there. From now on the
    process computes with one thread a caller.
    Raises InvalidRequest where it would be open to a network without a key, StoreBusy, StoreFormat, StoreUnavailable,
    ModelMismatch.
    """
    share_processor()
    settings = settings or (engine.settings if engine else Settings.load())
    check_hosts(settings)
    own = engine is None
    if engine is None:
        engine = Engine(settings, serving=True)
        atexit.register(engine.close)
    engine.check_model()
    app = OpenAPI(
        "server",
        info=Info(title="topicdex", version=indexer.__version__, description="Which topic does this text belong to?"),
        doc_ui=False,
        security_schemes={"key": {"type": "http", "scheme": "bearer"}},
        validation_error_callback=invalid,
        validation_error_model=Problem,
    )
    app.url_map.converters["anything"] = _Anything
    app.url_map.merge_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    app.json.ensure_ascii = True  # type: ignore[attr-defined]
    jobs = Jobs(engine)
    if own:
        atexit.register(jobs.close)  # before the engine
    app.extensions["topicdex"] = Context(engine, jobs, Warmup(engine))
    asked = (topics, editing, labelled, words, clusterings, maps, exports, service)
    worked = (imports, doctor, comparisons, reembeddings)
    for blueprint in (*asked, *worked):
        app.register_api(blueprint)
    register_pages(app)
    register_problems(app)
    register_policy(app)
    register_doors(app, settings)
    _check_requests(app)
    return app


def _check_requests(app: OpenAPI) -> None:
    """Refuse a query that is not UTF-8, and a body that is too large or no JSON, before any view."""

    @app.before_request
    def check() -> None:
        _check_query()
        if request.routing_exception is None and request.method in ("POST", "PUT", "PATCH"):
            _check_body()


def _check_query() -> None:
    query = request.query_string
    if not _BEYOND_ASCII.search(query):
        return
    try:
        unquote_to_bytes(query).decode("utf-8")
    except UnicodeDecodeError:  # what cannot be decoded would stay in the text as %FF
        raise InvalidRequest("the query is not UTF-8; percent-encode the bytes of UTF-8") from None


def _check_body() -> None:
    if request.endpoint in FILE_BYTES:
        return  # the view receives it, a block at a time
    if (request.content_length or 0) > MOST_BYTES:
        raise TooLarge(f"a body may have {MOST_BYTES} bytes; send less at a time")
    if not request.get_data():
        return  # the view's model says what is missing
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("send the body with `Content-Type: application/json`")
    try:
        body = request.get_json()
    except RecursionError:
        raise BadRequest("the JSON is nested too deep") from None
    except BadRequest as error:
        said = str(getattr(error.__cause__, "description", error))  # flask hides it
        raise BadRequest(f"the body is no JSON: {said.removeprefix('Failed to decode JSON object: ')}") from None
    if not isinstance(body, dict):
        raise InvalidRequest("the body is no JSON object; see /docs for its fields")
