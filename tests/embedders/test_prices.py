"""Prices of models: the built-in table, the file that replaces it, and what is said where that has holes."""

import json

import pytest

from indexer.embedders.prices import FREE, dollars, price_of, price_table
from indexer.errors import InvalidRequest
from indexer.settings import Settings

GOOD = {"dated": "2026-12", "models": {"openai:mine": {"usd_per_million": 3, "batch_usd_per_million": 1.0}}}


@pytest.fixture(autouse=True)
def no_address(monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def of_file(tmp_path, content):
    file = tmp_path / "prices.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return Settings(prices=str(file))


@pytest.mark.parametrize(
    ("name", "usd"),
    [("text-embedding-3-small", 0.02), ("text-embedding-3-large", 0.13), ("text-embedding-ada-002", 0.1)],
)
def test_the_built_in_table(name, usd):
    price = price_of(f"openai:{name}", Settings())
    assert price.cost(1_000_000) == pytest.approx(usd)
    assert price.cost(1_000_000, batch=True) == pytest.approx(usd / 2)
    assert (price.dated, price.elsewhere) == ("2026-11", False)


def test_a_model_that_runs_here_is_free_and_an_unknown_one_has_no_price():
    assert price_of("sentence-transformers/all-MiniLM-L6-v2", Settings()) is FREE
    assert FREE.cost(10**9) == 0
    assert price_of("openai:of-somebody-else", Settings()) is None


@pytest.mark.parametrize("address", ["http://localhost:11434/v1", "https://x.openai.azure.com/openai/v1", "http://["])
def test_at_another_address_it_is_said_whose_price_it_is(monkeypatch, tmp_path, address):
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    assert price_of("openai:text-embedding-3-small", Settings()).elsewhere
    assert not price_of("openai:mine", of_file(tmp_path, GOOD)).elsewhere


def test_a_table_of_ones_own_replaces_the_built_in_one(tmp_path):
    own = of_file(tmp_path, GOOD)
    price = price_of("openai:mine", own)
    assert (price.cost(2_000_000), price.cost(2_000_000, batch=True), price.dated) == (6, 2, "2026-12")
    assert price_of("openai:text-embedding-3-small", own) is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ["no JSON"]),
        ("[" * 100_000, ["no JSON"]),
        ("\ud83d".encode("utf-8", "surrogatepass").decode("latin-1"), ["no JSON"]),
        ("[]", ["the file", "dictionary"]),
        ("{}", ["dated", "required"]),
        ({"dated": "2026-11"}, ["models", "required"]),
        ({**GOOD, "dated": "soon"}, ["dated", "pattern"]),
        ({**GOOD, "currency": "EUR"}, ["currency", "not permitted"]),
        ({**GOOD, "models": {"mine": GOOD["models"]["openai:mine"]}}, ["models.mine", "pattern"]),
        ({**GOOD, "models": {"openai:mine": {"usd_per_million": 1}}}, ["batch_usd_per_million", "required"]),
        ({**GOOD, "models": {"openai:mine": {}}}, ["models.openai:mine.usd_per_million", "required"]),
        *(
            (
                {**GOOD, "models": {"openai:mine": {"usd_per_million": value, "batch_usd_per_million": 1}}},
                ["models.openai:mine.usd_per_million", problem],
            )
            for value, problem in [
                (-0.01, "greater than"),
                (float("nan"), "finite"),
                (float("inf"), ""),
                (1e9, "less than"),
                ("0.02", "number"),
                (None, "number"),
                (True, "number"),
            ]
        ),
    ],
)
def test_a_table_with_holes_is_one_error_that_says_where(tmp_path, content, words):
    with pytest.raises(InvalidRequest, match="TOPICDEX_PRICES") as caught:
        price_table(of_file(tmp_path, content))
    assert all(word in str(caught.value) for word in ["prices.json", *words])


def test_a_table_that_cannot_be_read(tmp_path):
    for path in (tmp_path / "missing.json", tmp_path):
        with pytest.raises(InvalidRequest, match=r"TOPICDEX_PRICES=.*cannot be read"):
            price_table(Settings(prices=str(path)))
    with pytest.raises(InvalidRequest, match="bytes"):
        price_table(of_file(tmp_path, " " * 2_000_000))


def test_amounts_are_shown_to_a_millionth_of_a_dollar():
    assert [dollars(usd) for usd in (0, 0.00002, 0.5, 1234.567)] == [
        "USD 0.00",
        "USD 0.000020",
        "USD 0.500000",
        "USD 1,234.57",
    ]
