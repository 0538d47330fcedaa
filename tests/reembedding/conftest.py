"""Two models that tell their vectors apart, and a corpus that may change from the one to the other."""

from dataclasses import replace

import pytest

from indexer import Engine
from indexer.remote import Remote
from tests.conftest import serving
from tests.model import WideEmbedder


@pytest.fixture
def models(model):
    """The models by their names."""
    return {"axes": model, "wide": WideEmbedder(), "third": WideEmbedder("third")}


@pytest.fixture
def open_engine(settings, models):
    """Return a function that opens the store with the models by their names; no model is named."""
    return lambda **how: Engine(replace(settings, model=None, **how), load=models.__getitem__)


@pytest.fixture
def stocked(settings, models):
    """A store of "axes" with words, topics, thresholds and two clusterings, of which one is active."""
    with Engine(settings, load=models.__getitem__) as engine:
        engine.words.add([f"{kind} {i}" for kind in ("fruit", "country", "company") for i in range(40)])
        engine.topics.replace(["fruit", "country", "company"])
        engine.clusterings.make(clustering(k=3))
        grown = engine.clusterings.make(clustering(around="topics"))
        engine.clusterings.activate(grown.id)
    return settings


def clustering(**settings):
    from indexer import ClusteringSettings

    return ClusteringSettings(**settings)


@pytest.fixture(params=["engine", "remote"])
def corpus(request, stocked, models):
    """That store, opened by an engine, and through a server whose operator has named "wide" and "third"."""
    settings = replace(stocked, model=None, models="wide,third")
    if request.param == "engine":
        with Engine(settings, load=models.__getitem__) as engine:
            yield engine
    else:
        with serving(settings, load=models.__getitem__) as url, Remote(settings, url) as remote:
            yield remote
