"""What the tests share: a quick model, and a corpus opened by an engine or through a server."""

import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from indexer import Engine, Settings
from indexer.contract.service import Service
from indexer.embedders import Embedder
from indexer.remote import Remote
from indexer.store.lock import StoreLock
from scripts import processes
from server.app import create_app
from server.draining import DrainingServer
from tests.model import AxisEmbedder

for variable in [name for name in os.environ if name.startswith("TOPICDEX_")]:
    del os.environ[variable]
os.environ["HF_HUB_OFFLINE"] = "1"  # no test asks a model hub; without a network each would wait for a minute


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep what is kept beside all stores away from the user's own cache folder."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


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
    model: AxisEmbedder | None = None,
    *,
    lock: StoreLock | None = None,
    load: Callable[[str], Embedder] | None = None,
    before_it_answers: Callable[[], object] = lambda: None,
) -> Iterator[str]:
    """Serve the store of the settings from threads of this process, and give the address.

    The model is the one that the settings name, `model` in its place, or what `load` says.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    load = load or (None if model is None else lambda _: model)
    with Engine(settings, url=url, lock=lock, load=load) as engine:
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
