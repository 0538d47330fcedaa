"""`topicdex index`: files into the store."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from indexer.commands.options import MODEL, json_option, settings_of, settings_options
from indexer.commands.printing import print_json, say


@click.command()
@click.argument("files", nargs=-1, metavar="FILE...")
@click.option("--text-column", help="column of the text; else text, word or name, else the only one")
@click.option("--id-column", help="column of the id; else id, else the id follows from the text")
@click.option("--topics", "topics_file", type=click.Path(path_type=Path), help="set the topics from this file")
@click.option(
    "--prune",
    is_flag=True,
    help="remove the words that FILE... does not have, those that were added over HTTP too; "
    "only once every file was read to its end",
)
@click.option("--yes", is_flag=True, help="let --prune remove more than half of the words")
@click.option("--dry-run", is_flag=True, help="say what would be done, and do nothing")
@settings_options(MODEL)
@json_option
def index(
    files: tuple[str, ...],
    text_column: str | None,
    id_column: str | None,
    topics_file: Path | None,
    prune: bool,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    **flags: Any,
) -> None:
    """Embed the words of FILE... and store them; what is there already is not embedded again.

    FILE is .txt (a text a line), .csv, .tsv, .jsonl or .parquet, each also .gz; - reads lines from standard input.
    Columns beside text and id become metadata. Interrupted, run it again to go on.
    """
    if not files and topics_file is None:
        raise click.UsageError("give a FILE, or --topics FILE")
    if prune and not files:
        raise click.UsageError("--prune needs the FILE... that hold the words to keep")
    from indexer.commands.progress import IndexProgress
    from indexer.connect import connect
    from indexer.contract import Counts
    from indexer.readers import Row, read_lines, read_topics, read_words
    from indexer.readers.survey import Source, survey
    from indexer.words.indexing import Indexing, Summary

    settings = settings_of(flags)
    topics = read_topics(topics_file) if topics_file else None
    with tempfile.TemporaryFile() as spool:

        def lines() -> Iterator[Row]:
            spool.seek(0)
            return read_lines(spool, "standard input")

        def source(name: str) -> Source:
            if name == "-":
                return lines
            return lambda: read_words(Path(name), text_column=text_column, id_column=id_column)

        if "-" in files:
            shutil.copyfileobj(sys.stdin.buffer, spool)
        sources = [source(name) for name in dict.fromkeys(files)]
        found = survey(sources)
        if dry_run and not (settings.server or settings.chroma_url) and _is_new(settings.data):
            say(f"dry run: {settings.data} would be made, {found.distinct} words would be added")
            if as_json:
                print_json(Summary(Counts(added=found.distinct), 0, found.skipped, 0.0).to_json())
            return
        with connect(settings) as engine:
            indexing = Indexing(engine, sources, found)
            if dry_run:
                counts, gone = indexing.plan(), indexing.stale_count() if prune else 0
                say(
                    f"dry run: {counts.added} words would be added, {counts.updated} updated, {gone} removed, "
                    f"{counts.unchanged} are unchanged; {counts.embedded} texts would be embedded"
                )
                if as_json:
                    print_json(Summary(counts, gone, found.skipped, 0.0).to_json())
                return
            if topics is not None:
                engine.topics.replace(topics)
                say(f"{len(topics)} topics are set")
            if not files:
                if as_json:
                    print_json(Summary(Counts(), 0, found.skipped, 0.0).to_json())
                return
            with IndexProgress(found.distinct) as progress:
                summary = indexing.run(prune=prune, over_half=yes, on_batch=progress.update)
    counts = summary.counts
    say(
        f"{counts.added} added, {counts.updated} updated, {counts.unchanged} unchanged, "
        f"{summary.removed} removed, {summary.skipped.total()} skipped; "
        f"{counts.embedded} texts embedded; {summary.rate:,.0f} words/s, {summary.seconds:.1f} s"
    )
    for reason, rows in summary.skipped.most_common():
        say(f"  skipped {rows}: {reason}")
    if as_json:
        print_json(summary.to_json())


def _is_new(folder: Path) -> bool:
    """Tell whether a store would be made here: nothing is there, or an empty folder."""
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
