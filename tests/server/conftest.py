"""What the tests of the API share: a client of an empty store, and one of a store that holds something."""

import threading

import pytest

from indexer import Engine, Settings
from server.context import context
from tests.model import AxisEmbedder
from tests.server.http import add, put_topics, serving


@pytest.fixture
def client(engine):
    client = serving(engine)
    yield client
    context(client.application).jobs.close()


@pytest.fixture(scope="package")
def stocked(tmp_path_factory):
    """A client whose store holds four words, two topics and a clustering; for calls that change nothing."""
    settings = Settings(data=tmp_path_factory.mktemp("stocked") / "store", model="axes")
    with Engine(settings, load=lambda _: AxisEmbedder()) as engine:
        client = serving(engine)
        put_topics(client, "fruit", "country")
        add(client, "fruit a", "fruit b", "country c", "country d")
        client.post("/v1/clusterings?wait=30", json={"k": 2})
        yield client
        context(client.application).jobs.close()


@pytest.fixture
def held(client, engine, monkeypatch):
    """Hold up every clustering until the event is set."""
    go, run = threading.Event(), engine.clusterings.run

    def held(id, progress):
        assert go.wait(30)
        return run(id, progress)

    monkeypatch.setattr(engine.clusterings, "run", held)
    add(client, "fruit 1", "fruit 2")
    yield go
    go.set()
