"""`topicdex info`: what is here, on what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from indexer.commands.options import MODEL, answers
from indexer.commands.printing import Output, Table

if TYPE_CHECKING:
    from indexer.contract.costs import Cost, Costs
    from indexer.contract.service import Service


@click.command()
@answers(MODEL)
def info(service: Service) -> Output:
    """Show the model, the counts, the store, and what was paid for vectors."""
    info = service.info()
    snapshot = info.snapshot
    rows: list[tuple[str, object]] = [
        ("version", info.version),
        ("model", info.model.name),
        ("dimension", info.model.dimension),
        ("words", info.counts.words),
        ("topics", info.counts.topics),
        ("store", f"{info.store.mode}, format {info.store.format}"),
        (
            "snapshot",
            f"{snapshot.words} words, {snapshot.bytes / 1e6:.1f} MB, {snapshot.created}" if snapshot else "none",
        ),
    ]
    return Output(info, Table(("what", "value"), [*rows, *_paid(info.costs)]))


def _paid(costs: Costs | None) -> list[tuple[str, object]]:
    """Return what was paid, where anything was."""
    if costs is None or not costs.total.tokens:
        return []
    from indexer.embedders.prices import dollars

    def said(cost: Cost) -> str:
        unpriced = f", {cost.unpriced:,} of them of models without a known price" if cost.unpriced else ""
        return f"{dollars(cost.usd)}, {cost.tokens:,} tokens{unpriced}"

    return [
        ("paid today (UTC)", said(costs.today)),
        ("paid this month", said(costs.month)),
        ("paid in all", said(costs.total)),
        *((f"indexing {run.started}", f"{said(run)}, {run.model}") for run in costs.runs),
        ("prices", f"of {costs.dated}; prices change"),
    ]
