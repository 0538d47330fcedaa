"""The HTTP API over the engine: `create_app` makes the WSGI application."""

from __future__ import annotations

from server.app import create_app

__all__ = ["create_app"]
