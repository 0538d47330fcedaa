"""How a server shares the processor among its callers: threads of BLAS, the switch interval, connections, its log."""

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from scripts.processes import Server, serving

CALLERS = 64
IDLE = 120  # more than waitress would have open by itself

# What a process that serves has at its end, as a line of JSON; the master of gunicorn serves nothing.
AT_ITS_END = """
import atexit, json, sys
from threadpoolctl import threadpool_info

def tell():
    if "server.app" in sys.modules:
        import scipy.linalg
        blas = {part["filepath"]: part["num_threads"] for part in threadpool_info() if part["user_api"] == "blas"}
        print(json.dumps({"blas": blas, "switch": sys.getswitchinterval()}), file=sys.stderr, flush=True)

atexit.register(tell)
import tests.axes
"""


@pytest.mark.parametrize(
    "command",
    [["serve", "--port", "0"], ["gunicorn", "server:create_app()", "-w", "1", "-b", "127.0.0.1:0"]],
    ids=["serve", "gunicorn"],
)
def test_a_server_computes_with_one_thread_a_caller(command, tmp_path, monkeypatch):
    monkeypatch.setenv("TOPICDEX_DATA", str(tmp_path / "store"))
    with Server([sys.executable, "-c", AT_ITS_END, *command]) as server:
        server.ready()
        server.client.call("POST", "/v1/words", {"words": [{"text": f"fruit {i}"} for i in range(20)]})
        assert server.client.call("GET", "/v1/words/nearest", text="fruit")["matches"]
        server.client.cluster(k=2)
    (told,) = [json.loads(line) for line in server.said if line.startswith("{")]
    assert len(told["blas"]) >= 2  # that of NumPy, and SciPy's own, which is loaded later
    assert set(told["blas"].values()) == {1}
    assert told["switch"] == pytest.approx(0.001)


def test_64_callers_beside_idle_connections_are_all_answered_without_a_word_in_the_log(quick, tmp_path):
    with serving("--data", tmp_path / "store") as server:
        server.client.call("PUT", "/v1/topics", {"topics": [{"name": "fruit"}, {"name": "country"}]})
        host = urlsplit(server.url).netloc
        idle = [HTTPConnection(host, timeout=60) for _ in range(IDLE)]
        for connection in idle:
            assert _status(connection, "/healthz") == 200
        together = threading.Barrier(CALLERS)

        def ask(caller):
            connection = HTTPConnection(host, timeout=60)
            connection.connect()
            together.wait(60)
            statuses = [_status(connection, f"/v1/topics/nearest?text=fruit%20{caller}%20{i}") for i in range(20)]
            connection.close()
            return statuses

        with ThreadPoolExecutor(CALLERS) as pool:
            statuses = [status for done in pool.map(ask, range(CALLERS)) for status in done]
        for connection in idle:
            connection.close()
    assert statuses == [200] * (20 * CALLERS)
    assert server.said[1:] == []  # after the line that says where it listens


def _status(connection, path):
    """Return the status of an answer; the connection is kept."""
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    return answer.status
