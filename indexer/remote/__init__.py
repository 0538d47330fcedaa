"""Working through a topicdex server: what an engine offers to commands, over the public API."""

from indexer.remote.client import Remote

__all__ = ["Remote"]
