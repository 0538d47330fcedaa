"""What the tests share: a model that can be checked by eye, an engine on a real Chroma store, and a client."""

import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from indexer import Engine, Settings
from indexer.embedders import ModelIdentity
from indexer.vectors import Vectors, unit
from scripts import processes

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
