"""Answers about money: what embedding would cost, and what it has cost."""

from __future__ import annotations

from indexer.contract.answer import Answer


class CostEstimate(Answer):
    """What it would cost to embed the texts of files with a model; each text counts once.

    `texts`: different ones in the files; `stored` and `cached`: those whose vector is there, in the store or in the
    cache (null where that is a server's); `embedded`: the others; `cut`: those of them that are cut at the model's
    limit. `tokens` of those embedded, `counted` as the API counts them; else `tokens` is the most that they can be.
    `usd` and `batch_usd`: by direct calls and by the Batch API, at the prices of `dated`; null where no price is
    known. `elsewhere`: the price is that of OpenAI, and the texts would go to another address.
    """

    model: str
    texts: int
    stored: int
    cached: int | None
    embedded: int
    cut: int
    tokens: int
    counted: bool
    usd: float | None
    batch_usd: float | None
    dated: str | None
    elsewhere: bool


class Cost(Answer):
    """Tokens that were paid for and their price in US dollars; `unpriced` of the tokens are of models without one."""

    tokens: int
    usd: float
    unpriced: int = 0


class RunCost(Cost):
    """What one indexing has cost on one day (UTC); `started`: RFC 3339."""

    started: str
    model: str


class Costs(Answer):
    """What was paid for the vectors of a store: on this day and in this month (UTC), and in all.

    `dated`: the date of the prices that count now; `runs`: the latest indexings, newest first.
    """

    today: Cost
    month: Cost
    total: Cost
    dated: str
    runs: list[RunCost]
