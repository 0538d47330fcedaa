"""The engine of topicdex: read, embed, store, look up, recluster. A notebook begins with `indexer.open`."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.settings import Settings

if TYPE_CHECKING:
    from indexer.contract.clusterings import ClusteringSettings
    from indexer.contract.service import Service
    from indexer.engine import Engine

__all__ = ["ClusteringSettings", "Engine", "Settings", "__version__", "open"]
__version__ = "0.1.0"

_LAZY = {
    "Engine": "indexer.engine",
    "ClusteringSettings": "indexer.contract.clusterings",
}  # imported when they are asked for


def open(where: str | Path, model: str | None = None) -> Service:
    """Return the corpus of a folder, made where there is none, or of the server at an http(s) address; for a `with`.

    A folder that a running server owns is worked through that server. The model is the store's own where none is
    named. All other settings come from the environment. Raises as `indexer.connect.connect` does.
    """
    from indexer.connect import connect

    settings = replace(Settings.load(model=model), server=None, chroma_url=None)
    if str(where).startswith(("http://", "https://")):
        return connect(replace(settings, server=str(where)))
    return connect(replace(settings, data=Path(where).expanduser()))


def __getattr__(name: str) -> object:
    """Import what is heavy, such as the engine and with it Chroma, only when it is asked for."""
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'indexer' has no attribute {name!r}")
