"""The processes that tests, torture and benchmarks start and end: topicdex servers and commands, Chroma servers."""

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

import httpx

REPOSITORY = Path(__file__).parent.parent
TOPICDEX = [sys.executable, "-m", "indexer.cli"]
GUNICORN = [sys.executable, "-m", "gunicorn"]
DEADLINE_S = 90.0


class Server:
    """A server process that says on standard error where it listens, and a client that trusts no proxy."""

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
        self.client = client(self.url)

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

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.said.extend(self.process.stderr)


def serve(*flags: object) -> Server:
    """Start `topicdex serve` on a free port."""
    return Server([*TOPICDEX, "serve", "--port", "0", *map(str, flags)])


def gunicorn(workers: int, env: dict[str, str]) -> Server:
    """Start the README's gunicorn on a free port."""
    return Server([*GUNICORN, "server:create_app()", "-w", str(workers), "-b", "127.0.0.1:0"], env)


def client(url: str) -> httpx.Client:
    """Return a client that trusts no proxy of the environment."""
    return httpx.Client(base_url=url, timeout=DEADLINE_S, trust_env=False)


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
    """Ask until it is so; after some seconds that is an error."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, otherwise
        time.sleep(0.02)
