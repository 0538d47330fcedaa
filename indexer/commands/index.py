"""`topicdex index`: files into the store."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from indexer.commands.batches import check_batch, submit
from indexer.commands.estimates import check_budget, estimate_more, estimate_new, is_new, said
from indexer.commands.options import MODEL, Command, prints, settings_options
from indexer.commands.printing import Output, say
from indexer.commands.progress import index_progress
from indexer.errors import OverBudget
from indexer.settings import DEFAULT_MODEL

if TYPE_CHECKING:
    from indexer.readers import Row
    from indexer.readers.survey import Source, Survey
    from indexer.records import Topic
    from indexer.settings import Settings
    from indexer.words.indexing import Indexing, Summary


def files_options(*, required: bool) -> Callable[[Command], Command]:
    """Add FILE... and the names of their columns."""

    def decorate(command: Command) -> Command:
        for option in (
            click.option("--id-column", help="column of the id; else id, else the id follows from the text"),
            click.option("--text-column", help="column of the text; else text, word or name, else the only one"),
            click.argument(
                "files",
                nargs=-1,
                required=required,
                metavar="FILE...",
                type=click.Path(readable=False, allow_dash=True),
            ),
        ):
            command = option(command)
        return command

    return decorate


@click.command()
@files_options(required=False)
@click.option("--topics", "topics_file", type=click.Path(path_type=Path), help="set the topics from this file")
@click.option(
    "--prune",
    is_flag=True,
    help="remove the words that FILE... does not have, those that were added over HTTP too; "
    "only once every file was read to its end",
)
@click.option("--yes", is_flag=True, help="let --prune remove more than half of the words")
@click.option("--dry-run", is_flag=True, help="say what would be done, and do nothing")
@click.option(
    "--batch",
    is_flag=True,
    help="embed by OpenAI's Batch API: half the price, within a day; "
    "the words wait in the cache folder, readable for this user, until topicdex batches resume stores them",
)
@settings_options((*MODEL, "budget"))
@prints
def index(
    files: tuple[str, ...],
    text_column: str | None,
    id_column: str | None,
    topics_file: Path | None,
    prune: bool,
    yes: bool,
    dry_run: bool,
    batch: bool,
    settings: Settings,
) -> Output:
    """Embed the words of FILE... and store them; what is there already is not embedded again.

    FILE is .txt (a text a line), .csv, .tsv, .jsonl or .parquet, each also .gz; - reads lines from standard input.
    Columns beside text and id become metadata. Interrupted, or stopped by --budget, run it again to go on.
    """
    from indexer.connect import connect
    from indexer.readers.survey import survey
    from indexer.words.indexing import Indexing

    if batch:
        check_batch(files, settings, prune=prune, dry_run=dry_run)
    topics = _topics(files, topics_file, prune)
    with open_sources(files, text_column, id_column) as sources:
        surveyed = survey(sources)
        if dry_run:
            return Output(_dry_run(sources, surveyed, prune, settings))
        with connect(settings, run=True) as service:
            if topics is not None:
                service.topics.replace(topics)
                say(f"{len(topics)} topics are set")
            if batch:
                return submit(service, settings, sources, surveyed)
            check_budget(service, sources, surveyed, settings)
            summary = _run(Indexing(service, sources, surveyed), prune, yes, settings)
    return Output(summary.to_json())


def _topics(files: tuple[str, ...], topics_file: Path | None, prune: bool) -> list[Topic] | None:
    """Return the topics to be set; refuse a wrong command line before anything is read."""
    if not files and topics_file is None:
        raise click.UsageError("give a FILE, or --topics FILE")
    if prune and not files:
        raise click.UsageError("--prune needs the FILE... that hold the words to keep")
    from indexer.readers import read_topics

    return read_topics(topics_file) if topics_file else None


@contextmanager
def open_sources(files: Sequence[str], text_column: str | None, id_column: str | None) -> Iterator[list[Source]]:
    """Give a source for each file, none twice; standard input is copied, because it is read again."""
    import shutil
    import tempfile

    from indexer.readers import read_lines, read_words

    with tempfile.TemporaryFile() as spool:

        def read(name: str) -> Iterator[Row]:
            if name != "-":
                return read_words(Path(name), text_column=text_column, id_column=id_column)
            spool.seek(0)
            return read_lines(spool, "standard input")

        if "-" in files:
            shutil.copyfileobj(sys.stdin.buffer, spool)
        yield [partial(read, name) for name in dict.fromkeys(files)]


def _dry_run(sources: Sequence[Source], surveyed: Survey, prune: bool, settings: Settings) -> dict[str, object]:
    """Say what would be done and what it would cost, and return the summary that it would have."""
    from indexer.connect import connect
    from indexer.contract.words import Counts
    from indexer.words.indexing import Indexing, Summary

    if is_new(settings):
        estimate = estimate_new(sources, surveyed, settings.model or DEFAULT_MODEL, settings)
        counts, removed = Counts(added=surveyed.distinct, embedded=estimate.texts), 0
        say(f"dry run: {settings.data} would be made, {surveyed.distinct} words would be added")
    else:
        with connect(settings) as service:
            service.check_model()
            counts, estimate = estimate_more(service, sources, surveyed, settings)
            removed = Indexing(service, sources, surveyed).stale_count() if prune else 0
        say(
            f"dry run: {counts.added} words would be added, {counts.updated} updated, {removed} removed, "
            f"{counts.unchanged} are unchanged; {counts.embedded} texts would be embedded"
        )
    say(f"dry run: {said(estimate)}")
    return {**Summary(counts, removed, surveyed.skipped, 0.0).to_json(), "cost": estimate.model_dump()}


def _run(indexing: Indexing, prune: bool, over_half: bool, settings: Settings) -> Summary:
    """Index with a progress bar, say what was done, and return the summary; without sources, do nothing.

    Raises OverBudget with what is stored and what the rest would cost.
    """
    from indexer.words.indexing import Summary

    if not indexing.sources:
        return Summary(indexing.counts, 0, indexing.survey.skipped, 0.0)
    try:
        with index_progress(indexing.survey.distinct) as progress:
            summary = indexing.run(prune=prune, over_half=over_half, on_batch=progress)
    except OverBudget as error:
        _, rest = estimate_more(indexing.service, indexing.sources, indexing.survey, settings)
        raise OverBudget(
            f"{error}; {indexing.counts.words} of {indexing.survey.distinct} words are stored, and every vector that "
            f"was paid for is kept; the rest: {said(rest)}; run it again with a larger --budget to go on"
        ) from error
    counts = summary.counts
    say(
        f"{counts.added} added, {counts.updated} updated, {counts.unchanged} unchanged, "
        f"{summary.removed} removed, {summary.skipped.total()} skipped; "
        f"{counts.embedded} texts embedded; {summary.rate:,.0f} words/s, {summary.seconds:.1f} s"
    )
    for reason, rows in summary.skipped.most_common():
        say(f"  skipped {rows}: {reason}")
    return summary
