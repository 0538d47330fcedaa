"""Answers about clusterings: runs, clusters, and the clusters of texts."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from indexer.answers.shown import Shown


class ClusterShown(Shown):
    """A cluster: `keywords` and `examples` say what is in it, best first."""

    id: str
    name: str
    size: int
    keywords: list[str]
    examples: list[str]


class ClusteringShown(Shown):
    """One run of reclustering."""

    model_config = ConfigDict(frozen=True, extra="allow")

    id: str
    status: Literal["queued", "running", "done", "failed", "cancelled"]
    progress: float
    k: int | None
    settings: dict[str, Any]
    clusters: list[ClusterShown]
    words: int
    created: str
    seconds: float | None = None
    error: str | None = None


class ClusteringList(Shown):
    """Runs, newest first."""

    clusterings: list[ClusteringShown]


class ClusteringDiff(Shown):
    """What became of the clusters of one run in another, by their ids, over the words that are there now.

    `moved` of the `common` words are in another cluster than the one that continues their old one.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True, serialize_by_alias=True)

    old: str = Field(alias="from")
    new: str = Field(alias="to")
    continued: list[dict[str, Any]]
    born: list[str]
    gone: list[str]
    split: list[dict[str, Any]]
    merged: list[dict[str, Any]]
    moved: int
    common: int


class ClusterWord(Shown):
    """A stored word and the id of its cluster."""

    id: str
    text: str
    cluster: str


class ClusterWordPage(Shown):
    """Some words with their clusters, and the cursor of the next page."""

    words: list[ClusterWord]
    next: str | None


class ClusterMatch(Shown):
    """A cluster and its score."""

    cluster: str
    name: str
    score: float


class ClusterAnswer(Shown):
    """The clusters nearest to one text."""

    text: str
    clustering: str
    matches: list[ClusterMatch]
    truncated: bool = False


class ClusterAnswers(Shown):
    """Answers in the order of the texts."""

    results: list[ClusterAnswer]
