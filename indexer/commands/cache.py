"""`topicdex cache`: the vectors of paid models, which are kept beside all stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from indexer.commands.options import prints, settings_options
from indexer.commands.printing import Output, Table
from indexer.errors import NotFound
from indexer.settings import Settings

if TYPE_CHECKING:
    from indexer.embedders.vector_cache import VectorCache


@click.group()
def cache() -> None:
    """Look after the vectors that were paid for: kept beside all stores, so that no text is paid for twice."""


@cache.command("info")
@settings_options(())
@prints
def cache_info(settings: Settings) -> Output:
    """Show how much is kept, and where."""
    return _shown(_cache(settings))


@cache.command("clear")
@settings_options(())
@prints
def clear_cache(settings: Settings) -> Output:
    """Remove all vectors; the stores keep theirs."""
    kept = _cache(settings)
    kept.prune(0)
    return _shown(kept)


@cache.command("prune")
@click.option("--to", "most", type=click.IntRange(0), metavar="MB", help="megabytes to keep; default: the limit")
@settings_options(())
@prints
def prune_cache(settings: Settings, most: int | None) -> Output:
    """Remove the vectors that were not used for longest."""
    kept = _cache(settings)
    kept.prune((settings.cache_size if most is None else most) * 10**6)
    return _shown(kept)


def _cache(settings: Settings) -> VectorCache:
    from indexer.embedders import cache_of

    cache = cache_of(settings)
    if cache is None:
        raise NotFound("there is no cache: TOPICDEX_CACHE_SIZE is 0, or this user has no folder for it")
    return cache


def _shown(cache: VectorCache) -> Output:
    size = cache.size()
    document = {"file": str(cache.file), "vectors": size.vectors, "bytes": size.bytes}
    rows = [("file", cache.file), ("vectors", size.vectors), ("size", f"{size.bytes / 1e6:.1f} MB")]
    return Output(document, Table(("what", "value"), rows))
