"""Errors as problem documents (RFC 9457): one shape and one content type for every way in which a call can fail."""

from __future__ import annotations

import json
import logging
import re
from http import HTTPStatus

from flask import Flask, Response, request
from flask_openapi3.types import ResponseDict
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import HTTPException

from indexer.errors import TopicdexError

_log = logging.getLogger("topicdex")

_STATUS = {
    "invalid_request": 422,
    "unauthorized": 401,
    "over_budget": 402,
    "forbidden": 403,
    "not_found": 404,
    "no_clustering": 404,
    "model_mismatch": 409,
    "store_format": 409,
    "conflict": 409,
    "precondition_failed": 412,
    "too_large": 413,
    "unsupported_media_type": 415,
    "too_many_jobs": 429,
    "internal": 500,
    "store_unavailable": 503,
    "store_busy": 503,
    "not_ready": 503,
    "model_unavailable": 503,
}
_PATH = re.compile(r"(?<![\w:/])/[^\s'\"();,]+")
_CODE = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported_media_type"}

# The codes that calls can be answered with: any call, those under /v1, those with a body, those that need the model.
ANY = ("invalid_request", "internal")
V1 = (*ANY, "unauthorized", "forbidden", "store_unavailable")
BODY = (*V1, "too_large", "unsupported_media_type")
MODEL = ("model_mismatch", "model_unavailable", "over_budget")


class FieldError(BaseModel):
    """One thing that is wrong with what was sent, and where."""

    loc: list[str | int]
    msg: str


class Problem(BaseModel):
    """What went wrong; programs go by `code`."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldError] | None = None


def answers(model: type[BaseModel] | None, *codes: str, status: int = 200) -> ResponseDict:
    """Return the OpenAPI responses of an operation: its answer (None: no body) and its error codes."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(_STATUS[code], []).append(f"`{code}`")
    if 415 in by_status:  # the body that it reads may be no JSON
        by_status[400] = ["`invalid_request`"]
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    problems = {number: {"description": " or ".join(found), "content": content} for number, found in by_status.items()}
    return {status: model, **dict(sorted(problems.items()))}


def problem(status: int, code: str, detail: str, errors: list[FieldError] | None = None) -> Response:
    """Return a problem document."""
    document = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, code=code, errors=errors)
    body = json.dumps(document.model_dump(exclude_none=True))  # pydantic's own JSON has no lone surrogates
    return Response(body, status, content_type="application/problem+json")


def invalid(error: ValidationError) -> Response:
    """Return the problem document of a body, a query or a path that does not fit its model."""
    errors = [
        FieldError(loc=list(e["loc"]), msg=e["msg"].removeprefix("Value error, "))
        for e in error.errors(include_url=False, include_context=False, include_input=False)[:20]
    ]
    where = ".".join(str(part) for part in errors[0].loc) or "the call"
    return problem(422, "invalid_request", f"{where}: {errors[0].msg}", errors)


def without_paths(message: str) -> str:
    """Return a message without the paths that a library or the store may have put into it."""
    return _PATH.sub("(a path)", message)


def register_problems(app: Flask) -> None:
    """Answer every error of the application with a problem document."""

    @app.errorhandler(TopicdexError)
    def known(error: TopicdexError) -> Response:
        status = _STATUS.get(error.code, 500)
        if status >= 500 and error.code != "not_ready":  # every start begins with that
            _log.error("%s %r: %s: %s", request.method, request.path, error.code, error)
        # a caller's own words are in 404 and 422 alone
        detail = without_paths(str(error)) if status == 409 or status >= 500 else str(error)
        response = problem(status, error.code, detail, [FieldError(loc=[], msg=detail)] if status == 422 else None)
        if status == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        return response

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        if isinstance(error.response, Response):  # made by `invalid`
            return error.response
        status = error.code or 500
        response = problem(
            status,
            _CODE.get(status, "invalid_request" if status < 500 else "internal"),
            error.description or HTTPStatus(status).phrase,
        )
        allow = dict(error.get_headers()).get("Allow")
        if allow:
            response.headers["Allow"] = allow
        return response

    @app.errorhandler(Exception)
    def unknown(error: Exception) -> Response:
        _log.error("%s %r failed", request.method, request.path, exc_info=error)  # a path may hold a line end
        return problem(500, "internal", "this is a bug of topicdex; the server's log has the details")
