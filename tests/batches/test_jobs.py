"""A submission from its beginning to its end, against a server that speaks the Batch API."""

import json

import pytest

from indexer import Engine, Settings
from indexer.batches import jobs
from indexer.embedders.openai.embedder import OpenAIEmbedder
from indexer.embedders.vector_cache import VectorCache
from indexer.vectors import unit
from tests.batches.conftest import MODEL, write
from tests.embedders.paid_api import KEY, vector

TEXTS = [f"text {i}" for i in range(30)]


def paid_once(api, texts=TEXTS):
    assert {text: api.paid[text] for text in texts} == dict.fromkeys(texts, 1)


def test_it_is_submitted_left_and_taken_in(api, submit, done, call, stored, tmp_path):
    submitted = submit(TEXTS)["submission"]
    [batch] = submitted["batches"]
    assert (batch["texts"], batch["batch"], batch["status"]) == (30, "batch_0", "validating")
    assert batch["tokens"] == 90
    (tmp_path / "texts.txt").unlink()
    [row] = done("batches", "list")["submissions"]
    assert (row["id"], row["batches"][0]["status"]) == (submitted["id"], "validating")
    [early] = done("batches", "resume")["submissions"]
    assert (early["done"], early["added"]) == (False, 0)
    api.work()
    [outcome] = done("batches", "resume", submitted["id"])["submissions"]
    assert (outcome["done"], outcome["added"], outcome["unchanged"], outcome["problems"]) == (True, 30, 0, {})
    assert sorted(stored().values()) == sorted(TEXTS)
    paid_once(api)
    with Engine(Settings.load(model=MODEL)) as engine:
        [[best]] = [answer.matches for answer in engine.words.nearest(["text 7"], k=1)]
        assert (best.text, best.score) == ("text 7", pytest.approx(1, abs=1e-6))
        [[cosine]] = engine.similarity(["text 1"], ["text 2"]).matrix
        assert cosine == pytest.approx(float(unit(vector("text 1")) @ unit(vector("text 2"))), abs=1e-6)
    paid_once(api)
    assert done("batches", "list") == {"submissions": []}
    assert call("batches", "resume")[0] == 0
    assert call("batches", "resume", submitted["id"])[2].startswith("topicdex: not_found: ")


def test_what_is_stored_or_cached_is_indexed_at_once_and_not_asked_for(api, submit, done, stored):
    done("index", write(TEXTS[:10]), "--model", MODEL)
    done("index", write(TEXTS[10:20]), "--model", MODEL, "--data", "other")
    submitted = submit(TEXTS)
    assert (submitted["added"], submitted["unchanged"], submitted["embedded"]) == (10, 10, 10)
    assert [batch["texts"] for batch in submitted["submission"]["batches"]] == [10]
    assert len(stored()) == 20
    api.work()
    done("batches", "resume")
    assert len(stored()) == 30
    paid_once(api)
    again = submit(TEXTS)
    assert (again["submission"], again["unchanged"]) == (None, 30)
    assert len(api.batches) == 1


def test_words_keep_their_ids_and_metadata_and_share_the_vector_of_their_text(api, done):
    rows = [{"id": str(i), "text": f"same {i // 2}", "n": i, "half": i / 2, "odd": bool(i % 2)} for i in range(10)]
    write(map(json.dumps, rows), "a.jsonl")
    submitted = done("index", "a.jsonl", "--model", MODEL, "--batch")["submission"]
    assert [batch["texts"] for batch in submitted["batches"]] == [5]
    api.work()
    done("batches", "resume")
    words = done("words", "list")["words"]
    assert [{"id": w["id"], "text": w["text"], **w["metadata"]} for w in sorted(words, key=lambda w: w["id"])] == rows


def test_a_batch_has_no_more_texts_and_bytes_than_the_api_takes(api, submit, done, stored, monkeypatch):
    monkeypatch.setattr("indexer.batches.asking.MOST_REQUESTS", 16)
    submitted = submit(TEXTS)["submission"]
    assert [batch["texts"] for batch in submitted["batches"]] == [16, 14]
    api.work()
    done("batches", "resume")
    monkeypatch.setattr("indexer.batches.asking.MOST_BYTES", 2_000)
    first = len(api.files)
    more = [f"more {i} {'ü' * 300}" for i in range(4)]
    submit(more)
    assert max(map(len, list(api.files.values())[first:])) <= 2_000 < sum(map(len, list(api.files.values())[first:]))
    api.work()
    done("batches", "resume")
    assert len(stored()) == 34
    paid_once(api, TEXTS + more)


def test_lines_in_any_order_unknown_twice_and_cut_in_the_middle(api, submit, done, stored, monkeypatch):
    monkeypatch.setattr(jobs, "FEW", 0)
    submit(TEXTS)

    def shape(lines):
        strange = lines[0].replace(b'"custom_id": "', b'"custom_id": "0')
        nan = json.loads(lines[3])
        nan["response"]["body"]["data"][0]["embedding"] = [float("nan")] * 8
        short = json.loads(lines[4])
        short["response"]["body"]["data"][0]["embedding"] = [1.0] * 7
        lines[3], lines[4] = (json.dumps(line).encode() + b"\n" for line in (nan, short))
        return [*reversed(lines[1:]), strange, b"[]\n", lines[5], lines[0][:-40]]

    api.shape = shape
    api.work()
    [outcome] = done("batches", "resume")["submissions"]
    assert outcome["problems"] == {
        "an answer to what was not asked": 1,
        "an answer that comes twice": 1,
        "a line that cannot be read": 2,
        "no vector of finite numbers": 1,
        "7 numbers and not 8": 1,
    }
    assert (outcome["done"], outcome["added"]) == (False, 27)
    assert [batch["texts"] for batch in outcome["batches"]] == [3]
    api.shape = lambda lines: lines
    api.work()
    [outcome] = done("batches", "resume")["submissions"]
    assert (outcome["done"], outcome["added"]) == (True, 3)
    assert sorted(stored().values()) == sorted(TEXTS)
    assert sum(api.paid[text] for text in TEXTS) == 33, "nothing that came whole is paid again"


def test_few_lines_that_failed_are_asked_for_directly(api, submit, done, call, stored):
    submit(TEXTS)
    api.work(answer=lambda text: 500 if text.endswith("7") else 200)
    code, _, err = call("batches", "resume")
    assert code == 0 and "3 texts" in err and "error of text 7" in err
    assert len(stored()) == 30
    assert len(api.batches) == 1
    paid_once(api)


def test_what_expired_is_asked_for_in_a_further_batch_where_it_is_much(api, submit, done, stored, monkeypatch):
    monkeypatch.setattr(jobs, "FEW", 5)
    submit(TEXTS)
    api.work(answer=lambda text: 200 if int(text[5:]) < 10 else None, status="expired")
    [outcome] = done("batches", "resume")["submissions"]
    assert (outcome["added"], outcome["problems"]) == (10, {"This request could not be executed.": 20})
    assert [(batch["texts"], batch["batch"]) for batch in outcome["batches"]] == [(20, "batch_1")]
    assert len(stored()) == 10
    api.work()
    assert done("batches", "resume")["submissions"][0]["done"]
    assert len(stored()) == 30
    paid_once(api)


def test_cancel_takes_in_what_was_done_and_asks_for_no_more(api, submit, done, stored):
    id = submit(TEXTS)["submission"]["id"]
    [outcome] = done("batches", "cancel", id)["submissions"]
    assert (outcome["done"], outcome["batches"][0]["status"]) == (False, "cancelling")
    api.work(answer=lambda text: 200 if int(text[5:]) < 10 else None, status="cancelled")
    [outcome] = done("batches", "resume")["submissions"]
    assert (outcome["done"], outcome["added"], outcome["left"]) == (True, 10, 20)
    assert len(stored()) == 10
    assert done("batches", "list")["submissions"] == []
    paid_once(api, TEXTS[:10])


def test_cancel_of_what_is_done_takes_it_in(api, submit, done, stored):
    id = submit(TEXTS)["submission"]["id"]
    api.work()
    [outcome] = done("batches", "cancel", id)["submissions"]
    assert (outcome["done"], outcome["left"], len(stored())) == (True, 0, 30)


def test_a_text_that_is_awaited_is_not_asked_for_again(api, submit, done, stored):
    first = submit(TEXTS[:20])["submission"]["id"]
    second = submit(TEXTS, "--data", "other")["submission"]
    assert [(batch["texts"], batch["status"]) for batch in second["batches"]] == [
        (10, "validating"),
        (0, "asked elsewhere"),
    ]
    api.work()
    [outcome] = done("batches", "resume", second["id"])["submissions"]
    assert (outcome["done"], outcome["added"]) == (False, 10)
    done("batches", "resume", first)
    [outcome] = done("batches", "resume")["submissions"]
    assert (outcome["done"], outcome["added"]) == (True, 20)
    assert len(stored("--data", "other")) == 30 and len(stored()) == 20
    paid_once(api)


def test_a_cache_that_holds_one_lot_is_enough(api, submit, done, stored, monkeypatch):
    """A lot is indexed before the next one pushes it out."""
    submit(TEXTS)
    api.work()
    kept, put = [], VectorCache.put

    def small(cache, model, vectors):
        kept.append(len(vectors))
        if len(vectors) == 8:
            cache.prune(0)
        put(cache, model, vectors)

    monkeypatch.setattr(VectorCache, "put", small)
    monkeypatch.setattr("indexer.batches.taking._LOT", 8)
    assert done("batches", "resume")["submissions"][0]["added"] == 30
    assert kept.count(8) == 3 and max(kept) == 8
    assert len(stored()) == 30
    paid_once(api)


def test_a_lot_is_smaller_where_the_cache_is(api, submit, done, monkeypatch):
    submit(TEXTS)
    api.work()
    lots = []
    keep = OpenAIEmbedder.keep
    monkeypatch.setattr(OpenAIEmbedder, "keep", lambda own, given: (lots.append(len(given)), keep(own, given)))
    monkeypatch.setattr("indexer.batches.taking._BYTES", 10**5)
    monkeypatch.setenv("TOPICDEX_CACHE_SIZE", "1")
    done("batches", "resume")
    assert [size for size in lots if size > 2] == [4] * 7


def test_a_long_text_is_cut_and_its_vector_is_that_of_what_was_sent(api, submit, done):
    long = "the word Überraschung " * 9_000
    submit([long])
    api.work()
    done("batches", "resume")
    [sent] = {text for text in api.paid if text.startswith("the word")}
    assert long.startswith(sent) and len(sent) < len(long)
    paid_once(api, [sent])
    with Engine(Settings.load(model=MODEL)) as engine:
        [answer] = engine.words.nearest([long], k=1)
        assert answer.matches[0].score == pytest.approx(1, abs=1e-6)


def test_the_record_is_its_owners_alone_and_holds_no_key(api, submit, tmp_path):
    submit(TEXTS)
    folder = tmp_path / "cache" / "batches"
    assert [path.stat().st_mode & 0o777 for path in (folder.parent, folder)] == [0o700] * 2
    for path in folder.rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
        assert path.is_dir() or KEY.encode() not in path.read_bytes()
