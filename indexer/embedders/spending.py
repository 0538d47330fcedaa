"""What a process may pay for vectors and what it has paid: a budget that is never passed, and the record of it all."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from indexer.contract.costs import Cost, Costs, RunCost
from indexer.embedders.prices import Price, dollars, price_table
from indexer.errors import InvalidRequest, OverBudget, TopicdexError
from indexer.settings import Settings

EVERY_S = 5.0  # what is paid is recorded within so many seconds, and what others on the store have paid is read again
_RUNS = 10  # that are shown
_log = logging.getLogger("topicdex")


@dataclass(frozen=True)
class Payment:
    """What was paid for one model on one day (UTC) by one indexing, or by all lookups and other work of a process.

    `by`: a name of the indexing or of the process; `usd`: the price of all tokens but those `unpriced`; `started`: RFC
    3339.
    """

    day: str
    by: str
    model: str
    run: bool
    started: str
    tokens: int
    usd: float
    unpriced: int = 0

    @property
    def id(self) -> str:
        """Return what tells it from all other payments of a store."""
        return f"{self.day}/{self.by}/{self.model}"


class Ledger(Protocol):
    """The record of payments; `shared`: other processes write to it at the same time."""

    shared: bool

    def read(self, days: Sequence[str] | None = None) -> list[Payment]:
        """Return the payments of these days, or all."""
        ...

    def write(self, payments: Sequence[Payment]) -> None:
        """Write payments, each in the place of an earlier one with its id."""
        ...


class Spending:
    """The money of one process: what it may spend, has spent, and has set aside for requests under way.

    The budget is that of the process, or with `daily` that of a day (UTC), of all processes on the store together; it
    leaves the indexings that commands do out. Safe in many threads.
    """

    def __init__(
        self, settings: Settings, *, daily: bool = False, run: bool = False, now: Callable[[], datetime] | None = None
    ) -> None:
        """Read the prices; raises InvalidRequest. `run`: this process is one indexing, recorded on its own."""
        self.budget = settings.budget
        self._table = price_table(settings)
        self._daily, self._run = daily, run
        self._now = now or _utc
        self._started = self._now()
        self._by = uuid.uuid4().hex[:16]
        self._ledger: Ledger | None = None
        self._changed = threading.Condition()
        self._paid = dict[str, Counter[str]]()  # tokens by day and model
        self._reserved = Counter[str]()  # tokens by model
        self._unsaved = set[tuple[str, str]]()  # days and models
        self._earlier: dict[str, Payment] | None = None  # of others, as they were read last
        self._read = 0.0  # when that was, on the monotonic clock
        self._timer: threading.Timer | None = None
        self._saving = threading.Lock()

    def keep(self, ledger: Ledger) -> None:
        """Record in this ledger what is paid from now on; in one that is not shared, lookups of a day in one place."""
        self._ledger = ledger
        if not (self._run or ledger.shared):
            self._by = "lookups"

    def check(self, model: str) -> None:
        """Raise InvalidRequest where there is a budget, and nobody knows what the model costs."""
        if self.budget is not None and self._table.price_of(model) is None:
            raise InvalidRequest(
                f"no price of {model} is known, so no budget can be kept; "
                "give its price in the file that TOPICDEX_PRICES names, or leave the budget away"
            )

    def reserve(self, model: str, tokens: int) -> None:
        """Set tokens aside for a request, before it is sent; each must be booked. Nothing is done without a budget.

        Where only requests under way are in the way, which may cost less than was set aside, their end is waited for.
        Raises OverBudget, and StoreUnavailable where it cannot be read what others have paid.
        """
        if self.budget is None:
            return
        self.check(model)
        with self._changed:
            while self._cost_with(self._reserved + Counter({model: tokens})) > self.budget:
                if not self._reserved or self._cost_with(Counter({model: tokens})) > self.budget:
                    raise self._over(model, tokens)
                self._changed.wait()
            self._reserved[model] += tokens

    def book(self, model: str, reserved: int, tokens: int) -> None:
        """Note what a request has cost for which tokens were set aside."""
        with self._changed:
            if self.budget is not None:
                self._reserved -= Counter({model: reserved})
            if tokens:
                day = _day(self._now())
                self._paid.setdefault(day, Counter())[model] += tokens
                self._unsaved.add((day, model))
                if self._ledger is not None and self._timer is None:
                    self._timer = threading.Timer(EVERY_S, self.save)
                    self._timer.daemon = True
                    self._timer.start()
            self._changed.notify_all()

    def save(self) -> None:
        """Write what is not yet recorded; where the store cannot be written, say so and try again later."""
        with self._saving:
            with self._changed:
                if self._timer is not None:
                    self._timer.cancel()
                self._timer = None
                ledger, unsaved = self._ledger, set(self._unsaved)
                if ledger is None or not unsaved:
                    return
                self._unsaved.clear()
            try:
                with self._changed:
                    payments = self._mine(unsaved)
                ledger.write(payments)
            except TopicdexError as error:
                with self._changed:
                    self._unsaved |= unsaved
                _log.warning("what was paid is not recorded yet: %s", error)

    def close(self) -> None:
        """Write what is not yet recorded, and record nothing more; the store is about to close."""
        self.save()
        with self._changed:
            self._ledger = None

    def costs(self) -> Costs:
        """Return what all processes on the store have paid; raises StoreUnavailable."""
        with self._changed:
            mine = {payment.id: payment for payment in self._mine((d, m) for d, by in self._paid.items() for m in by)}
            payments = list({**self._others(), **mine}.values())
        day = _day(self._now())
        runs = sorted((p for p in payments if p.run), key=lambda p: (p.started, p.id), reverse=True)
        return Costs(
            today=_sum(p for p in payments if p.day == day),
            month=_sum(p for p in payments if p.day[:7] == day[:7]),
            total=_sum(payments),
            dated=self._table.dated,
            runs=[
                RunCost(started=p.started, model=p.model, tokens=p.tokens, usd=p.usd, unpriced=p.unpriced)
                for p in runs[:_RUNS]
            ],
        )

    def _cost_with(self, reserved: Counter[str]) -> float:
        """Return what counts against the budget, together with tokens that are set aside."""
        tokens, usd, today = Counter(reserved), 0.0, _day(self._now())
        for day, paid in self._paid.items():
            if day == today or not self._daily:
                tokens += paid
        if self._daily:
            usd = sum(p.usd for p in self._others().values() if p.day == today and not p.run)
        return usd + sum(self._price(model).cost(count) for model, count in tokens.items())

    def _price(self, model: str) -> Price:
        return self._table.price_of(model) or Price(0.0, 0.0, "")

    def _over(self, model: str, tokens: int) -> OverBudget:
        spent, budget = dollars(self._cost_with(Counter())), dollars(self.budget or 0.0)
        asked = f"the next request to {model} costs up to {dollars(self._price(model).cost(tokens))}"
        if self._daily:
            return OverBudget(
                f"{spent} of the {budget} of this day (UTC) are spent, and {asked}; "
                "what needs no new vector goes on; ask again tomorrow, or raise TOPICDEX_BUDGET"
            )
        return OverBudget(f"{spent} of the budget of {budget} are spent, and {asked}")

    def _others(self) -> dict[str, Payment]:
        """Return the payments that are recorded, but those of this process in a ledger that others write to."""
        if self._ledger is None:
            return {}
        now, shared = time.monotonic(), self._ledger.shared
        if self._earlier is None or (shared and now - self._read > EVERY_S):
            today = self._now()
            days = None if self._earlier is None else [_day(today - timedelta(days=1)), _day(today)]
            read = {p.id: p for p in self._ledger.read(days) if not (shared and p.by == self._by)}
            self._earlier = {**(self._earlier or {}), **read}
            self._read = now
        return self._earlier

    def _mine(self, keys: Iterable[tuple[str, str]]) -> list[Payment]:
        """Return the payments of these days and models, with what was recorded under their ids before."""
        others, payments = self._others(), []
        for day, model in keys:
            tokens, price = self._paid[day][model], self._table.price_of(model)
            usd, unpriced = (0.0, tokens) if price is None else (price.cost(tokens), 0)
            started = self._started.isoformat(timespec="seconds")
            payment = Payment(day, self._by, model, self._run, started, tokens, usd, unpriced)
            if before := others.get(payment.id):
                tokens, usd, unpriced = tokens + before.tokens, usd + before.usd, unpriced + before.unpriced
                payment = Payment(day, self._by, model, self._run, before.started, tokens, usd, unpriced)
            payments.append(payment)
        return payments


def _sum(payments: Iterable[Payment]) -> Cost:
    tokens, usd, unpriced = 0, 0.0, 0
    for payment in payments:
        tokens, usd, unpriced = tokens + payment.tokens, usd + payment.usd, unpriced + payment.unpriced
    return Cost(tokens=tokens, usd=usd, unpriced=unpriced)


def _day(now: datetime) -> str:
    return now.date().isoformat()


def _utc() -> datetime:
    return datetime.now(UTC)
