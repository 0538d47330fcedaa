"""The model of most tests: its vectors can be checked by eye, and it counts the texts that it is given."""

import hashlib
from collections.abc import Sequence

import numpy as np

from indexer.embedders import ModelIdentity
from indexer.vectors import Vectors, unit

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

    def embed(self, texts: Sequence[str], role: str = "passage") -> Vectors:
        self.texts += texts
        rows = np.zeros((len(texts), 8), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for axis, word in enumerate(AXES):
                row[axis] += 3.0 * (word in text.lower())
            digest = hashlib.sha256(text.encode()).digest()
            row[4:] += np.frombuffer(digest[:4], np.uint8) / 256
        return unit(rows)

    def truncated(self, texts: Sequence[str], role: str = "passage") -> list[bool]:
        return [len(text) > 1000 for text in texts]


class WideEmbedder(AxisEmbedder):
    """The same axes in another order among twelve dimensions, and less of a text's own."""

    def __init__(self, name: str = "wide", revision: str = "1") -> None:
        super().__init__(name, revision)
        self._identity = ModelIdentity(name, revision, 12)

    def embed(self, texts: Sequence[str], role: str = "passage") -> Vectors:
        rows = super().embed(texts, role)
        return unit(np.hstack([rows[:, 4:] / 2, np.zeros((len(texts), 4), np.float32), rows[:, :4]]))
