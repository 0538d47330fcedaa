"""`topicdex batches`, and `index --batch`: what is embedded by the Batch API, at half the price and within a day."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from indexer.commands.options import prints, settings_options
from indexer.commands.printing import Output, Table, say
from indexer.errors import NotFound, TopicdexError
from indexer.settings import Settings

if TYPE_CHECKING:
    from indexer.batches.jobs import Outcome
    from indexer.batches.submissions import Submission
    from indexer.contract.service import Service
    from indexer.readers.survey import Source, Survey

_FLAGS = ("wait",)
_REASONS = 10  # that are shown why lines brought no vector


@click.group()
def batches() -> None:
    """Look after what index --batch has submitted.

    A submission is kept beside the cache of vectors until its words are stored: their ids, texts and metadata, readable
    for this user alone, and no key. The API keeps the files of requests and answers until you remove them there.
    """


@batches.command("list")
@settings_options(())
@prints
def list_batches(settings: Settings) -> Output:
    """Show what this machine has submitted, and how far it is."""
    from indexer.batches.jobs import look
    from indexer.batches.submissions import submissions

    known = submissions(settings)
    for one in known:
        try:
            look(one)
        except TopicdexError as error:
            say(f"{one.id}: {error}; shown is what was known last")
    columns = ("id", "batch", "status", "texts", "done", "failed", "age", "price", "model", "store")
    return Output(
        {"submissions": [_document(one) for one in known]}, Table(columns, [r for s in known for r in _rows(s)])
    )


@batches.command("resume")
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option("--again", is_flag=True, help="submit anew what the API refused as a file")
@settings_options(_FLAGS)
@prints
def resume_batches(ids: tuple[str, ...], again: bool, settings: Settings) -> Output:
    """Store the words whose vectors have come; without ID, of all submissions.

    What failed or expired is asked for again: up to 1,000 texts at once and at full price, more in a further batch.
    Words are stored as they were when they were submitted, so a word that was changed since is changed back.
    """
    from indexer.batches.jobs import resume

    return _worked_on(settings, ids, partial(resume, again=again))


@batches.command("cancel")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--forget", is_flag=True, help="give up batches that the API does not show to this key")
@settings_options(_FLAGS)
@prints
def cancel_batches(ids: tuple[str, ...], forget: bool, settings: Settings) -> Output:
    """Call submissions off, and store the words whose vectors have come: those were paid for."""
    from indexer.batches.jobs import cancel

    return _worked_on(settings, ids, partial(cancel, forget=forget))


def check_batch(files: Sequence[str], settings: Settings, *, prune: bool, dry_run: bool) -> None:
    """Refuse --batch where it cannot be, before anything is read or made."""
    from indexer.batches.asking import check_batch_model
    from indexer.batches.submissions import folder_of

    if not files:
        raise click.UsageError("--batch needs a FILE")
    if prune or dry_run:
        raise click.UsageError(
            f"--batch does not go with {'--prune' if prune else '--dry-run'}; index again with it then"
        )
    folder_of(settings)
    if settings.model is not None:
        check_batch_model(settings.model)


def submit(service: Service, settings: Settings, sources: Sequence[Source], surveyed: Survey) -> Output:
    """Submit what files need, index what needs nothing, and say how to go on."""
    from indexer.batches import jobs

    service.check_model()
    model = settings.model or service.info().model.name
    made, counts = jobs.submit(service, settings, model, lambda: surveyed.latest(sources), say)
    say(f"{counts.added} added, {counts.updated} updated, {counts.unchanged} unchanged: their vectors are there")
    for reason, rows in surveyed.skipped.most_common():
        say(f"  skipped {rows}: {reason}")
    document = {**vars(counts), "skipped": surveyed.skipped.total(), "submission": made and _document(made)}
    if made is None:
        say("nothing is left to embed, so nothing is submitted")
        return Output(document)
    say(
        f"submitted as {made.id}: {_price(made)}. It may take a day, and needs nothing of this machine meanwhile; "
        f"then go on with: topicdex batches resume {made.id}"
    )
    return Output(document)


def _worked_on(settings: Settings, ids: Sequence[str], work: Callable[..., Outcome]) -> Output:
    """Do some work on submissions, on all where none is named; what fails for one does not hold up the others."""
    from indexer.batches.submissions import submission, submissions
    from indexer.connect import connect

    failed: TopicdexError | None = None
    outcomes = []
    for one in [submission(settings, id) for id in dict.fromkeys(ids)] if ids else submissions(settings):
        try:
            outcomes.append(work(one, settings, connect, say))
        except NotFound as error:
            if one.folder.exists() or ids:
                failed = failed or error
        except TopicdexError as error:
            if failed is not None:
                say(f"{one.id}: {error}")
            failed = failed or error
        else:
            _tell(outcomes[-1])
    if failed is not None:
        raise failed
    if not outcomes:
        say("nothing is submitted")
    return Output({"submissions": [outcome.to_json() for outcome in outcomes]})


def _tell(outcome: Outcome) -> None:
    one, counts = outcome.submission, outcome.taken.counts
    problems = outcome.taken.problems
    for reason, lines in problems.most_common(_REASONS):
        say(f"  {lines} without a vector: {reason}")
    if len(problems) > _REASONS:
        say(f"  and for {len(problems) - _REASONS} other reasons: --json has them all")
    state = "done" if outcome.done else "; ".join(f"{part.batch or part.number} {part.status}" for part in one.parts)
    say(f"{one.id}: {counts.added} added, {counts.updated} updated, {counts.unchanged} unchanged; {state}")
    if outcome.left:
        say(
            f"  {outcome.left} texts were not embedded, and their words are not stored; index their file again for them"
        )


def _rows(one: Submission) -> list[tuple[object, ...]]:
    hours = (time.time() - one.made) / 3600
    return [
        (one.id, part.batch, part.status, part.texts, part.completed, part.failed, f"{hours:.1f} h", _price(one),
         one.model, one.store)
        for part in one.parts
    ]  # fmt: skip


def _document(one: Submission) -> dict[str, object]:
    return {
        "id": one.id,
        "model": one.model,
        "store": one.store,
        "made": one.made,
        "usd": one.usd,
        "dated": one.dated,
        "cancelled": one.cancelled,
        "batches": [vars(part) for part in one.parts],
    }


def _price(one: Submission) -> str:
    """Return the expected price of a submission."""
    if one.usd is None:
        return "price not known"
    return f"about ${one.usd:,.4f} at the prices of {one.dated}, which change"
