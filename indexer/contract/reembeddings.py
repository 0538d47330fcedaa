"""Answers about the change of the model: the reembeddings, and the vectors that lie beside those in use."""

from __future__ import annotations

from indexer.contract.answer import Answer, Table
from indexer.contract.jobs import Job


class Reembedded(Answer):
    """What a reembedding did: `model` replaced `before`.

    `words` have its vectors, for which it `embedded` so many texts; `notes` say what else a user should know.
    """

    model: str
    before: str
    words: int
    embedded: int
    notes: list[str] = []


class Reembedding(Job):
    """A reembedding: `model` replaces `before` once all words have its vectors; `words` have them by now.

    What was embedded stays where it fails or is cancelled, and the same again goes on from there. `code` is that of
    the error.
    """

    model: str
    before: str | None = None
    code: str | None = None
    words: int = 0
    embedded: int = 0
    notes: list[str] = []


class OtherModel(Answer):
    """The vectors beside those in use: `kept` from before, to go back to, else begun and not yet whole."""

    model: str
    words: int
    kept: bool


class ReembeddingList(Table[Reembedding]):
    """The model in use, the vectors beside its own, and the reembeddings that this process knows, newest first."""

    table = "reembeddings"

    model: str | None
    other: OtherModel | None
    reembeddings: list[Reembedding] = []
