"""What the tests share: a model that can be checked by eye, and a corpus opened by an engine or through a server."""

import hashlib
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer import Engine, Settings
from indexer.contract.service import Service
from indexer.embedders import ModelIdentity
from indexer.remote import Remote
from indexer.store.lock import StoreLock
from indexer.vectors import Vectors, unit
from scripts import processes
from server.app import create_app
from server.draining import DrainingServer

for variable in [name for name in os.environ if name.startswith("TOPICDEX_")]:
    del os.environ[variable]

# Eight axes; a text lies along those whose word it holds, and a little along one that follows from its letters.
AXES = ("fruit", "country", "company", "animal")


class AxisEmbedder:
    """Puts "fruit ..." near axis 0, "country ..." near axis 1 and so on; counts the texts it is given."""

    def __init__(self, name: str = "axes", revision: str = "1") -> None:
        self._identity = ModelIdentity(name, revision, 8)
        self.texts: list[str] = []

    @property
    def identity(self) -> ModelIdentity:
        return self._identity

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.texts += texts
        rows = np.zeros((len(texts), 8), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for axis, word in enumerate(AXES):
                row[axis] += 3.0 * (word in text.lower())
            digest = hashlib.sha256(text.encode()).digest()
            row[4:] += np.frombuffer(digest[:4], np.uint8) / 256
        return unit(rows)

    def truncated(self, texts: Sequence[str]) -> list[bool]:
        return [len(text) > 1000 for text in texts]


@pytest.fixture
def model() -> AxisEmbedder:
    return AxisEmbedder()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "store", model="axes", wait=0.2)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> str:
    """The model of these tests, which every process that a test starts loads in the place of any other."""
    axes = [sys.executable, "-m", "tests.axes"]
    monkeypatch.setattr(processes, "TOPICDEX", axes)
    monkeypatch.setattr(processes, "GUNICORN", [*axes, "gunicorn"])
    return "axes"


@pytest.fixture
def engine(settings: Settings, model: AxisEmbedder) -> Iterator[Engine]:
    with Engine(settings, load=lambda _: model) as engine:
        yield engine


@contextmanager
def serving(
    settings: Settings,
    model: AxisEmbedder,
    *,
    lock: StoreLock | None = None,
    before_it_answers: Callable[[], object] = lambda: None,
) -> Iterator[str]:
    """Serve the store of the settings from threads of this process, and give the address."""
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with Engine(settings, url=url, lock=lock, load=lambda _: model) as engine:
        before_it_answers()
        app = create_app(settings, engine=engine)
        server = DrainingServer(app, listening, threads=4)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            yield url
        finally:
            server.stop()
            thread.join()
            app.extensions["topicdex"].warmup.join()
            app.extensions["topicdex"].jobs.close()


@pytest.fixture
def url(settings: Settings, model: AxisEmbedder, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server that owns the folder that `TOPICDEX_DATA` names."""
    monkeypatch.setenv("TOPICDEX_DATA", str(settings.data))
    with serving(settings, model) as url:
        yield url


@pytest.fixture
def free_url() -> str:
    """An address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture(params=["engine", "remote"])
def service(request: pytest.FixtureRequest, settings: Settings, model: AxisEmbedder) -> Iterator[Service]:
    """A new corpus: opened by an engine, and through a server over such an engine."""
    if request.param == "engine":
        with Engine(settings, load=lambda _: model) as engine:
            yield engine
    else:
        with serving(settings, model) as url, Remote(replace(settings, model=None), url) as remote:
            yield remote
