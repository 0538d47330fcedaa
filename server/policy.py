"""What every answer tells browsers: what a page may load, who may embed it, and that answers are not kept."""

from __future__ import annotations

from flask import Flask, Response, request

_BASE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE = f"{_BASE}; img-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
DOCS = f"{_BASE}; img-src 'self' data:"  # Swagger UI has pictures in its style sheet, and writes through innerHTML
_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
)


def register_policy(app: Flask) -> None:
    """Set these headers on every answer, errors too; a view may set a policy, and how long it is kept, itself."""

    @app.after_request
    def tell(response: Response) -> Response:
        headers = response.headers
        headers.extend(_HEADERS)  # a quarter of the time of `setdefault` for each
        if "Content-Security-Policy" not in headers:
            headers.add("Content-Security-Policy", PAGE)
        if request.path.startswith("/v1") and "Cache-Control" not in headers:
            headers.add("Cache-Control", "no-store")
        return response
