"""`topicdex cluster`, `adapt` and `clusters`: recluster, grow the topics, and look at the clusterings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from indexer.commands.options import STORE, answers, opens, prepared
from indexer.commands.printing import Output, Pages, Table, say
from indexer.commands.progress import job_progress
from indexer.errors import InputError

if TYPE_CHECKING:
    from indexer.contract.clusterings import Clustering, ClusteringSettings
    from indexer.contract.service import Service


class _K(click.ParamType[Any]):
    name = "k"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | Literal["auto"]:
        """Return a whole number of clusters, or "auto"."""
        return "auto" if value == "auto" else click.IntRange(1, 1000).convert(value, param, ctx)


_seed = click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=42, show_default=True, help="same seed, same result"
)


def _settings(
    k: int | Literal["auto"],
    k_min: int | None,
    k_max: int | None,
    seed: int,
    start: str | None,
    fresh: bool,
    stop_words: Path | None,
) -> ClusteringSettings:
    from indexer.contract.clusterings import NEWEST, ClusteringSettings

    if fresh and start is not None:
        raise click.UsageError("--fresh and --start contradict each other")
    start = None if fresh else start or NEWEST
    words = None if stop_words is None else _lines(stop_words)
    return ClusteringSettings(k=k, k_min=k_min, k_max=k_max, seed=seed, start=start, stop_words=words)


@click.command()
@click.option("-k", "k", type=_K(), default="auto", show_default=True, help="number of clusters, or auto")
@click.option("--k-min", type=click.IntRange(2, 1000), help="least k that auto tries")
@click.option("--k-max", type=click.IntRange(2, 1000), help="highest k that auto tries")
@_seed
@click.option("--start", help="id of the clustering to start from; else the newest with the same settings")
@click.option("--fresh", is_flag=True, help="start from no earlier clustering")
@click.option(
    "--stop-words", type=click.Path(path_type=Path), help="words that name no cluster, one a line; else English"
)
@prepared("wanted", _settings)
@answers(STORE)
def cluster(service: Service, wanted: ClusteringSettings) -> Output:
    """Recluster the stored words; clusters that continue keep their ids and names."""
    return _output(_make(service, wanted, "clustering"))


@click.command()
@_seed
@click.option("--no-activate", is_flag=True, help="do not answer from the grown topics yet")
@click.option("--off", is_flag=True, help="go back to the plain labels")
@answers(STORE)
def adapt(service: Service, seed: int, no_activate: bool, off: bool) -> Output:
    """Grow the topics on the stored words, answer from them, and say which words change topic."""
    from indexer.contract.clusterings import ClusteringSettings

    if off:
        service.topics.deactivate()
        say("topic lookups answer from the plain labels")
        return Output(service.topics.thresholds())
    done = _make(service, ClusteringSettings(around="topics", seed=seed), "growing")
    calibrated = service.topics.thresholds().any
    if done.status == "done" and not no_activate:
        done = service.clusterings.activate(done.id)
    lapsed = calibrated and not service.topics.thresholds().any
    return _adaptation_output(done, lapsed)


def _adaptation_output(done: Clustering, lapsed: bool) -> Output:
    report = done.adaptation
    if report is None:
        return _output(done)
    lines = [f"{report.moved} of {done.words} words change topic, for example:"]
    lines += [f"  {moved.text}: {moved.old} -> {moved.new}" for moved in report.examples[:5]]
    state = "active; topicdex adapt --off goes back" if done.active else "not active"
    lines.append(f"clustering {done.id} is {state}")
    if lapsed:
        lines.append("thresholds were set for what answered before; topicdex calibrate sets some for the grown topics")
    rows = [(t.name, t.words, t.support, t.explanation) for t in report.topics]
    return Output(done, Table(("topic", "words", "support", "what happened"), rows), *lines)


@click.group()
def clusters() -> None:
    """List, show, compare, pin and delete clusterings."""


@clusters.command("list")
@answers(STORE)
def list_clusters(service: Service) -> Output:
    """List the clusterings, newest first."""
    clusterings = service.clusterings.all()
    columns = ("id", "status", "k", "words", "new words", "pinned", "created", "seconds")
    rows = [(c.id, c.status, c.k, c.words, c.new_words, c.pinned, c.created[:19], c.seconds) for c in clusterings]
    return Output(clusterings, Table(columns, rows))


@clusters.command("show")
@click.argument("id")
@answers(STORE)
def show_clusters(service: Service, id: str) -> Output:
    """Show one clustering."""
    return _output(service.clusterings.get(id))


@clusters.command("words")
@click.argument("id")
@click.option("--cluster", "cluster_id", help="only the words of this cluster")
@click.option("--limit", type=click.IntRange(1), help="words to show; all where it is not given")
@answers(STORE)
def cluster_words(service: Service, id: str, cluster_id: str | None, limit: int | None) -> Pages:
    """List the words of a clustering with their clusters."""
    return Pages(
        ("cluster", "text", "id"), lambda size, cursor: service.clusterings.words(id, size, cursor, cluster_id), limit
    )


@clusters.command("diff")
@click.argument("old")
@click.argument("new")
@answers(STORE)
def diff_clusters(service: Service, old: str, new: str) -> Output:
    """Say what became of the clusters of the clustering OLD in the clustering NEW."""
    diff = service.clusterings.diff(old, new)
    names = {c.id: c.name for id in (old, new) for c in service.clusterings.get(id).clusters}
    rows: list[tuple[object, ...]] = [("continued", names[c.old], names[c.new], c.shared) for c in diff.continued]
    rows += [("born", "", names[c], None) for c in diff.born]
    rows += [("gone", names[c], "", None) for c in diff.gone]
    rows += [("split", names[s.old], ", ".join(names[c] for c in s.new), None) for s in diff.split]
    rows += [("merged", ", ".join(names[c] for c in m.old), names[m.new], None) for m in diff.merged]
    table = Table(("what", "before", "after", "words"), rows)
    return Output(diff, table, f"{diff.moved} of {diff.common} words moved")


@clusters.command("pin")
@click.argument("id")
@click.option("--off", is_flag=True, help="let it go when enough later ones have come")
@opens(STORE)
def pin_clusters(service: Service, id: str, off: bool) -> None:
    """Keep a clustering however many come later."""
    service.clusterings.pin(id, not off)


@clusters.command("delete")
@click.argument("id")
@opens(STORE)
def delete_clusters(service: Service, id: str) -> None:
    """Delete a clustering."""
    service.clusterings.delete(id)


def _make(service: Service, settings: ClusteringSettings, what: str) -> Clustering:
    """Make a clustering with a progress bar and return it; a failed one raises the reason."""
    with job_progress(what) as progress:
        done = service.clusterings.make(settings, progress)
    if done.status == "failed":
        raise click.ClickException(str(done.error))
    return done


def _output(made: Clustering) -> Output:
    lines = [f"clustering {made.id}: {made.status}, {made.words} words, {made.seconds or 0:.2f} s {made.error or ''}"]
    if made.clear is not None:
        lines.append(f"k {made.k} by {made.criterion}" + ("" if made.clear else "; no k stands out clearly"))
    if made.lineage is not None:
        kinds = ("continued", "born", "gone", "split", "merged")
        counts = ", ".join(f"{len(getattr(made.lineage, kind))} {kind}" for kind in kinds)
        lines.append(f"{counts}; {made.lineage.moved} words moved")
    rows = [(c.id, c.name, c.size, ", ".join(c.keywords[:6]), " | ".join(c.examples[:3])) for c in made.clusters]
    return Output(made, *lines, Table(("cluster", "name", "size", "keywords", "examples"), rows))


def _lines(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as UTF-8 text ({error}); give a word a line") from None
