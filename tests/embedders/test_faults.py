"""Faults of a paid API: every text is stored once, paid at most once more for each fault, or all that came is kept."""

import os
import random
import threading

import numpy as np
import pytest

from indexer.embedders import cache_of, load_embedder
from indexer.embedders.openai import embedder as openai_embedder
from indexer.embedders.openai import wire
from indexer.errors import ModelUnavailable
from indexer.settings import Settings
from indexer.vectors import unit
from scripts.processes import start, wait_until
from tests.embedders.paid_api import KEY, PaidAPI, vector

MODEL = "openai:text-embedding-3-small"
PASSING = ("limited", "limited_for_a_moment", "error_500", "error_503", "cut", "half", "other_dimension", "nan",
           "other_order", "too_few", "no_json")  # fmt: skip
PAID_IN_VAIN = {"half", "other_dimension", "nan", "too_few", "no_json"}


@pytest.fixture
def api(monkeypatch, tmp_path):
    monkeypatch.setattr(openai_embedder, "_FIRST_PAUSE_S", 0.01)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with PaidAPI() as api:
        monkeypatch.setenv("OPENAI_BASE_URL", api.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield api


def loaded(**settings):
    return load_embedder(MODEL, Settings(**settings))


def expected(texts):
    return unit(np.array([vector(text) for text in texts], dtype=np.float32))


def test_a_mix_of_all_faults_over_many_texts(api):
    embedder = loaded()
    texts = [f"text {i} of many" for i in range(20_000)]
    faults = list(PASSING) * 3
    random.Random(1).shuffle(faults)
    api.faults = list(faults)
    vectors = np.vstack([embedder.embed(texts[i : i + 1_000]) for i in range(0, len(texts), 1_000)])
    assert api.faults == []
    np.testing.assert_allclose(vectors, expected(texts), atol=1e-6)
    per_request = 125  # texts: a thousand, eight requests in flight
    assert set(texts) <= set(api.paid)
    again = sum(api.paid[text] - 1 for text in texts)
    assert again <= per_request * sum(fault in PAID_IN_VAIN for fault in faults)


@pytest.mark.parametrize("fault", PASSING)
def test_a_lookup_bears_each_fault(api, fault):
    embedder = loaded()
    api.faults = [fault]
    np.testing.assert_allclose(embedder.embed(["Mango"]), expected(["Mango"]), atol=1e-6)


@pytest.mark.parametrize("fault", ["limited", "error_500", "cut", "half", "nan"])
def test_a_fault_that_does_not_pass_ends_in_words_that_say_what_to_do(api, fault):
    embedder = loaded()
    api.faults = [fault] * 100
    with pytest.raises(ModelUnavailable, match="text-embedding-3-small") as caught:
        embedder.embed(["Mango"])
    assert KEY not in str(caught.value)
    assert len(api.faults) >= 90, "somebody waits for a lookup: it is not asked again for ever"


@pytest.mark.parametrize(("fault", "words"), [("no_quota", "quota"), ("wrong_key", "OPENAI_API_KEY")])
def test_what_does_not_pass_is_not_asked_again_and_what_came_is_kept(api, fault, words):
    embedder = loaded()
    texts = [f"text {i}" for i in range(400)]
    api.requests, api.faults = 0, ["other_order"] * 4 + [fault] * 100
    with pytest.raises(ModelUnavailable, match=words) as caught:
        embedder.embed(texts)
    assert KEY not in str(caught.value)
    assert api.requests <= 4 + openai_embedder._IN_FLIGHT
    api.faults, before = [], dict(api.paid)
    embedder.embed(texts)
    assert all(api.paid[text] == 1 for text in before.keys() & set(texts))
    assert len(before.keys() & set(texts)) >= 4 * 32


def test_retry_after_holds_every_request_of_the_key_back(api, monkeypatch):
    embedder = loaded()
    waits = []
    monkeypatch.setattr(embedder, "_rest", lambda seconds: waits.append(seconds))
    api.faults = ["limited_for_a_moment"]
    embedder.embed(["Mango"])
    assert waits[0] == pytest.approx(0.05)
    api.headers = {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1m2s"}
    embedder.embed(["Papaya"])
    assert waits[-1] == pytest.approx(62)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after": "99999"}, 120),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({}, None),
        ({"x-ratelimit-reset-requests": "20ms", "x-ratelimit-reset-tokens": "1.5s"}, 1.5),
    ],
)
def test_how_long_a_server_asks_to_wait(headers, seconds):
    assert wire._retry_after(headers) == (None if seconds is None else pytest.approx(seconds))


def test_an_answer_that_drips_is_given_up(api, monkeypatch):
    embedder = loaded()
    monkeypatch.setattr(wire, "_DEADLINE_S", 0.2)
    api.faults = ["drips"]
    np.testing.assert_allclose(embedder.embed(["Mango"]), expected(["Mango"]), atol=1e-6)


def test_eight_requests_are_in_flight(api):
    embedder = loaded()
    api.gate = threading.Barrier(8)  # nobody is answered before eight have asked
    texts = [f"text {i}" for i in range(800)]
    np.testing.assert_allclose(embedder.embed(texts), expected(texts), atol=1e-6)


def test_a_server_that_knows_no_base64(api):
    api.as_lists = True
    np.testing.assert_allclose(loaded().embed(["Mango", "Ü"]), expected(["Mango", "Ü"]), atol=1e-6)


def test_nothing_is_paid_twice_by_two_processes_or_after_a_restart(api):
    texts = [f"text {i}" for i in range(100)]
    first = loaded().embed(texts)
    again = loaded()
    np.testing.assert_array_equal(again.embed(texts), first)
    assert set(api.paid.values()) == {1}
    assert again._cache.size().vectors == 101  # and the word that tells the dimension
    assert loaded(cache_size=0).embed(texts[:1]).shape == (1, 8)
    assert api.paid[texts[0]] == 2


def test_ctrl_c_keeps_what_is_in_flight(api, monkeypatch):
    """The requests under way end, their vectors are kept, and no other request begins."""
    embedder = loaded()
    texts = [f"text {i}" for i in range(20 * 2048)]
    come = threading.Event()
    put = embedder._cache.put

    def interrupted(asked):
        come.wait(10)
        raise KeyboardInterrupt

    monkeypatch.setattr(openai_embedder, "as_completed", interrupted)
    monkeypatch.setattr(embedder._cache, "put", lambda *given: (come.set(), put(*given)))
    with pytest.raises(KeyboardInterrupt):
        embedder.embed(texts)
    paid = set(api.paid) & set(texts)
    assert 0 < len(paid) < len(texts)
    assert set(embedder._cache.get((MODEL, embedder._wire.address), texts)) == paid


def test_sigkill_pays_again_only_what_was_in_flight(api, tmp_path):
    texts = [f"text {i}" for i in range(6_000)]
    file = tmp_path / "texts.txt"
    file.write_text("\n".join(texts))
    command = ("index", file, "--data", tmp_path / "store", "--model", MODEL)
    killed = start(*command, env=dict(os.environ))
    wait_until(lambda: len(api.paid) > 1_500, "nothing is asked for")
    killed.kill()
    killed.communicate()
    paid = set(api.paid) & set(texts)
    assert len(paid) < len(texts)
    again = start(*command, env=dict(os.environ))
    _, said = again.communicate()
    assert again.returncode == 0, said
    assert set(texts) <= set(api.paid)
    assert (
        sum(api.paid[text] - 1 for text in texts) <= 8 * 128
    )  # eight requests of an eighth of what is written at once
    assert KEY not in said


def test_tokens_are_counted_as_the_api_counts_them(api):
    tokens = loaded()._tokens
    assert (tokens.count("antidisestablishmentarianism"), tokens.count("2 + 2 = 4")) == (6, 7)


@pytest.mark.parametrize("model", [MODEL, "openai:of-somebody-else"])
def test_a_long_text_is_cut_to_what_the_api_takes(api, model):
    embedder = load_embedder(model, Settings())
    long = "the word Überraschung " * 9_000
    assert embedder.truncated([long, "short"]) == [True, False]
    assert embedder.embed([long]).shape == (1, 8)
    [sent] = set(api.paid) - {"dimension"}
    assert long.startswith(sent)
    assert embedder._tokens.count(sent) <= 8_192 < embedder._tokens.count(long[: len(sent) + 12])


def test_the_cache_is_its_owners_alone_and_keeps_no_text(api):
    embedder = loaded()
    embedder.embed(["a text that nobody else should read"])
    folder = embedder._cache.file.parent
    assert folder.stat().st_mode & 0o777 == 0o700
    for file in folder.iterdir():
        assert file.stat().st_mode & 0o077 == 0
        assert b"nobody else" not in file.read_bytes()
        assert KEY.encode() not in file.read_bytes()


def test_the_cache_of_the_settings(tmp_path):
    assert cache_of(Settings(cache=str(tmp_path), cache_size=0)) is None
    assert cache_of(Settings(cache=str(tmp_path))).file.parent == tmp_path
