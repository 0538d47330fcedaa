"""`topicdex cluster`, `adapt` and `clusters`: recluster, grow the topics, and look at the runs."""

from pathlib import Path
from typing import Any

import click

from indexer.commands.options import STORE, json_option, settings_of, settings_options
from indexer.commands.printing import paged, print_json, print_pages, print_table, say
from indexer.commands.progress import RunProgress
from indexer.errors import InputError


class _K(click.ParamType[Any]):
    name = "k"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a whole number of clusters, or "auto"."""
        return value if value == "auto" else click.IntRange(1, 1000).convert(value, param, ctx)


@click.command()
@click.option("-k", "k", type=_K(), default="auto", show_default=True, help="number of clusters, or auto")
@click.option("--k-min", type=click.IntRange(2, 1000), help="least k that auto tries")
@click.option("--k-max", type=click.IntRange(2, 1000), help="highest k that auto tries")
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=42, show_default=True, help="same seed, same clusters"
)
@click.option("--start", help="id of the run to start from; else the newest with the same settings")
@click.option("--fresh", is_flag=True, help="start from no earlier run")
@click.option(
    "--stop-words", type=click.Path(path_type=Path), help="words that name no cluster, one a line; else English"
)
@settings_options(STORE)
@json_option
def cluster(
    k: Any,
    k_min: int | None,
    k_max: int | None,
    seed: int,
    start: str | None,
    fresh: bool,
    stop_words: Path | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Recluster the stored words; clusters that continue keep their ids and names."""
    from indexer.connect import connect
    from indexer.contract import NEWEST, ClusteringSettings

    if fresh and start is not None:
        raise click.UsageError("--fresh and --start contradict each other")
    settings = ClusteringSettings.of(
        {
            "k": k,
            "k_min": k_min,
            "k_max": k_max,
            "seed": seed,
            "start": None if fresh else start or NEWEST,
            "stop_words": None if stop_words is None else _lines(stop_words),
        }
    )
    with connect(settings_of(flags), create=False) as engine:
        done = _run(engine, settings, "clustering")
    _show(done, as_json)


@click.command()
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=42, show_default=True, help="same seed, same answers"
)
@click.option("--no-activate", is_flag=True, help="do not answer from the grown topics yet")
@click.option("--off", is_flag=True, help="go back to the plain labels")
@settings_options(STORE)
@json_option
def adapt(seed: int, no_activate: bool, off: bool, as_json: bool, **flags: Any) -> None:
    """Grow the topics on the stored words, answer from them, and say what moves by it."""
    from indexer.connect import connect
    from indexer.contract import ClusteringSettings

    with connect(settings_of(flags), create=False) as engine:
        if off:
            engine.topics.deactivate()
            say("topic lookups answer from the plain labels")
            if as_json:
                print_json(engine.topics.thresholds())
            return
        done = _run(engine, ClusteringSettings.of({"around": "topics", "seed": seed}), "growing")
        calibrated = engine.topics.thresholds().any
        if done.status == "done" and not no_activate:
            done = engine.clusterings.activate(done.id)
        lapsed = calibrated and not engine.topics.thresholds().any
    if as_json:
        print_json(done)
        return
    report = done.adaptation
    if report is None:
        _show(done, as_json)
        return
    print_table(
        ("topic", "words", "support", "what happened"),
        [(t.name, t.words, t.support, t.explanation) for t in report.topics],
    )
    say(f"{report.moved} of {done.words} words change topic, for example:")
    for moved in report.examples[:5]:
        say(f"  {moved.text}: {moved.old} -> {moved.new}")
    say(f"run {done.id} is {'active; topicdex adapt --off goes back' if done.active else 'not active'}")
    if lapsed:
        say("the thresholds were those of what answered before; topicdex calibrate makes others for the grown topics")


@click.group()
def clusters() -> None:
    """List, show, compare, pin and delete the runs of reclustering."""


@clusters.command("list")
@settings_options(STORE)
@json_option
def list_clusters(as_json: bool, **flags: Any) -> None:
    """List the runs, newest first."""
    from indexer.connect import connect

    with connect(settings_of(flags), create=False) as engine:
        found = engine.clusterings.all()
    if as_json:
        print_json(found)
        return
    print_table(
        ("id", "status", "k", "words", "new words", "pinned", "created", "seconds"),
        [(c.id, c.status, c.k, c.words, c.new_words, c.pinned, c.created[:19], c.seconds) for c in found],
    )


@clusters.command("show")
@click.argument("id")
@settings_options(STORE)
@json_option
def show_clusters(id: str, as_json: bool, **flags: Any) -> None:
    """Show one run."""
    from indexer.connect import connect

    with connect(settings_of(flags), create=False) as engine:
        found = engine.clusterings.get(id)
    _show(found, as_json)


@clusters.command("words")
@click.argument("id")
@click.option("--cluster", "cluster_id", help="only the words of this cluster")
@click.option("--limit", type=click.IntRange(1), help="words to show; all where it is not given")
@settings_options(STORE)
@json_option
def cluster_words(id: str, cluster_id: str | None, limit: int | None, as_json: bool, **flags: Any) -> None:
    """List the words of a run with their clusters."""
    from indexer.connect import connect

    with connect(settings_of(flags), create=False) as engine:
        pages = paged(lambda size, cursor: engine.clusterings.words(id, size, cursor, cluster_id), limit)
        print_pages(pages, ("cluster", "text", "id"), lambda word: (word.cluster, word.text, word.id), as_json)


@clusters.command("diff")
@click.argument("old")
@click.argument("new")
@settings_options(STORE)
@json_option
def diff_clusters(old: str, new: str, as_json: bool, **flags: Any) -> None:
    """Say what became of the clusters of the run OLD in the run NEW."""
    from indexer.connect import connect

    with connect(settings_of(flags), create=False) as engine:
        found = engine.clusterings.diff(old, new)
        names = {c.id: c.name for run in (old, new) for c in engine.clusterings.get(run).clusters}
    if as_json:
        print_json(found)
        return
    rows: list[tuple[object, ...]] = [("continued", names[c.old], names[c.new], c.shared) for c in found.continued]
    rows += [("born", "", names[c], None) for c in found.born]
    rows += [("gone", names[c], "", None) for c in found.gone]
    rows += [("split", names[s.old], ", ".join(names[c] for c in s.new), None) for s in found.split]
    rows += [("merged", ", ".join(names[c] for c in m.old), names[m.new], None) for m in found.merged]
    print_table(("what", "before", "after", "words"), rows)
    say(f"{found.moved} of {found.common} words moved")


@clusters.command("pin")
@click.argument("id")
@click.option("--off", is_flag=True, help="let it go when enough later ones have come")
@settings_options(STORE)
def pin_clusters(id: str, off: bool, **flags: Any) -> None:
    """Keep a run however many come later."""
    from indexer.connect import connect

    with connect(settings_of(flags), create=False) as engine:
        engine.clusterings.pin(id, not off)


@clusters.command("delete")
@click.argument("id")
@settings_options(STORE)
def delete_clusters(id: str, **flags: Any) -> None:
    """Delete a run."""
    from indexer.connect import connect

    with connect(settings_of(flags), create=False) as engine:
        engine.clusterings.delete(id)


def _run(engine: Any, settings: Any, what: str) -> Any:
    """Do a run with a progress bar and return it; a failed one raises the reason."""
    with RunProgress(what) as progress:
        done = engine.clusterings.make(settings, progress.update)
    if done.status == "failed":
        raise click.ClickException(done.error)
    return done


def _show(run: Any, as_json: bool) -> None:
    if as_json:
        print_json(run)
        return
    say(f"clustering {run.id}: {run.status}, {run.words} words, {run.seconds or 0:.2f} s {run.error or ''}")
    if run.clear is not None:
        say(f"k {run.k} by {run.criterion}" + ("" if run.clear else "; no k stands out clearly"))
    if run.lineage is not None:
        kinds = ("continued", "born", "gone", "split", "merged")
        counts = ", ".join(f"{len(getattr(run.lineage, kind))} {kind}" for kind in kinds)
        say(f"{counts}; {run.lineage.moved} words moved")
    print_table(
        ("cluster", "name", "size", "keywords", "examples"),
        [(c.id, c.name, c.size, ", ".join(c.keywords[:6]), " | ".join(c.examples[:3])) for c in run.clusters],
    )


def _lines(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as UTF-8 text ({error}); give a word a line") from None
