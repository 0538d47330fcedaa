"""The engine of topicdex: read, embed, store, look up, recluster. Import `Engine` and `Settings` from here."""

from typing import TYPE_CHECKING, Any

from indexer.settings import Settings

if TYPE_CHECKING:
    from indexer.engine import Engine

__all__ = ["Engine", "Settings", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import the engine, and with it Chroma, only when it is asked for."""
    if name == "Engine":
        from indexer.engine import Engine

        return Engine
    raise AttributeError(f"module 'indexer' has no attribute {name!r}")
