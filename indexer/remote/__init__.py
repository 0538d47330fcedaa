"""The client of a topicdex server: the same `Service` as an engine, over the public API."""

from __future__ import annotations

from indexer.remote.client import Remote

__all__ = ["Remote"]
