"""What embedding would cost, as commands work it out and say it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.errors import InvalidRequest, OverBudget

if TYPE_CHECKING:
    from indexer.contract.costs import CostEstimate
    from indexer.contract.service import Service
    from indexer.contract.words import Counts
    from indexer.readers.survey import Source, Survey
    from indexer.settings import Settings


def estimate_new(sources: Sequence[Source], surveyed: Survey, model: str, settings: Settings) -> CostEstimate:
    """Return what it would cost to embed all words of files, into a new store."""
    from indexer.embedders.estimate import Estimate

    estimate = Estimate(model, settings)
    for word in estimate.counted(surveyed.latest(sources)):
        estimate.add(word.text)
    return estimate.result()


def estimate_more(
    service: Service, sources: Sequence[Source], surveyed: Survey, settings: Settings
) -> tuple[Counts, CostEstimate]:
    """Return what indexing would do to a corpus, and what that would cost with its model.

    The cache of a server may be another one than that of the settings: nothing is taken off for it.
    """
    from indexer.embedders import as_stored, stored_identity
    from indexer.embedders.estimate import Estimate

    model = service.info().model
    settings = as_stored(settings, stored_identity(model))
    estimate = Estimate(model.name, settings, cache=not _is_remote(service))
    counts = service.words.plan(estimate.counted(surveyed.latest(sources)), estimate.add)
    return counts, estimate.result()


def check_budget(service: Service, sources: Sequence[Source], surveyed: Survey, settings: Settings) -> None:
    """Raise OverBudget where a server would pay, and more than the budget; an engine sees to it while it pays."""
    if settings.budget is None or not _is_remote(service):
        return
    _, estimate = estimate_more(service, sources, surveyed, settings)
    if estimate.usd is None:
        raise InvalidRequest(
            f"{said(estimate)}, so no budget can be kept; leave the budget away, or set TOPICDEX_PRICES"
        )
    if estimate.usd > settings.budget:
        raise OverBudget(
            f"the server would pay for all of it, and the budget is USD {settings.budget:g}; {said(estimate)}; "
            "give a larger --budget, or fewer texts"
        )


def said(estimate: CostEstimate) -> str:
    """Return what an estimate says in one line."""
    from indexer.embedders.prices import PAID, dollars

    if not estimate.model.startswith(PAID):
        return f"{estimate.model} runs here: {estimate.embedded:,} texts to embed cost nothing"
    what = (
        f"{estimate.embedded:,} texts to embed have {'' if estimate.counted else 'at most '}{estimate.tokens:,} tokens"
    )
    if estimate.usd is None or estimate.batch_usd is None:
        return f"{what}; no price of {estimate.model} is known (TOPICDEX_PRICES names a file with prices)"
    most = "" if estimate.counted else "at most "
    return f"{what}: {most}{dollars(estimate.usd)}, by the Batch API {dollars(estimate.batch_usd)} ({dated(estimate)})"


def dated(estimate: CostEstimate) -> str:
    """Return whose prices these are, of which date."""
    whose = "OpenAI's prices, for another address, " if estimate.elsewhere else "prices "
    return f"{whose}of {estimate.dated}; prices change"


def is_new(settings: Settings) -> bool:
    """Tell whether a store would be made: the folder of the settings is not there, or empty."""
    if settings.server or settings.chroma_url:
        return False
    folder: Path = settings.data
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))


def _is_remote(service: Service) -> bool:
    from indexer.remote import Remote

    return isinstance(service, Remote)
