"""The processes that tests, tortures and benchmarks start and end, and a client: topicdex, gunicorn, Chroma."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx

REPOSITORY = Path(__file__).parent.parent
TOPICDEX = [sys.executable, "-m", "indexer.cli"]
GUNICORN = [sys.executable, "-m", "gunicorn"]
DEADLINE_S = 90.0


class Client(httpx.Client):
    """A client that trusts no proxy of the environment."""

    def __init__(self, url: str) -> None:
        super().__init__(base_url=url, timeout=DEADLINE_S, trust_env=False)

    def call(self, method: str, path: str, body: object = None, **query: Any) -> Any:
        """Return the document that a call answers with; any answer but success is an error."""
        answer = self.request(method, path, json=body, params=query or None)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def cluster(self, **settings: Any) -> dict[str, Any]:
        """Make a clustering and return it when it is done."""
        made: dict[str, Any] = self.call("POST", "/v1/clusterings?wait=60", settings)
        while made["status"] in ("queued", "running"):
            time.sleep(0.05)
            made = self.call("GET", f"/v1/clusterings/{made['id']}")
        assert made["status"] == "done", made
        return made


class Server:
    """A server process that says on standard error where it listens, and a client of it.

    In a `with` it ends with the block, and must do so in peace.
    """

    def __init__(self, command: list[str], env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True, env=env)
        assert self.process.stderr is not None
        self.said: list[str] = []
        for line in self.process.stderr:
            self.said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                break
        else:
            raise AssertionError("the server did not start: " + "".join(self.said))
        self.url = found[0]
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.client = Client(self.url)

    def ready(self) -> list[int]:
        """Wait until the model is loaded; return every status that /readyz gave on the way."""
        statuses: list[int] = []

        def is_ready() -> bool:
            answer = self.client.get("/readyz")
            statuses.append(answer.status_code)
            if answer.status_code != 200:
                assert answer.headers["content-type"] == "application/problem+json"
                assert answer.json()["code"] == "not_ready", answer.text
            return statuses[-1] == 200

        wait_until(is_ready, "the server is not ready: " + "".join(self.said))
        return statuses

    def wait_until_warm(self) -> int:
        """Wait until all words are in memory, so that their neighbours come without the index; return their number."""
        while (info := self.client.call("GET", "/v1/info"))["cached_words"] < info["counts"]["words"]:
            time.sleep(0.2)
        return int(info["counts"]["words"])

    def memory(self) -> float:
        """Return the peak memory so far, in MB."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return how the process ended."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """Wait for the end of the process and return how it ended."""
        code = self.process.wait(DEADLINE_S)
        self.client.close()
        self._reader.join(DEADLINE_S)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *raised: object) -> None:
        if self.process.returncode is None:
            code = self.end()
            assert code == 0 or kind is not None, f"the server ended with {code}: {''.join(self.said)}"

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.said.extend(self.process.stderr)


def serve(*flags: object, env: dict[str, str] | None = None) -> Server:
    """Start `topicdex serve` on a free port."""
    return Server([*TOPICDEX, "serve", "--port", "0", *map(str, flags)], env)


def serving(*flags: object, env: dict[str, str] | None = None) -> Server:
    """Start `topicdex serve` on a free port and wait until its model is loaded."""
    server = serve(*flags, env=env)
    server.ready()
    return server


def gunicorn(workers: int, env: dict[str, str]) -> Server:
    """Start the README's gunicorn on a free port."""
    return Server([*GUNICORN, "server:create_app()", "-w", str(workers), "-b", "127.0.0.1:0"], env)


@contextmanager
def chroma(folder: Path) -> Iterator[str]:
    """Run a real `chroma run` on a folder and give its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", "from chromadb.cli.cli import app; app()", "run"]
    process = subprocess.Popen(
        [*command, "--path", str(folder), "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/api/v2/heartbeat", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    try:
        wait_until(answers, "chroma did not start")
        yield url
    finally:
        process.terminate()
        process.wait()


def start(*arguments: object, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """Start a topicdex command."""
    command = [*TOPICDEX, *map(str, arguments)]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)


def wait_until(condition: Callable[[], bool], otherwise: str, seconds: float = DEADLINE_S) -> None:
    """Wait until a condition holds; that it does not within these seconds is an error."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, otherwise
        time.sleep(0.02)
