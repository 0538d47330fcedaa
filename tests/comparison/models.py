"""Models for comparisons that can be checked by eye: one that is right, and one that takes a country for a fruit."""

from indexer.comparison.measuring import Candidate, Priced
from indexer.records import LabelledText
from tests.model import AxisEmbedder

FREE = Priced(None, 0.0, None)
KINDS = ("fruit", "country", "company")
ROWS = [LabelledText(f"{kind} {i}", kind) for kind in KINDS for i in range(40)]


class Mistaken(AxisEmbedder):
    """Takes every country whose number ends in 5 for a fruit."""

    def embed(self, texts):
        return super().embed([t.replace("country", "fruit") if t.endswith("5") else t for t in texts])


def candidate(name, model=None, price=FREE):
    """Return a candidate that loads this model, or fails with what `model` is where it is an error."""

    def load():
        if isinstance(model, BaseException):
            raise model
        return model or AxisEmbedder(name)

    return Candidate(name, load, lambda texts: price)
