"""What comes in: every body, query and path is one of these models, and OpenAPI is made from them."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from indexer.contract.evaluations import MOST_ROWS
from indexer.records import LabelledText, Scalar, Topic, Word, text_hash
from server.fields import MOST_ITEMS, WHOLE, Cosine, Count, Id, Metadata, Text, Texts, Unicode


class Body(BaseModel):
    """Base of what comes as JSON: no field beside those named, no type turned into another."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Query(BaseModel):
    """Base of what comes in the address."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """Return the schema, made once: flask-openapi3 asks for it at every call, and it takes a millisecond."""
        return super().model_json_schema(*args, **options) if args or options else _schema(cls)


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return dict(super(Query, model).model_json_schema())  # type: ignore[misc]


class NoQuery(Query):
    """No query parameters."""


class TopicIn(Body):
    """A topic: its name, and what describes it."""

    name: Text
    description: Unicode = ""
    examples: Annotated[list[Text], Field(max_length=MOST_ITEMS)] = []

    def topic(self) -> Topic:
        """Return it as the engine knows it."""
        return Topic(self.name, self.description, tuple(self.examples))


def _distinct(topics: list[TopicIn]) -> list[TopicIn]:
    seen: set[str] = set()
    for topic in topics:
        if topic.name in seen:
            raise ValueError(f"the topic {topic.name!r} comes twice")
        seen.add(topic.name)
    return topics


class TopicsIn(Body):
    """Topics, their names all different."""

    topics: Annotated[list[TopicIn], Field(min_length=1, max_length=MOST_ITEMS), AfterValidator(_distinct)]


class PrototypesQuery(Query):
    """Which prototypes answer: `label` passes over an adaptation."""

    prototypes: Literal["label"] | None = None


class NearestTopicQuery(PrototypesQuery):
    """A text and how many topics to show."""

    text: Text
    k: Count = 2


class NearestTopicsIn(Body):
    """Texts and how many topics to show for each."""

    texts: Texts
    k: Count = 2


class TopicQuery(Query):
    """Only the words of this topic."""

    topic: str | None = None


class LabelledIn(Body):
    """A text and its topic; null where it belongs to none."""

    text: Text
    label: str | None


class EvaluationIn(Body):
    """Labelled texts."""

    rows: Annotated[list[LabelledIn], Field(min_length=1, max_length=MOST_ROWS)]

    def labelled(self) -> list[LabelledText]:
        """Return the rows as the engine knows them."""
        return [LabelledText(row.text, row.label) for row in self.rows]


class CalibrationIn(EvaluationIn):
    """Labelled texts, the share of the answers that must be right, and whether to set what is found."""

    precision: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.9
    apply: bool = False


class ThresholdsIn(Body):
    """Least score, least margin, and least scores of single topics; null takes one away."""

    score: Cosine | None = None
    margin: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    topics: dict[str, Cosine] = {}


class WordIn(Body):
    """A word or short text, with an id (else it follows from the text) and flat metadata."""

    text: Text
    id: Id | None = None
    metadata: Metadata = {}

    def word(self) -> Word:
        """Return it as the engine knows it."""
        return Word(self.text, text_hash(self.text) if self.id is None else self.id, self.metadata)


class WordsIn(Body):
    """Words to add or update."""

    words: Annotated[list[WordIn], Field(min_length=1, max_length=MOST_ITEMS)]


class PageQuery(Query):
    """How many to show, and from where: `next` of the page before."""

    limit: Count = 100
    cursor: str | None = None


class IdPath(BaseModel):
    """The id of a word, in which `/` may stand, or of a clustering."""

    id: str


class NamePath(BaseModel):
    """The name of a topic."""

    name: str


class DiffPath(BaseModel):
    """The ids of two clusterings."""

    old: str
    new: str


class IdsIn(Body):
    """Ids of words."""

    ids: Annotated[list[Unicode], Field(min_length=1, max_length=MOST_ITEMS)]


class NearestWordQuery(Query):
    """A text and how many words to show."""

    text: Text
    k: Count = 10


class NearestWordsIn(Body):
    """Texts, how many words to show for each, and the metadata that these must have."""

    texts: Texts
    k: Count = 10
    where: Metadata | None = None

    def conditions(self) -> dict[str, Scalar]:
        """Return the metadata that is asked for."""
        return dict(self.where or {})


class SimilarityIn(Body):
    """The texts of the rows and of the columns; no columns = the rows."""

    rows: Texts
    columns: Texts | None = None


class WaitQuery(Query):
    """How many seconds to wait for the end, at most."""

    wait: Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)] = 0


def _way(name: str, value: dict[str, JsonValue], *without: str) -> JsonValue:
    nulls: dict[str, JsonValue] = {other: {"type": "null"} for other in without}
    return {"properties": {name: value, **nulls}, "required": [name]}


class ClusteringIn(Body):
    """How to cluster: exactly one of `k` and `around`; `k_min` and `k_max` go with `"k": "auto"`.

    `start`: the clustering to start from, null for a fresh start, else the newest finished one with the same settings.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"k": 3, "seed": 42},
            "oneOf": [
                _way("k", {"type": "integer"}, "around", "k_min", "k_max"),
                _way("k", {"const": "auto"}, "around"),
                _way("around", {"const": "topics"}, "k", "k_min", "k_max"),
            ],
        }
    )

    k: Count | Literal["auto"] | None = None
    around: Literal["topics"] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32), WHOLE] = 42
    start: Unicode | None = None
    k_min: Annotated[int, Field(ge=2, le=MOST_ITEMS), WHOLE] | None = None
    k_max: Annotated[int, Field(ge=2, le=MOST_ITEMS), WHOLE] | None = None
    stop_words: Annotated[list[Unicode], Field(max_length=MOST_ITEMS)] | None = None


class ClusterWordsQuery(PageQuery):
    """Which cluster's words, and how many."""

    cluster: str | None = None


class ClusterQuery(Query):
    """Which clustering answers; the newest finished one where none is named."""

    clustering: str | None = None


class NearestClusterQuery(ClusterQuery):
    """A text and how many clusters to show."""

    text: Text
    k: Count = 1


class NearestClustersIn(Body):
    """Texts and how many clusters to show for each."""

    texts: Texts
    k: Count = 1
