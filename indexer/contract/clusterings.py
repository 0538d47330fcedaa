"""Clusterings as every part of the service has them: settings, clusters, lineage, quality, and answers about texts."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from indexer.contract.answer import Answer, Table
from indexer.errors import InvalidRequest

NEWEST = "newest"  # as a start: the newest finished clustering with the same settings
Status = Literal["queued", "running", "done", "failed", "cancelled"]


class ClusteringSettings(Answer):
    """What a clustering is asked to do: find k clusters, or grow them around the topics.

    `start` is the id of the clustering to start from, null for a fresh start; "newest", the newest finished one with
    the same settings, is replaced by its id. Raises InvalidRequest where settings contradict each other.
    """

    k: int | Literal["auto"] | None = None
    around: Literal["topics"] | None = None
    seed: int = 42
    start: str | None = NEWEST
    k_min: int | None = None
    k_max: int | None = None
    stop_words: list[str] | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.k is None) == (self.around is None):
            raise InvalidRequest("give exactly one of k and around")
        if self.k != "auto" and (self.k_min is not None or self.k_max is not None):
            raise InvalidRequest('k_min and k_max go with "k": "auto"')
        if self.k_min is not None and self.k_max is not None and self.k_min > self.k_max:
            raise InvalidRequest(f"k_min is {self.k_min} and k_max {self.k_max}; swap them")
        return self

    def follows(self, other: ClusteringSettings) -> bool:
        """Tell whether the settings are the same, whatever each started from: the newer one continues the other."""
        return self.model_copy(update={"start": None}) == other.model_copy(update={"start": None})


class Cluster(Answer):
    """A cluster: `keywords` set it apart, `examples` are typical texts, both best first."""

    id: str
    name: str
    size: int
    keywords: list[str]
    examples: list[str]


class _FromTo(Answer):  # `from` is a keyword of Python
    model_config = ConfigDict(frozen=True, populate_by_name=True, serialize_by_alias=True)


class Continued(_FromTo):
    """An old cluster and the new one that continues it; `shared` words are in both."""

    old: str = Field(alias="from")
    new: str = Field(alias="to")
    shared: int


class Split(_FromTo):
    """An old cluster that two or more new ones came from: each has more than half of its words from there."""

    old: str = Field(alias="from")
    new: list[str] = Field(alias="to")


class Merged(_FromTo):
    """Two or more old clusters that went into one new one: each has more than half of its words there."""

    old: list[str] = Field(alias="from")
    new: str = Field(alias="to")


class Lineage(Answer):
    """What became of the clusters of an earlier clustering, by the ids that each clustering has.

    Each old cluster is in `continued` or in `gone`, each new one in `continued` or in `born`. `moved` of the `common`
    words are in another cluster than the one that continues theirs.
    """

    continued: list[Continued]
    born: list[str]
    gone: list[str]
    split: list[Split]
    merged: list[Merged]
    moved: int
    common: int

    def records(self) -> list[dict[str, Any]]:
        """Return a row for each cluster that continues, was born or is gone; `shared` counts its common words."""
        continued = [one.model_dump(by_alias=True) for one in self.continued]
        born = [{"from": None, "to": id, "shared": 0} for id in self.born]
        return continued + born + [{"from": id, "to": None, "shared": 0} for id in self.gone]


class ClusteringDiff(Lineage, _FromTo):
    """What became of the clusters of one clustering in another, over the words that are there now."""

    old: str = Field(alias="from")
    new: str = Field(alias="to")


class Quality(Answer):
    """The mean cosine of the words to their own prototype, and the silhouette of a sample, null for one cluster."""

    score: float
    silhouette: float | None


class GrownTopic(Answer):
    """How one topic grew: `support` is the number of words behind it, `words` how many words have it as their topic."""

    name: str
    grown: bool
    reason: str
    explanation: str
    support: float
    words: int


class MovedWord(_FromTo):
    """A word whose topic changes by growing."""

    text: str
    old: str = Field(alias="from")
    new: str = Field(alias="to")


class Adaptation(Answer):
    """What growing the topics changes: `moved` is how many words get another topic; `examples` are some of them."""

    moved: int
    examples: list[MovedWord]
    topics: list[GrownTopic]


def _optional() -> Any:
    """Return a field that is absent from JSON where it is None."""
    return Field(default=None, exclude_if=lambda value: value is None)


class Clustering(Answer):
    """A clustering: queued, running, or ended, and then what it found.

    `words` were clustered, `new_words` have come since. `criterion`, `curve` (points of k and the criterion) and
    `clear` say how k was chosen where it was "auto". Clusterings around topics have an `adaptation`, and are `active`
    while topic lookups answer from them.
    """

    id: str
    status: Status
    progress: float
    k: int | None
    settings: ClusteringSettings
    clusters: list[Cluster]
    words: int
    created: str
    seconds: float | None = None
    error: str | None = None
    pinned: bool = False
    model: str | None = _optional()
    new_words: int | None = _optional()
    active: bool | None = _optional()
    criterion: str | None = _optional()
    curve: list[tuple[int, float]] | None = _optional()
    clear: bool | None = _optional()
    lineage: Lineage | None = _optional()
    quality: Quality | None = _optional()
    adaptation: Adaptation | None = _optional()

    @property
    def ended(self) -> bool:
        """Tell whether it is done, failed or cancelled."""
        return self.status not in ("queued", "running")

    def records(self) -> list[dict[str, Any]]:
        """Return a row for each cluster."""
        return [cluster.model_dump() for cluster in self.clusters]


class ClusteringList(Table[Clustering]):
    """Clusterings, newest first."""

    table = "clusterings"

    clusterings: list[Clustering]

    def records(self) -> list[dict[str, Any]]:
        """Return a row for each clustering, without its clusters."""
        columns = {"id", "status", "k", "words", "new_words", "pinned", "created", "seconds"}
        return [clustering.model_dump(include=columns) for clustering in self]


class ClusterWord(Answer):
    """A stored word and the id of its cluster."""

    id: str
    text: str
    cluster: str


class ClusterWordPage(Table[ClusterWord]):
    """Some words with their clusters, and the cursor of the next page, null at the end."""

    table = "words"

    words: list[ClusterWord]
    next: str | None


class ClusterMatch(Answer):
    """A cluster and its score."""

    cluster: str
    name: str
    score: float


class ClusterAnswer(Answer):
    """The clusters nearest to one text."""

    text: str
    clustering: str
    matches: list[ClusterMatch]
    truncated: bool = False

    def records(self) -> list[dict[str, Any]]:
        """Return a row for each match."""
        return [{"text": self.text, **match.model_dump()} for match in self.matches]


class ClusterAnswers(Table[ClusterAnswer]):
    """Answers in the order of the texts."""

    results: list[ClusterAnswer]
