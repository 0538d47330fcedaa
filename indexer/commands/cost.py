"""`topicdex cost`: what it would cost to index files, before a cent is paid."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from indexer.commands.estimates import dated, estimate_more, estimate_new, is_new, said
from indexer.commands.index import files_options, open_sources
from indexer.commands.options import MODEL, prints, settings_options
from indexer.commands.printing import Output, Table
from indexer.settings import DEFAULT_MODEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.contract.costs import CostEstimate
    from indexer.readers.survey import Source, Survey
    from indexer.settings import Settings


@click.command()
@files_options(required=True)
@settings_options(MODEL)
@prints
def cost(files: tuple[str, ...], text_column: str | None, id_column: str | None, settings: Settings) -> Output:
    """Say what it would cost to embed the words of FILE...; nothing is sent, and no key is needed.

    Texts that are stored or cached are taken off, a text that comes twice counts once, and a text that is too long
    counts as far as it would be sent. --model: another model than the store's, with which all would be embedded anew.
    """
    from indexer.embedders.prices import PAID, dollars
    from indexer.readers.survey import survey

    with open_sources(files, text_column, id_column) as sources:
        estimate = _estimate(sources, survey(sources), settings)
    rows: list[tuple[str, object]] = [
        ("model", estimate.model),
        ("texts", estimate.texts),
        ("stored", estimate.stored),
        ("to embed", estimate.embedded),
    ]
    if estimate.model.startswith(PAID):
        rows[3:3] = [("cached", estimate.cached)]
        rows += [
            ("cut at the limit", estimate.cut),
            ("tokens" if estimate.counted else "tokens at most", estimate.tokens),
        ]
        if estimate.usd is not None and estimate.batch_usd is not None:
            rows += [
                ("price", dollars(estimate.usd)),
                ("by the Batch API", dollars(estimate.batch_usd)),
                ("prices", dated(estimate)),
            ]
    return Output(estimate, Table(("what", "value"), rows), said(estimate))


def _estimate(sources: Sequence[Source], surveyed: Survey, settings: Settings) -> CostEstimate:
    if is_new(settings):
        return estimate_new(sources, surveyed, settings.model or DEFAULT_MODEL, settings)
    from indexer.connect import connect

    asked = settings.model_name
    with connect(replace(settings, model=None), create=False) as service:
        if asked in (None, service.info().model.name):
            return estimate_more(service, sources, surveyed, settings)[1]
    return estimate_new(sources, surveyed, asked or DEFAULT_MODEL, settings)
