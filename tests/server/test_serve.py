"""A real server: `topicdex serve` in a process of its own, the bundled model, sockets, signals, and many clients."""

import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import as_file, files
from urllib.parse import quote

import httpx
import numpy as np
import pytest

from indexer import Engine, Settings
from scripts.processes import DEADLINE_S, REPOSITORY, Server, serve


def index(data, *arguments):
    command = [sys.executable, "-m", "indexer.cli", "index", "--data", str(data), *map(str, arguments)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, timeout=DEADLINE_S)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The notebook's seven words and three topics, served; `first` is what /readyz said from the beginning on."""
    data = tmp_path_factory.mktemp("live") / "store"
    with as_file(files("indexer") / "examples") as examples:
        index(data, examples / "notebook.csv", "--topics", examples / "notebook_topics.csv")
    server = serve("--data", data)
    server.data = data
    server.first = server.ready()
    yield server
    if server.process.poll() is None:
        assert server.end() == 0


TOPIC_OF = {
    "Apple": "Fruit",
    "Mango": "Fruit",
    "Banana": "Fruit",
    "India": "Country",
    "France": "Country",
    "Google": "Company",
    "Facebook": "Company",
}


def test_not_ready_until_the_model_is_loaded_and_then_ready(server):
    assert server.first[-1] == 200
    assert set(server.first[:-1]) == {503}
    assert server.client.get("/healthz").json() == {"status": "ok"}


def test_the_notebooks_words_are_at_their_topics(server):
    answer = server.client.post("/v1/topics/nearest", json={"texts": list(TOPIC_OF), "k": 3}).json()
    assert {r["text"]: r["topic"] for r in answer["results"]} == TOPIC_OF
    assert all(r["reason"] == "matched" and r["margin"] > 0 for r in answer["results"])
    one = server.client.get("/v1/topics/nearest", params={"text": "Mango"}).json()
    assert one["topic"] == "Fruit"
    assert one["model"] == "sentence-transformers/all-MiniLM-L6-v2"


def test_three_clusters_are_the_notebooks_three_groups(server):
    shown = server.client.post("/v1/clusterings?wait=60", json={"k": 3}).json()
    words = server.client.get(f"/v1/clusterings/{shown['id']}/words").json()["words"]
    groups = {}
    for word in words:
        groups.setdefault(word["cluster"], set()).add(word["text"])
    assert sorted(map(sorted, groups.values())) == [
        ["Apple", "Banana", "Mango"],
        ["Facebook", "Google"],
        ["France", "India"],
    ]
    near = server.client.get("/v1/clusters/nearest", params={"text": "Papaya"}).json()
    assert "Mango" in groups[near["matches"][0]["cluster"]]


# The description and its page


def test_the_page_shows_the_description_with_nothing_from_elsewhere(server):
    page = server.client.get("/docs")
    assert page.status_code == 200 and "text/html" in page.headers["content-type"]
    assets = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    sizes = {}
    for asset in assets:
        assert asset.startswith("/"), f"{asset} comes from elsewhere"
        answer = server.client.get(asset)
        assert answer.status_code == 200
        sizes[asset] = len(answer.content)
    of_swagger = [size for asset, size in sizes.items() if asset.startswith("/docs/assets/")]
    assert len(of_swagger) == 2 and min(of_swagger) > 10_000 and min(sizes.values()) > 100
    assert "/openapi.json" in page.text


# Over the wire


@pytest.mark.parametrize("id", ["/leading", "a//b", "?#%", "ü😀", "a b+c"])
def test_ids_of_any_kind_come_through_the_wire(server, id):
    server.client.post("/v1/words", json={"words": [{"text": "Papaya", "id": id}]})
    where = f"/v1/words/{quote(id, safe='')}"
    assert server.client.get(where).json()["id"] == id
    assert server.client.delete(where).status_code == 204
    assert server.client.get(where).status_code == 404


def test_a_body_over_16_mb_is_answered_with_a_problem(server):
    answer = server.client.post(
        "/v1/words", content=b" " * (16 * 2**20 + 1), headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")

    def chunks():
        for _ in range(17):
            yield b" " * 2**20

    answer = server.client.post("/v1/words", content=chunks(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_taken_port_is_one_line(server, tmp_path):
    port = server.url.rsplit(":", 1)[1]
    command = [sys.executable, "-m", "indexer.cli", "serve", "--data", str(tmp_path / "other"), "--port", port]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=DEADLINE_S)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("topicdex: invalid_request: ") and port in done.stderr and "--port" in done.stderr
    assert not (tmp_path / "other").exists()


def test_the_command_line_works_through_the_server_that_has_the_store(server, tmp_path):
    words = tmp_path / "a.txt"
    words.write_text("Papaya\n")
    command = [sys.executable, "-m", "indexer.cli", "index", str(words), "--data", str(server.data), "--wait", "0"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=DEADLINE_S)
    assert done.returncode == 0, done.stderr
    nearest = server.client.get("/v1/words/nearest", params={"text": "Papaya", "k": 1}).json()["matches"][0]
    assert nearest["text"] == "Papaya" and nearest["score"] > 0.999


# Many at once, and the end


def test_many_clients_ask_while_words_come_in_and_a_clustering_runs(server):
    before = server.client.get("/v1/info").json()["counts"]["words"]
    until = time.monotonic() + 4
    added = []

    def look_up(number):
        paths = (
            "/v1/topics/nearest?text=Mango",
            "/v1/words/nearest?text=Mango&k=3",
            "/v1/words?limit=50",
            "/v1/clusterings",
            "/v1/info",
        )
        with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as client:
            asked = 0
            while time.monotonic() < until:
                answer = client.get(paths[(asked + number) % len(paths)])
                assert answer.status_code == 200, answer.text
                asked += 1
            return asked

    def write(number):
        with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as client:
            batch = 0
            while time.monotonic() < until:
                words = [{"text": f"thing {number} {batch} {i}", "id": f"many/{number}/{batch}/{i}"} for i in range(50)]
                answer = client.post("/v1/words", json={"words": words})
                assert answer.status_code == 200, answer.text
                assert answer.json()["added"] == 50
                added.extend(word["id"] for word in words)
                batch += 1
            return batch

    def recluster():
        with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as client:
            answer = client.post("/v1/clusterings?wait=60", json={"k": 5})
            assert answer.status_code == 200 and answer.json()["status"] == "done", answer.text
            return 1

    with ThreadPoolExecutor(8) as pool:
        work = (
            [pool.submit(look_up, i) for i in range(5)]
            + [pool.submit(write, i) for i in range(2)]
            + [pool.submit(recluster)]
        )
        assert all(done.result() > 0 for done in work)
    assert server.client.get("/v1/info").json()["counts"]["words"] == len(added) + before
    for first in range(0, len(added), 1000):
        answer = server.client.post("/v1/words/delete", json={"ids": added[first : first + 1000]}).json()
        assert answer["removed"] == len(added[first : first + 1000])


def a_thousand(name):
    return [{"text": f"{name} {i}", "id": f"{name}/{i}"} for i in range(1000)]


def test_threads_that_are_late_find_the_servers_pipe_still_open(tmp_path):
    """What waitress does after an answer, drawn out: to wake a loop that has ended must hit no other file."""
    late = (
        "import time; from waitress.channel import HTTPChannel; service = HTTPChannel.service; "
        "HTTPChannel.service = lambda self: (service(self), time.sleep(1), self.server.pull_trigger()); "
        "import server.draining; server.draining.DRAIN_S = 0; "
        "import tests.axes"
    )
    server = Server([sys.executable, "-c", late, "serve", "--port", "0", "--data", str(tmp_path / "store")])
    server.ready()
    assert server.end() == 0
    assert "Traceback" not in "".join(server.said)


def test_sigterm_lets_a_call_be_answered_and_sigkill_loses_nothing_that_was(server):
    """One story on one store, because every start costs seconds: SIGTERM, start, SIGKILL, start."""
    answers = []

    def post():
        answers.append(server.client.post("/v1/words", json={"words": a_thousand("term")}))

    before = server.client.get("/v1/info").json()["counts"]["words"]
    caller = threading.Thread(target=post)
    caller.start()
    end = time.monotonic() + DEADLINE_S
    with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as other:
        while not answers and time.monotonic() < end:  # the call is under way once it has been a while in the server
            time.sleep(0.1)
            if caller.is_alive() and other.get("/healthz").status_code == 200:
                break
    server.process.send_signal(signal.SIGTERM)
    caller.join(DEADLINE_S)
    assert server.ended() == 0
    assert [answer.status_code for answer in answers] == [200]
    assert answers[0].json()["added"] == 1000
    assert "Traceback" not in "".join(server.said)

    second = serve("--data", server.data)
    assert second.client.get("/v1/info").json()["counts"]["words"] == before + 1000
    second.ready()
    acknowledged = set()
    stop = threading.Event()

    def write():
        with httpx.Client(base_url=second.url, timeout=60, trust_env=False) as client:
            for batch in range(1000):
                ids = [f"kill/{batch}/{i}" for i in range(100)]
                try:
                    answer = client.post("/v1/words", json={"words": [{"text": f"kill {id}", "id": id} for id in ids]})
                except httpx.HTTPError:
                    return
                assert answer.status_code == 200
                acknowledged.update(ids)
                if len(acknowledged) >= 500:
                    stop.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert stop.wait(DEADLINE_S)
    assert second.end(signal.SIGKILL) == -signal.SIGKILL
    writer.join(DEADLINE_S)

    third = serve("--data", server.data)
    found, cursor = {}, None
    while True:
        params = {"limit": 1000} | ({"cursor": cursor} if cursor else {})
        page = third.client.get("/v1/words", params=params).json()
        found |= {word["id"]: word["text"] for word in page["words"]}
        cursor = page["next"]
        if cursor is None:
            break
    assert acknowledged <= found.keys()
    assert {word["id"] for word in a_thousand("term")} <= found.keys()
    assert third.end() == 0  # while its model is still being loaded
    assert not [line for line in third.said if "Traceback" in line or "Fatal" in line]

    with Engine(Settings(data=server.data)) as engine:  # and each word has its vector still
        kept = engine.words.load().all_words()
    assert set(kept.ids) == found.keys()
    assert np.linalg.norm(kept.vectors, axis=1) == pytest.approx(1, abs=1e-4)
