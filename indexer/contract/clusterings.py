"""A clustering, from the store's rows to the wire: its settings, its clusters, and what became of earlier ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ConfigDict, Field

from indexer.contract.answer import Answer, Table
from indexer.errors import InvalidRequest

NEWEST = "newest"  # start from the newest finished clustering with the same settings
Status = Literal["queued", "running", "done", "failed", "cancelled"]


class ClusteringSettings(Answer):
    """What a clustering is asked to do; it follows the newest one with the same settings.

    `start` is the id of the clustering to start from, null for a fresh start; "newest" until that one is looked up.
    """

    k: int | Literal["auto"] | None = None
    around: Literal["topics"] | None = None
    seed: int = 42
    start: str | None = NEWEST
    k_min: int | None = None
    k_max: int | None = None
    stop_words: list[str] | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> ClusteringSettings:
        """Return the settings that were given; raises InvalidRequest where they contradict each other."""
        settings = cls(**given)
        if (settings.k is None) == (settings.around is None):
            raise InvalidRequest("give exactly one of k and around")
        if settings.k != "auto" and (settings.k_min is not None or settings.k_max is not None):
            raise InvalidRequest('k_min and k_max go with "k": "auto"')
        if settings.k_min is not None and settings.k_max is not None and settings.k_min > settings.k_max:
            raise InvalidRequest(f"k_min is {settings.k_min} and k_max {settings.k_max}; swap them")
        return settings

    def follows(self, other: ClusteringSettings) -> bool:
        """Tell whether a clustering with these settings goes on from one with those, whatever each started from."""
        return self.model_copy(update={"start": None}) == other.model_copy(update={"start": None})


class Cluster(Answer):
    """A cluster: `keywords` and `examples` say what is in it, best first."""

    id: str
    name: str
    size: int
    keywords: list[str]
    examples: list[str]


class _FromTo(Answer):
    model_config = ConfigDict(frozen=True, populate_by_name=True, serialize_by_alias=True)


class Continued(_FromTo):
    """An old cluster and the new one that goes on from it; `shared` of their common words are in both."""

    old: str = Field(alias="from")
    new: str = Field(alias="to")
    shared: int


class Split(_FromTo):
    """An old cluster that two or more new ones come from."""

    old: str = Field(alias="from")
    new: list[str] = Field(alias="to")


class Merged(_FromTo):
    """Two or more old clusters that went into one new one."""

    old: list[str] = Field(alias="from")
    new: str = Field(alias="to")


class Lineage(Answer):
    """What became of the clusters of an earlier clustering, by their ids.

    Each old cluster is in `continued` or in `gone`, each new one in `continued` or in `born`; `split` and `merged` say
    where to and where from. `moved` of the `common` words are in another cluster than the one that continues theirs.
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
    """The mean cosine of the words to their own prototype, and the silhouette of a sample; null with one cluster."""

    score: float
    silhouette: float | None


class GrownTopic(Answer):
    """How one topic grew: `support` is the number of words behind it, `words` of how many it is now the topic."""

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
    """What growing the topics changes: `moved` words get another topic, of which `examples` are some."""

    moved: int
    examples: list[MovedWord]
    topics: list[GrownTopic]


def _optional() -> Any:
    """Return a field that an answer has only where it says something."""
    return Field(default=None, exclude_if=lambda value: value is None)


class Clustering(Answer):
    """A clustering: queued, at work, or ended, and then what it found.

    `words` is how many there were, `new_words` how many have come since. `criterion`, `curve` (points of k and the
    criterion) and `clear` say how k was chosen where it was "auto". Clusterings around topics have an `adaptation`,
    and are `active` while topic lookups answer from them.
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
        """Tell whether nothing more will become of it."""
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
        shown = {"id", "status", "k", "words", "new_words", "pinned", "created", "seconds"}
        return [clustering.model_dump(include=shown) for clustering in self]


class ClusterWord(Answer):
    """A stored word and the id of its cluster."""

    id: str
    text: str
    cluster: str


class ClusterWordPage(Table[ClusterWord]):
    """Some words with their clusters, and the cursor of the next page."""

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
