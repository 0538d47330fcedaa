"""A budget that is never passed, whatever is in flight and whatever fails, and the record of what was paid."""

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest

from indexer import Engine, Settings
from indexer.embedders import load_embedder
from indexer.embedders import spending as spending_module
from indexer.embedders.openai import embedder as openai_embedder
from indexer.embedders.spending import Payment, Spending
from indexer.errors import InvalidRequest, ModelUnavailable, OverBudget, StoreUnavailable
from indexer.store.doctor import examine
from indexer.store.repair import Repair
from tests.embedders.paid_api import KEY, PaidAPI

MODEL = "openai:text-embedding-3-small"
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
TOKENS = 5_000  # for a budget of 0.0001 dollars


class Clock:
    """A clock that a test sets."""

    def __init__(self, now=NOON):
        self.now = now

    def __call__(self):
        return self.now


class Book:
    """A ledger in memory; counts what is written."""

    def __init__(self, *, shared=False):
        self.shared = shared
        self.rows, self.writes, self.fails = {}, 0, False

    def read(self, days=None):
        return [payment for payment in self.rows.values() if days is None or payment.day in days]

    def write(self, payments):
        if self.fails:
            raise StoreUnavailable("the disk is full")
        self.writes += 1
        self.rows |= {payment.id: payment for payment in payments}


@pytest.fixture
def api(monkeypatch, tmp_path):
    monkeypatch.setattr(openai_embedder, "_FIRST_PAUSE_S", 0.01)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with PaidAPI() as api:
        monkeypatch.setenv("OPENAI_BASE_URL", api.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield api


def spent(spending, tokens, model=MODEL):
    """Spend tokens in one request."""
    spending.reserve(model, tokens)
    spending.book(model, tokens, tokens)


@pytest.mark.parametrize("budget", [0, 0.0, -1, float("nan"), float("inf"), 1e9, 0.00001])
def test_a_budget_that_is_none_is_refused(budget):
    with pytest.raises(InvalidRequest, match="TOPICDEX_BUDGET"):
        Settings(budget=budget)


def test_a_budget_is_spent_to_the_last_token_and_not_passed_by_one():
    spending = Spending(Settings(budget=0.0001))
    spent(spending, TOKENS - 1)
    with pytest.raises(OverBudget, match=r"USD 0\.000100 of the budget of USD 0\.000100"):
        spending.reserve(MODEL, 2)
    spent(spending, 1)
    with pytest.raises(OverBudget):
        spending.reserve(MODEL, 1)


def test_what_is_under_way_counts_until_it_is_known_what_it_cost():
    spending = Spending(Settings(budget=0.0001))
    spending.reserve(MODEL, 4_000)
    waiting = threading.Thread(target=spent, args=(spending, 2_000))
    waiting.start()
    waiting.join(0.05)
    assert waiting.is_alive(), "it must wait for the end of the other request"
    spending.book(MODEL, 4_000, 3_000)
    waiting.join(10)
    assert not waiting.is_alive()
    assert spending.costs().total.tokens == TOKENS
    with pytest.raises(OverBudget):
        spending.reserve(MODEL, 1)


def test_without_a_price_a_budget_is_refused_before_anything_is_sent(api):
    with pytest.raises(InvalidRequest, match="TOPICDEX_PRICES"):
        load_embedder("openai:of-somebody-else", Settings(budget=1.0))
    assert api.requests == 0
    assert load_embedder("openai:of-somebody-else", Settings()).identity.dimension == 8


def test_eight_requests_in_flight_do_not_pass_the_budget(api):
    embedder = load_embedder(MODEL, Settings(budget=0.0001))
    texts = [f"text {i} of very many texts" for i in range(4_000)]
    with pytest.raises(OverBudget):
        embedder.embed(texts)
    assert 0.5 * TOKENS < api.tokens <= TOKENS
    assert embedder._spending.costs().total.tokens == api.tokens
    paid = set(api.paid)
    again = load_embedder(MODEL, Settings(budget=1.0))
    again.embed(texts)
    assert set(texts) <= set(api.paid) and set(api.paid.values()) == {1}, "what was paid for was kept"
    assert len(paid) > 100


FAULTS = ("error_500", "half", "cut", "nan", "too_few", "no_json", "other_dimension", "limited_for_a_moment")


def test_answers_that_fail_count_at_their_worst(api):
    """A server may ask money for each request that it has read; one that it limits costs nothing."""
    embedder = load_embedder(MODEL, Settings(budget=0.0001))
    api.faults = [fault for fault in FAULTS for _ in range(2)]
    texts = [f"text {i} of very many texts" for i in range(4_000)]
    with pytest.raises(OverBudget):
        embedder.embed(texts)
    assert api.tokens <= TOKENS
    booked = embedder._spending.costs().total
    assert api.tokens < booked.tokens <= TOKENS
    assert booked.usd <= 0.0001


@pytest.mark.parametrize("fault", ["limited_for_a_moment", "wrong_key", "no_quota"])
def test_what_is_refused_costs_nothing(api, fault):
    embedder = load_embedder(MODEL, Settings(budget=0.0001))
    before = api.tokens
    api.faults = [fault]
    try:
        embedder.embed(["Mango"])
    except ModelUnavailable:
        assert fault != "limited_for_a_moment"
    assert embedder._spending.costs().total.tokens == api.tokens
    assert api.tokens - before == (2 if fault == "limited_for_a_moment" else 0)


def test_of_an_unknown_vocabulary_every_byte_is_set_aside_and_what_was_used_is_booked(api, tmp_path):
    prices = tmp_path / "prices.json"
    price = {"usd_per_million": 0.02, "batch_usd_per_million": 0.01}
    prices.write_text(json.dumps({"dated": "2026-11", "models": {"openai:mine": price}}))
    embedder = load_embedder("openai:mine", Settings(budget=0.0001, prices=str(prices)))
    embedder.embed(["Mango " * 800])  # 4,800 bytes, 1,601 tokens
    assert embedder._spending.costs().total.tokens == api.tokens < 2_000
    with pytest.raises(OverBudget):
        embedder.embed(["Papaya " * 800])
    assert api.tokens < 2_000


def test_a_days_budget_counts_all_that_others_paid_and_is_there_again_the_next_day():
    book, clock = Book(shared=True), Clock()
    yesterday = Payment("2026-11-25", "x", MODEL, False, "2026-11-25T00:00:00+00:00", 10**6, 0.02)
    indexing = Payment("2026-11-26", "y", MODEL, True, "2026-11-26T00:00:00+00:00", 10**6, 0.02)
    other = Payment("2026-11-26", "z", MODEL, False, "2026-11-26T00:00:00+00:00", 3_000, 0.00006)
    book.write([yesterday, indexing, other])
    spending = Spending(Settings(budget=0.0001), daily=True, now=clock)
    spending.keep(book)
    spent(spending, 2_000)
    with pytest.raises(OverBudget, match="tomorrow"):
        spending.reserve(MODEL, 1)
    clock.now += timedelta(hours=11, minutes=59)
    with pytest.raises(OverBudget):
        spending.reserve(MODEL, 1)
    clock.now += timedelta(minutes=1)
    spent(spending, TOKENS)
    with pytest.raises(OverBudget):
        spending.reserve(MODEL, 1)
    costs = spending.costs()
    assert (costs.today.tokens, costs.month.tokens) == (TOKENS, 2_008_000 + TOKENS - 3_000)
    assert [run.tokens for run in costs.runs] == [10**6]
    spending.close()


def test_a_restart_knows_what_the_day_has_cost():
    book, clock = Book(), Clock()
    for _ in range(3):
        spending = Spending(Settings(budget=0.0001), daily=True, now=clock)
        spending.keep(book)
        spent(spending, 1_500)
        spending.close()
    [payment] = book.rows.values()
    assert (payment.tokens, payment.run) == (4_500, False)
    again = Spending(Settings(budget=0.0001), daily=True, now=clock)
    again.keep(book)
    with pytest.raises(OverBudget):
        again.reserve(MODEL, 501)
    spent(again, 500)
    assert again.costs().today.tokens == TOKENS
    again.close()


def test_workers_see_what_the_others_have_paid(monkeypatch):
    monkeypatch.setattr(spending_module, "EVERY_S", 0.0)  # they look again at once
    book, clock = Book(shared=True), Clock()
    workers = [Spending(Settings(budget=0.0001), daily=True, now=clock) for _ in range(2)]
    for worker in workers:
        worker.keep(book)
        spent(worker, 2_000)
        worker.save()
    spent(workers[0], 1_000)
    workers[0].save()
    for worker in workers:
        with pytest.raises(OverBudget):
            worker.reserve(MODEL, 1)
        assert worker.costs().today.tokens == TOKENS
    assert len(book.rows) == 2
    for worker in workers:
        worker.close()


def test_many_lookups_are_one_write_and_a_full_disk_loses_nothing(caplog):
    book = Book()
    spending = Spending(Settings(), now=Clock())
    spending.keep(book)
    for _ in range(1_000):
        spent(spending, 3)
    assert book.writes == 0
    book.fails = True
    spending.save()
    assert "not recorded yet: the disk is full" in caplog.text
    book.fails = False
    spent(spending, 1)
    spending.close()
    assert book.writes == 1
    assert [payment.tokens for payment in book.rows.values()] == [3_001]


def test_tokens_without_a_price_are_recorded_as_such():
    book = Book()
    spending = Spending(Settings(), now=Clock())
    spending.keep(book)
    spent(spending, 7, "openai:of-somebody-else")
    spent(spending, 1_000_000)
    total = spending.costs().total
    assert (total.tokens, total.unpriced, total.usd) == (1_000_007, 7, pytest.approx(0.02))
    spending.close()


def test_the_record_is_in_the_store_and_written_while_it_is_open(api, tmp_path, monkeypatch):
    written = threading.Event()
    monkeypatch.setattr(spending_module, "EVERY_S", 0.01)
    settings = Settings(data=tmp_path / "store", model=MODEL)
    with Engine(settings, run=True) as engine:
        write = engine.store.costs.write
        monkeypatch.setattr(engine.store.costs, "write", lambda payments: (write(payments), written.set()))
        engine.words.add(["Mango", "Papaya"])
        assert written.wait(30)
        assert engine.store.costs.read()[0].tokens > 0
    with Engine(settings) as engine:
        engine.words.nearest(["Kiwi"])
    with Engine(settings) as engine:
        engine.words.nearest(["Guava"])
        costs = engine.info().costs
        assert costs.total.tokens == costs.today.tokens == api.tokens
        assert costs.total.usd == pytest.approx(api.tokens * 0.02 / 1e6)
        assert [run.model for run in costs.runs] == [MODEL]
    with Engine(settings) as engine:
        payments = engine.store.costs.read()
        assert len(payments) == 2, "the indexing, and the lookups of the day"
        assert engine.info().costs == costs
        assert engine.store.costs.read([payments[0].day]) == payments and engine.store.costs.read(["2025-01-01"]) == []
        examined = examine(engine.store, None)
        assert examined.healthy
        Repair(engine.store, examined, MODEL, lambda _: engine.embedder()).run()
        assert engine.store.costs.read() == payments


def test_a_model_that_runs_here_leaves_no_record(engine):
    engine.words.add(["fruit"])
    assert engine.info().costs.total.tokens == 0
    assert not engine.store._chroma.has("topicdex-costs")
