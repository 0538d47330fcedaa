"""What indexing costs: `topicdex cost`, `index --dry-run`, `index --budget` and `info`, against a paid API of ours."""

import json
import os
import re
import sys
from pathlib import Path

import pytest

from indexer import Engine, Settings
from indexer.cli import run
from indexer.embedders.openai import embedder as openai_embedder
from indexer.words import upsert
from scripts import processes
from scripts.processes import start, wait_until
from tests.commands.conftest import failed, write
from tests.conftest import serving
from tests.embedders.paid_api import KEY, PaidAPI

MODEL = "openai:text-embedding-3-small"
KNOWN = ["antidisestablishmentarianism", "2 + 2 = 4"]  # 6 and 7 tokens of cl100k_base


@pytest.fixture
def api(monkeypatch, tmp_path):
    monkeypatch.setattr(openai_embedder, "_FIRST_PAUSE_S", 0.01)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    with PaidAPI() as api:
        monkeypatch.setenv("OPENAI_BASE_URL", api.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield api


@pytest.fixture
def topicdex(capsys):
    def topicdex(*arguments):
        capsys.readouterr()
        return run([str(argument) for argument in arguments]), *capsys.readouterr()

    return topicdex


@pytest.fixture
def cost(topicdex):
    """Return the estimate as --json prints it."""

    def cost(*arguments):
        code, out, err = topicdex("cost", *arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    return cost


def test_tokens_are_counted_as_the_api_does_without_a_store_a_key_or_a_request(cost, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")  # nobody answers there
    write("a.csv", "id,text\n1,{}\n2,{}\n3,{}\n".format(*KNOWN, KNOWN[0]))
    assert cost("a.csv", "--model", MODEL) == {
        "model": MODEL,
        "texts": 2,
        "stored": 0,
        "cached": 0,
        "embedded": 2,
        "cut": 0,
        "tokens": 13,
        "counted": True,
        "usd": pytest.approx(13 * 0.02 / 1e6),
        "batch_usd": pytest.approx(13 * 0.01 / 1e6),
        "dated": "2026-11",
        "elsewhere": True,
    }
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_what_is_stored_or_cached_is_taken_off_and_the_rest_costs_what_the_api_counts(api, topicdex, cost):
    write("a.txt", "\n".join(["fruit a", "fruit b", *KNOWN]))
    assert topicdex("index", "a.txt", "--model", MODEL)[0] == 0
    long = "the word Überraschung " * 4_000
    write("b.txt", "\n".join([*KNOWN, "fruit c", "country d", long]))
    told = cost("b.txt")
    assert [told[name] for name in ("texts", "stored", "cached", "embedded", "cut")] == [5, 2, 0, 3, 1]
    other = cost("b.txt", "--data", "other", "--model", MODEL)
    assert [other[name] for name in ("texts", "stored", "cached", "embedded", "cut")] == [5, 0, 2, 3, 1]
    assert other["tokens"] == told["tokens"]
    before = api.tokens
    assert topicdex("index", "b.txt")[0] == 0
    assert api.tokens - before == told["tokens"] > 8_192
    assert cost("b.txt")["tokens"] == 0
    anew = cost("b.txt", "--model", "openai:text-embedding-3-large")
    assert (anew["stored"], anew["embedded"], anew["tokens"]) == (0, 5, told["tokens"] + 13)


def test_it_is_said_with_date_and_doubt(topicdex, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    write("a.txt", "\n".join(KNOWN))
    code, out, err = topicdex("cost", "a.txt", "--model", MODEL)
    assert code == 0 and "price\tUSD 0.000000\n" in out and "prices\tprices of 2026-11; prices change\n" in out
    assert "13 tokens: USD 0.000000, by the Batch API USD 0.000000 (prices of 2026-11; prices change)" in err
    _, out, err = topicdex("cost", "a.txt", "--model", "openai:of-somebody-else")
    assert "tokens at most\t43\n" in out and "price\t" not in out
    assert "no price of openai:of-somebody-else is known" in err and "TOPICDEX_PRICES" in err
    _, out, err = topicdex("cost", "a.txt")
    assert "to embed\t2\n" in out and "tokens" not in out and "all-MiniLM-L6-v2 runs here: 2 texts" in err
    failed(topicdex("cost", "missing.txt"), "input_error", "missing.txt")
    assert not Path("topicdex-data").exists()


def test_a_dry_run_says_the_price(api, topicdex):
    write("a.txt", "\n".join(KNOWN))
    code, out, err = topicdex("index", "a.txt", "--model", MODEL, "--dry-run", "--json")
    assert code == 0 and json.loads(out)["cost"]["tokens"] == 13 and "13 tokens: USD 0.000000" in err
    assert api.requests == 0


def test_a_budget_stops_an_indexing_with_what_was_done_kept(api, topicdex, monkeypatch):
    monkeypatch.setattr(upsert, "BATCH", 100)
    texts = [f"text {i} of very many texts" for i in range(1_500)]
    write("a.txt", "\n".join(texts))
    failed(topicdex("index", "a.txt", "--model", MODEL, "--budget", "0.0001"), "over_budget",
           " of 1500 words are stored", "the rest: ", "USD 0.0001", "--budget")  # fmt: skip
    assert 0 < api.tokens <= 5_000
    code, out, _ = topicdex("info", "--json")
    assert code == 0 and json.loads(out)["costs"]["today"]["tokens"] == api.tokens
    assert json.loads(out)["counts"]["words"] >= 300
    assert topicdex("index", "a.txt", "--budget", "5")[0] == 0
    assert set(texts) <= set(api.paid) and set(api.paid.values()) == {1}
    _, out, _ = topicdex("info")
    assert len(re.findall(rf"indexing 2\S+\tUSD 0\.000\d+, [\d,]+ tokens, {MODEL}\n", out)) == 2
    assert f"paid in all\tUSD 0.000{round(api.tokens * 0.02):03}, {api.tokens:,} tokens\n" in out
    assert "prices\tof 2026-11; prices change\n" in out


OFTEN = "from indexer.embedders import spending; spending.EVERY_S = 0.05; from indexer.cli import main; main()"


def test_a_killed_indexing_is_recorded_up_to_the_last_seconds(api, topicdex, tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "TOPICDEX", [sys.executable, "-c", OFTEN])
    write("a.txt", "\n".join(f"text {i}" for i in range(4_000)))
    command = ("index", tmp_path / "a.txt", "--model", MODEL)
    killed = start(*command, env={**os.environ, "TOPICDEX_DATA": str(tmp_path / "store")})
    wait_until(lambda: len(api.paid) > 2_000, "nothing is asked for")
    killed.kill()
    killed.communicate()
    code, out, err = topicdex("info", "--json", "--data", tmp_path / "store")
    assert code == 0, err
    costs = json.loads(out)["costs"]
    assert 0 < costs["today"]["tokens"] <= api.tokens
    assert costs["runs"][0]["tokens"] == costs["today"]["tokens"]


@pytest.mark.parametrize("budget", ["0", "-1", "nan", "0.0", "free"])
def test_a_budget_that_is_none_is_refused(topicdex, monkeypatch, tmp_path, budget):
    monkeypatch.chdir(tmp_path)
    write("a.txt", "fruit\n")
    code, _, err = topicdex("index", "a.txt", "--budget", budget)
    assert (code == 2 and "--budget" in err and "0.0001" in err) or budget in ("nan", "free")
    monkeypatch.setenv("TOPICDEX_BUDGET", budget)
    failed(topicdex("index", "a.txt"), "invalid_request", "TOPICDEX_BUDGET")
    assert not Path("topicdex-data").exists()


def test_a_budget_without_a_price_and_a_broken_table_stop_before_anything_is_sent(api, topicdex, monkeypatch):
    write("a.txt", "fruit\n")
    failed(topicdex("index", "a.txt", "--model", "openai:mine", "--budget", "5"), "invalid_request", "TOPICDEX_PRICES")
    monkeypatch.setenv("TOPICDEX_PRICES", write("prices.json", '{"dated": "2026-11", "models": {"openai:mine": {}}}'))
    for arguments in (["cost", "a.txt"], ["index", "a.txt", "--model", MODEL], ["info"]):
        failed(topicdex(*arguments), "invalid_request", "prices.json", "models.openai:mine.usd_per_million")
    assert api.requests == 0


def test_through_a_server_the_whole_must_fit_the_budget(api, topicdex, monkeypatch, tmp_path):
    settings = Settings(data=tmp_path / "store", model=MODEL)
    with Engine(settings) as engine:
        engine.words.add(["text 0 of very many texts"])
    monkeypatch.setenv("TOPICDEX_DATA", str(settings.data))
    write("a.txt", "\n".join(f"text {i} of very many texts" for i in range(1_500)))
    with serving(settings, None) as url:
        before = api.tokens
        failed(topicdex("index", "a.txt", "--budget", "0.0001"), "over_budget", "the server would pay")
        assert api.tokens == before
        _, out, _ = topicdex("cost", "a.txt", "--server", url, "--json")
        told = json.loads(out)
        assert (told["stored"], told["cached"], told["embedded"]) == (1, None, 1_499)
        assert topicdex("index", "a.txt", "--budget", "1")[0] == 0
        assert api.tokens - before == told["tokens"]
