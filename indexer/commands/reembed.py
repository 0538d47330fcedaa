"""`topicdex reembed`: change the model of a store, go back, and forget what lies beside."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from indexer.commands.options import MODEL, json_option, settings_options
from indexer.commands.printing import Output, Table, say
from indexer.commands.progress import job_progress
from indexer.errors import InvalidRequest

if TYPE_CHECKING:
    from indexer.contract.reembeddings import ReembeddingList
    from indexer.contract.service import Service
    from indexer.settings import Settings

_PAGE = 1_000  # words


@click.command()
@click.option("--back", is_flag=True, help="answer by the model before again, whose vectors are kept")
@click.option("--cancel", is_flag=True, help="remove what was begun for another model, also by a server that is at it")
@click.option("--forget", is_flag=True, help="remove the vectors beside those in use: there is no way back then")
@click.option("--show", is_flag=True, help="show the model in use, and what lies beside its vectors")
@click.option("--yes", is_flag=True, help="embed for money without a question")
@settings_options(MODEL)
@json_option
def reembed(back: bool, cancel: bool, forget: bool, show: bool, yes: bool, as_json: bool, settings: Settings) -> None:
    """Change the model of the store to --model: embed all words and topics by it, then answer by it.

    Until the new vectors are whole, all answers are the old model's; then they change in one step. Cut off, the same
    command goes on. The old vectors are kept until the next change, for --back. Clusterings come along by their words,
    and so do thresholds, whose scores mean something else then: `topicdex calibrate` sets new ones.

    Through a server, only models that its TOPICDEX_MODELS names.
    """
    from indexer.connect import connect

    if back + cancel + forget + show > 1:
        raise click.UsageError("give one of --back, --cancel, --forget and --show")
    # the model that is named is the one to come, not the one that is stored; in the environment it may be either
    with connect(replace(settings, model=None), create=False) as service:
        if show or cancel or forget:
            verb = service.reembeddings
            _shown(verb.all() if show else verb.abandon() if cancel else verb.forget()).show(as_json)
            return
        if settings.model is None and not back:
            raise click.UsageError("name the new model with --model, or give --back")
        model = settings.model or ""
        _allow(service, settings, model, back, yes)
        with job_progress("embedding") as progress:
            if back:
                done = service.reembeddings.back(progress, _folder_of_kept(service, settings.model))
            else:
                done = service.reembeddings.make(model, progress)
        row = (done.model, done.before, done.words, done.embedded)
        where = "topicdex reembed --back goes back; --forget removes the old vectors"
        Output(done, Table(("model", "before", "words", "embedded"), [row]), *done.notes, where).show(as_json)


def _folder_of_kept(service: Service, model: str | None) -> str | None:
    """Return the model that is named where it is the kept one; in the environment it is rather the present one."""
    other = service.reembeddings.all().other
    return model if model is not None and other is not None and _is_named(other.model, model) else None


def _shown(found: ReembeddingList) -> Output:
    rows: list[tuple[object, ...]] = [(found.model, None, "in use")]
    if (other := found.other) is not None:
        rows.append((other.model, other.words, "kept, for --back" if other.kept else "begun"))
    return Output(found, Table(("model", "words", "vectors"), rows))


def _allow(service: Service, settings: Settings, model: str, back: bool, yes: bool) -> None:
    """Say what is removed; where the model is paid by the text, say the price and ask, or raise InvalidRequest."""
    found = service.reembeddings.all()
    other = found.other
    if back:
        model = other.model if other is not None else ""
    elif other is not None and not other.kept and not _is_named(other.model, model):
        say(f"what was begun for {other.model} ({other.words} words) is removed")
    if not model.startswith("openai:"):
        return
    price = f"at most {_price(service, settings, model)} are embedded by {model}, for money"
    if yes:
        say(price)
    elif not sys.stdin.isatty() or not click.confirm(f"{price}; go on?", err=True):
        raise InvalidRequest(f"{price}; give --yes")


def _is_named(name: str, model: str) -> bool:
    from indexer.settings import model_name

    return model_name(model) == name


def _price(service: Service, settings: Settings, model: str) -> str:
    """Return how many texts there are, and what they cost where the price of the model is known."""
    from indexer.embedders.openai.tokens import Tokens
    from indexer.embedders.prices import dollars, price_of

    counter, texts, tokens, cursor = Tokens(model.removeprefix("openai:")), 0, 0, None
    while True:
        page = service.words.page(_PAGE, cursor)
        texts += len(page.words)
        tokens += sum(counter.count(word.text) for word in page.words)
        if (cursor := page.next) is None:
            break
    price = price_of(model, settings)
    cost = "price not known" if price is None else f"{dollars(price.cost(tokens))} at the prices of {price.dated}"
    return f"{texts} texts of {tokens} tokens ({cost})"
