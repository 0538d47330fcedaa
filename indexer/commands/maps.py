"""`topicdex map` and `maps`: draw the stored words, and look after the maps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from indexer.commands.files import write_whole
from indexer.commands.options import STORE, answers, opens, prepared
from indexer.commands.printing import Output, Table, say
from indexer.commands.progress import job_progress

if TYPE_CHECKING:
    from indexer.contract.maps import Map, MapSettings
    from indexer.contract.service import Service


def _settings(landmarks: int, seed: int, start: str | None, fresh: bool) -> MapSettings:
    from indexer.contract.clusterings import NEWEST
    from indexer.contract.maps import MapSettings

    if fresh and start is not None:
        raise click.UsageError("--fresh and --start contradict each other")
    return MapSettings(landmarks=landmarks, seed=seed, start=None if fresh else start or NEWEST)


@click.command("map")
@click.option(
    "--landmarks", type=click.IntRange(3, 20_000), default=10_000, show_default=True, help="words that are drawn first"
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=42, show_default=True, help="same seed, same map")
@click.option("--start", help="id of the map to start from; else the newest")
@click.option("--fresh", is_flag=True, help="start from no earlier map")
@click.option("--html", type=click.Path(path_type=Path), help="write it as one page that opens offline to this file")
@prepared("wanted", _settings)
@answers(STORE)
def draw_map(service: Service, wanted: MapSettings, html: Path | None) -> Output:
    """Draw a map of the stored words; it starts from the newest one, so that what is known stays where it is."""
    with job_progress("drawing") as progress:
        done = service.maps.make(wanted, progress)
    if done.status == "failed":
        raise click.ClickException(str(done.error))
    return _output(done, None if html is None else _written(service, done.id, html))


@click.group()
def maps() -> None:
    """List, show, pin and delete maps."""


@maps.command("list")
@answers(STORE)
def list_maps(service: Service) -> Output:
    """List the maps, newest first."""
    found = service.maps.all()
    columns = ("id", "status", "landmarks", "words", "new words", "pinned", "created", "seconds")
    rows = [
        (m.id, m.status, m.settings.landmarks, m.words, m.new_words, m.pinned, m.created[:19], m.seconds) for m in found
    ]
    return Output(found, Table(columns, rows))


@maps.command("show")
@click.argument("id")
@answers(STORE)
def show_map(service: Service, id: str) -> Output:
    """Show one map: how far it is, and what it keeps of the full space."""
    return _output(service.maps.get(id))


@maps.command("html")
@click.argument("id")
@click.argument("file", type=click.Path(path_type=Path))
@opens(STORE)
def map_to_html(service: Service, id: str, file: Path) -> None:
    """Write a map to FILE as one page that opens offline: its points, their colours, and the first 50,000 texts."""
    say(_written(service, id, file))


@maps.command("pin")
@click.argument("id")
@click.option("--off", is_flag=True, help="let it go when enough later ones have come")
@opens(STORE)
def pin_map(service: Service, id: str, off: bool) -> None:
    """Keep a map however many come later."""
    service.maps.pin(id, not off)


@maps.command("delete")
@click.argument("id")
@opens(STORE)
def delete_map(service: Service, id: str) -> None:
    """Delete a map."""
    service.maps.delete(id)


def _written(service: Service, id: str, file: Path) -> str:
    """Write a map as a page, and return a line that says so."""
    from server.map_file import map_file

    size = write_whole(file, (part.encode("utf-8") for part in map_file(service, id)))
    return f"{file}: {size / 1e6:.1f} MB; it opens in a browser, without a network"


def _output(made: Map, *more: str | None) -> Output:
    kept = made.quality
    rows = [
        ("words", made.words),
        ("words since", made.new_words),
        ("landmarks", made.settings.landmarks),
        ("started from", made.settings.start),
        ("share of the 15 nearest words kept", kept and kept.neighbours_kept),
        ("trustworthiness", kept and kept.trustworthiness),
        ("words in the sample of these two", kept and kept.sample),
        ("share of the width that the median word moved", made.moved),
        ("share of words far from every landmark", made.far),
        ("seconds", made.seconds),
    ]
    line = f"map {made.id}: {made.status}, {made.words} words, {made.seconds or 0:.2f} s {made.error or ''}"
    return Output(made, line.rstrip(), Table(("what", "value"), rows), *(said for said in more if said))
