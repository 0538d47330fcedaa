"""`topicdex cluster` and `clusters`: recluster, and look at the runs."""

from typing import Any

import click

from indexer.commands.options import STORE, json_option, settings_of, settings_options
from indexer.commands.printing import print_json, print_table, say


@click.command()
@click.option("-k", "k", type=click.IntRange(1, 1000), required=True, help="number of clusters")
@click.option("--seed", type=click.IntRange(0), default=42, show_default=True, help="same seed, same clusters")
@settings_options(STORE)
@json_option
def cluster(k: int, seed: int, as_json: bool, **flags: Any) -> None:
    """Recluster the stored words."""
    from indexer.engine import Engine
    from indexer.runs import RunSettings

    with Engine(settings_of(flags), create=False) as engine:
        run = engine.clusterings.create(RunSettings(k=k, seed=seed))
        done = engine.clusterings.run(run, lambda _share: None)
    _show(done, as_json)


@click.group()
def clusters() -> None:
    """List and show the runs of reclustering."""


@clusters.command("list")
@settings_options(STORE)
@json_option
def list_clusters(as_json: bool, **flags: Any) -> None:
    """List the runs, newest first."""
    from indexer.engine import Engine

    with Engine(settings_of(flags), create=False) as engine:
        found = engine.clusterings.all()
    if as_json:
        print_json(found)
        return
    print_table(
        ("id", "status", "k", "words", "created", "seconds"),
        [(c.id, c.status, c.k, c.words, c.created, c.seconds) for c in found.clusterings],
    )


@clusters.command("show")
@click.argument("id")
@settings_options(STORE)
@json_option
def show_clusters(id: str, as_json: bool, **flags: Any) -> None:
    """Show one run."""
    from indexer.engine import Engine

    with Engine(settings_of(flags), create=False) as engine:
        _show(engine.clusterings.get(id), as_json)


def _show(run: Any, as_json: bool) -> None:
    if as_json:
        print_json(run)
        return
    say(f"clustering {run.id}: {run.status}, {run.words} words, {run.seconds or 0:.2f} s {run.error or ''}")
    print_table(
        ("cluster", "name", "size", "keywords", "examples"),
        [(c.id, c.name, c.size, ", ".join(c.keywords), " | ".join(c.examples[:3])) for c in run.clusters],
    )
