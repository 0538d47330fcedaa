"""What goes wrong with batches is told apart, loses nothing and pays for nothing twice."""

import json
import random
import resource
import signal
import subprocess
import threading
from contextlib import suppress
from dataclasses import replace

import pytest

from indexer import Settings
from indexer.batches import jobs
from indexer.batches.submissions import submission
from indexer.connect import connect
from indexer.embedders import load_embedder
from indexer.embedders.vector_cache import VectorCache
from indexer.errors import NotFound
from scripts.processes import start, wait_until
from tests.batches.conftest import MODEL, environment, in_a_process, write
from tests.batches.test_jobs import TEXTS, paid_once
from tests.conftest import serving
from tests.embedders import paid_api
from tests.embedders.paid_api import KEY, OTHER_KEY


def failed(result, code, *words):
    """Check that a command failed with one last line of this code that holds these words, and no key."""
    exit_code, out, err = result
    last = err.splitlines()[-1]
    assert (exit_code, out) == (1, ""), err
    assert last.startswith(f"topicdex: {code}: ") and "Traceback" not in err, err
    assert all(word in last for word in words), last
    assert KEY not in err and OTHER_KEY not in err


def test_faults_that_pass_are_waited_for(api, submit, done, stored, monkeypatch):
    passing = ["limited_for_a_moment", "error_500", "error_503", "cut", "no_json"]
    done("index", write(["one"]), "--model", MODEL)
    api.faults = list(passing)  # on the upload, and what else comes
    submit(TEXTS)
    api.work()
    sent, served = paid_api._Call.sent, []

    def cut_at_first(call, content):
        served.append(content)
        call.half([]) if len(served) == 1 else sent(call, content)

    monkeypatch.setattr(paid_api._Call, "sent", cut_at_first)
    api.faults = list(passing)
    assert done("batches", "resume")["submissions"][0]["done"]
    assert (len(stored()), len(served), len(api.batches)) == (31, 2, 1)
    paid_once(api)


def test_a_batch_of_which_nobody_heard_is_found_by_its_name(api, submit, done, stored):
    api.lost = 1
    assert submit(TEXTS)["submission"]["batches"][0]["batch"] == "batch_0"
    assert len(api.batches) == 1
    api.work()
    done("batches", "resume")
    paid_once(api)


def test_without_a_network_the_submission_is_kept_and_resume_sends_it(api, submit, done, call, monkeypatch):
    done("index", write(["one"]), "--model", MODEL)
    api.faults = ["cut"] * 6
    failed(call("index", write(TEXTS), "--model", MODEL, "--batch"), "model_unavailable", "OPENAI_BASE_URL", "resume")
    assert api.batches == {} and api.faults == []
    api.faults = ["cut"] * 6
    code, out, _ = call("batches", "list")
    assert code == 0 and "not sent" in out
    api.faults = []
    done("batches", "resume")
    assert len(api.batches) == 1
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    failed(call("batches", "resume"), "model_unavailable", "OPENAI_BASE_URL", api.url)


def test_a_file_that_the_api_rejects_is_told_with_its_lines(api, submit, done, call, stored):
    id = submit(TEXTS)["submission"]["id"]
    api.refuse = lambda requests: [{"code": "bad", "message": f"no such {KEY}", "param": None, "line": 3}]
    api.work()
    for _ in range(2):
        failed(call("batches", "resume"), "invalid_request", "batch_0: line 3: no such ...", "--again", id)
    assert (len(api.batches), api.paid["text 0"]) == (1, 0)
    api.refuse = lambda requests: []
    done("batches", "resume", "--again")
    assert len(stored()) == 30, "they are few, and were asked for directly"
    paid_once(api)


def test_a_file_that_the_api_rejects_can_be_given_up(api, submit, done, stored):
    id = submit(TEXTS)["submission"]["id"]
    api.refuse = lambda requests: [{"code": "bad", "message": "", "param": None, "line": None}]
    api.work()
    [outcome] = done("batches", "cancel", id)["submissions"]
    assert (outcome["done"], outcome["left"], stored()) == (True, 30, {})


def test_more_tokens_than_a_key_may_have_waiting_are_asked_for_in_smaller_batches(api, submit, done, monkeypatch):
    monkeypatch.setattr(jobs, "FEW", 0)
    submit(TEXTS)
    over = {"code": "token_limit_exceeded", "message": "Enqueued token limit reached", "param": None, "line": None}
    api.refuse = lambda requests: [over] if len(requests) > 20 else []
    api.work()
    [outcome] = done("batches", "resume")["submissions"]
    assert [batch["texts"] for batch in outcome["batches"]] == [15, 15]
    api.work()
    assert done("batches", "resume")["submissions"][0]["added"] == 30
    paid_once(api)


def test_keys_that_are_wrong_and_of_another_owner_are_told_apart(api, submit, call, done, stored, monkeypatch):
    id = submit(TEXTS)["submission"]["id"]
    api.work()
    monkeypatch.setenv("OPENAI_API_KEY", OTHER_KEY)
    failed(call("batches", "resume"), "not_found", "for this key", "OPENAI_API_KEY")
    failed(call("batches", "cancel", id), "not_found", "for this key")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong")
    failed(call("batches", "resume"), "model_unavailable", "refuses the key")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    done("batches", "resume")
    assert len(stored()) == 30


def test_what_the_api_no_longer_has_can_be_forgotten(api, submit, done, call):
    id = submit(TEXTS)["submission"]["id"]
    api.batches.clear()
    failed(call("batches", "cancel", id), "not_found")
    [outcome] = done("batches", "cancel", id, "--forget")["submissions"]
    assert (outcome["done"], outcome["left"]) == (True, 30)


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "words"),
    [
        (["--model", "some/local"], {}, "invalid_request", ["openai:NAME"]),
        (["--model", MODEL], {"TOPICDEX_CACHE_SIZE": "0"}, "invalid_request", ["TOPICDEX_CACHE_SIZE"]),
        (["--model", MODEL], {"OPENAI_API_KEY": "sk-wrong"}, "model_unavailable", ["OPENAI_API_KEY"]),
    ],
)
def test_what_cannot_be_submitted_is_refused(api, call, monkeypatch, arguments, environment, code, words):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    failed(call("index", write(TEXTS), "--batch", *arguments), code, *words)
    assert (api.files, api.batches, api.paid) == ({}, {}, {})


@pytest.mark.parametrize("flags", [["--prune"], ["--dry-run"]])
def test_flags_that_do_not_go_with_it(api, call, flags):
    assert call("index", write(TEXTS), "--batch", "--model", MODEL, *flags)[0] == 2
    assert call("index", "--batch", "--topics", write(["Fruit"]))[0] == 2


def test_a_cache_that_keeps_nothing_indexes_and_pays_nothing(api, submit, done, call, stored, monkeypatch):
    submit(TEXTS)
    api.work()
    put = VectorCache.put
    with monkeypatch.context() as full:
        full.setattr(VectorCache, "put", lambda *given: put(*given) if len(given[2]) < 30 else None)
        failed(call("batches", "resume"), "store_unavailable", "cache", "resume")
    assert stored() == {}
    done("batches", "resume")
    assert len(stored()) == 30
    paid_once(api)


def test_a_disk_that_is_full_before_anything_is_sent(api, tmp_path):
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))

    file = write([f"text {i} {'x' * 1000}" for i in range(1_500)])
    code, _, err = in_a_process("index", tmp_path / file, "--model", MODEL, "--batch", preexec_fn=limit)
    assert code == 1 and err.splitlines()[-1].startswith("topicdex: io_error: "), err
    assert (api.files, api.batches) == ({}, {})
    assert [path.name for path in (tmp_path / "cache" / "batches").iterdir()] == ["lock"]


def test_a_record_that_cannot_be_read_is_named(api, submit, call, tmp_path):
    id = submit(TEXTS)["submission"]["id"]
    record = tmp_path / "cache" / "batches" / id / "record.json"
    record.write_text(record.read_text()[:-10])
    failed(call("batches", "resume"), "store_unavailable", str(record))


def test_a_kill_before_the_id_of_the_batch_is_known(api, done, stored, monkeypatch, tmp_path):
    """The batch is made, and paid; the next process finds it by its name."""
    submitted = paid_api._Call.submitted
    killed = []

    def kill(call, asked, key):
        wait_until(lambda: bool(killed), "the process is not known")
        killed[0].kill()
        killed[0].communicate()
        submitted(call, asked, key)

    monkeypatch.setattr(paid_api._Call, "submitted", kill)
    killed.append(start("index", tmp_path / write(TEXTS), "--model", MODEL, "--batch", env=environment()))
    wait_until(lambda: len(api.batches) == 1, "nothing is submitted")
    monkeypatch.setattr(paid_api._Call, "submitted", submitted)
    [outcome] = done("batches", "resume")["submissions"]
    assert [batch["batch"] for batch in outcome["batches"]] == ["batch_0"]
    api.work()
    done("batches", "resume")
    assert (len(stored()), len(api.batches)) == (30, 1)
    paid_once(api)


def test_kills_while_answers_are_taken_in(api, submit, done, stored, monkeypatch):
    texts = [f"text {i}" for i in range(3_000)]
    submit(texts)
    api.work(answer=lambda text: 500 if text.endswith("99") else 200)
    one, looked = paid_api._Call.one, threading.Event()
    monkeypatch.setattr(paid_api._Call, "one", lambda *given, **how: (looked.set(), one(*given, **how)))
    random.seed(3)
    for _ in range(2):
        looked.clear()
        process = start("batches", "resume", env=environment())
        assert looked.wait(60), process.communicate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(random.uniform(0.2, 1.5))
        process.kill()
        process.communicate()
    done("batches", "resume")
    assert sorted(stored().values()) == sorted(texts)
    paid_once(api, texts)


def test_two_at_once_do_not_hurt(api, submit, stored):
    id = submit(TEXTS)["submission"]["id"]
    api.work()
    settings, found = Settings.load(wait=30), []
    both = threading.Barrier(2)

    def work(one):
        both.wait()
        try:
            found.append(jobs.resume(one, settings, connect, lambda said: None).done)
        except NotFound as error:
            found.append(str(error))

    threads = [threading.Thread(target=work, args=[submission(settings, id)]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found, key=str) == [f"{id} was finished by another command just now", True]
    assert len(stored()) == 30
    paid_once(api)


def test_through_a_server_with_the_same_cache(api, submit, done, stored, tmp_path):
    settings = Settings.load(model=MODEL)
    with serving(settings, load_embedder(MODEL, settings)):
        submit(TEXTS)
        api.work()
        assert done("batches", "resume")["submissions"][0]["added"] == 30
        assert len(stored()) == 30
    paid_once(api)


def test_a_server_with_another_cache_is_refused_before_it_pays(api, submit, done, call, stored, tmp_path):
    settings = Settings.load(model=MODEL)
    submit(TEXTS)
    api.work()
    elsewhere = replace(settings, cache=str(tmp_path / "elsewhere"))
    with serving(settings, load_embedder(MODEL, elsewhere)):
        failed(call("batches", "resume"), "invalid_request", "TOPICDEX_CACHE")
        failed(call("index", write(["new"]), "--model", MODEL, "--batch"), "invalid_request", "TOPICDEX_CACHE")
        assert stored() == {}
    done("batches", "resume")
    assert len(stored()) == 30
    paid_once(api)


def test_batches_that_would_cost_more_than_the_budget_are_not_sent(api, call, tmp_path, monkeypatch):
    table = tmp_path / "prices.json"
    one = {"usd_per_million": 20_000, "batch_usd_per_million": 10_000}  # 90 tokens cost USD 0.90
    table.write_text(json.dumps({"dated": "2026-11", "models": {MODEL: one}}))
    monkeypatch.setenv("TOPICDEX_PRICES", str(table))
    ask = ("index", write(TEXTS), "--model", MODEL, "--batch", "--budget")
    code, _, said = call(*ask, "0.89")
    assert code == 1 and "topicdex: over_budget:" in said and "nothing was sent" in said
    assert api.batches == {} and call("batches", "list", "--json")[1].count('"id"') == 0
    assert call(*ask, "0.91")[0] == 0 and len(api.batches) == 1
    table.write_text(json.dumps({"dated": "2026-11", "models": {}}))
    code, _, said = call(*ask, "5")
    assert code == 1 and "no price of" in said


def test_the_price_is_told_with_its_date(api, submit, call, monkeypatch, tmp_path):
    table = tmp_path / "prices.json"
    one = {"usd_per_million": 20_000, "batch_usd_per_million": 10_000}
    table.write_text(json.dumps({"dated": "2026-11", "models": {MODEL: one}}))
    monkeypatch.setenv("TOPICDEX_PRICES", str(table))
    assert submit(TEXTS)["submission"]["usd"] == pytest.approx(0.9)
    assert "about $0.9000 at the prices of 2026-11, which change" in call("batches", "list")[1]
