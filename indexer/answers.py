"""What the service answers, as the contract names it: the engine makes these, HTTP and the command line show them."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Shown(BaseModel):
    """Base of all answers: fields as the contract has them, never changed once made."""

    model_config = ConfigDict(frozen=True)


class TopicMatch(Shown):
    """A topic and its score."""

    topic: str
    score: float


class TopicPartShown(Shown):
    """A text that a person gave for a topic, and its cosine with the text asked for."""

    role: Literal["name", "description", "example"]
    text: str
    score: float


class TopicAnswer(Shown):
    """The topic of one text, how sure it is, and the runners-up.

    `percentile` is the share of stored words, 0 to 100, whose score with a topic they are not nearest to is lower;
    it compares between models. `evidence` is what of a topic with more than a name spoke for it.
    """

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "text": "Mango",
                "topic": "Fruit",
                "reason": "matched",
                "score": 0.61,
                "margin": 0.22,
                "threshold": None,
                "matches": [{"topic": "Fruit", "score": 0.61}, {"topic": "Country", "score": 0.39}],
                "prototypes": "label",
                "model": "sentence-transformers/all-MiniLM-L6-v2",
                "truncated": False,
            }
        },
    )

    text: str
    topic: str | None
    reason: Literal["matched", "below_threshold", "ambiguous", "no_topics"]
    score: float | None
    margin: float | None
    threshold: float | None
    matches: list[TopicMatch]
    prototypes: Literal["label", "adapted"]
    model: str
    truncated: bool = False
    percentile: float | None = None
    evidence: TopicPartShown | None = None


class TopicAnswers(Shown):
    """Answers in the order of the texts."""

    results: list[TopicAnswer]


class TopicShown(Shown):
    """A topic as it was given."""

    name: str
    description: str = ""
    examples: list[str] = []


class TopicSet(Shown):
    """All topics in their order; `adaptation` is there where a change of the topics put an end to one."""

    topics: list[TopicShown]
    adaptation: Literal["deactivated"] | None = Field(default=None, exclude_if=lambda value: value is None)


class ThresholdSet(Shown):
    """The thresholds of the prototypes in use."""

    score: float | None = None
    margin: float | None = None
    topics: dict[str, float] = {}
    prototypes: Literal["label", "adapted"] = "label"


class BackgroundShown(Shown):
    """The scores that stored words have with topics they are not near: percentiles 0 to 100; empty with too few."""

    percentiles: list[float] = []
    rows: int = 0


class EvaluationShown(Shown):
    """How right the answers are: rates are {value, low, high, n} with an interval of 95 %, null where undefined."""

    model_config = ConfigDict(frozen=True, extra="allow")

    rows: int
    no_topic_rows: int
    accuracy: dict[str, Any]
    macro_f1: dict[str, Any]
    coverage: dict[str, Any]
    precision: dict[str, Any]
    none_recall: dict[str, Any]
    auroc: dict[str, Any]


class WordShown(Shown):
    """A stored word."""

    id: str
    text: str
    metadata: dict[str, Any] = {}


class WordPage(Shown):
    """Some stored words, and the cursor of the next page."""

    words: list[WordShown]
    next: str | None


class WordsAdded(Shown):
    """What a write did; `ids` in the order of the words sent, `embedded` in texts that the model was given.

    `truncated` where a text was cut for the embedding.
    """

    added: int
    updated: int
    unchanged: int
    ids: list[str]
    truncated: bool = False
    embedded: int = 0


class WordsRemoved(Shown):
    """How many words were there and are gone."""

    removed: int


class WordMatch(WordShown):
    """A stored word near a text."""

    score: float


class WordAnswer(Shown):
    """The stored words nearest to one text."""

    text: str
    matches: list[WordMatch]
    truncated: bool = False


class WordAnswers(Shown):
    """Answers in the order of the texts."""

    results: list[WordAnswer]


class Similarity(Shown):
    """Cosine of every row with every column."""

    rows: list[str]
    columns: list[str]
    matrix: list[list[float]]


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


class ModelShown(Shown):
    """The model that made the vectors."""

    name: str
    revision: str | None = None
    dimension: int | None = None


class CountsShown(Shown):
    """How much is stored."""

    words: int
    topics: int


class StoreShown(Shown):
    """Where it is stored, and in which format."""

    mode: Literal["embedded", "server"]
    format: int


class Info(Shown):
    """What is running here, on what; `cached_words` are in memory, where search is exact."""

    version: str
    model: ModelShown
    counts: CountsShown
    store: StoreShown
    cached_words: int = 0
