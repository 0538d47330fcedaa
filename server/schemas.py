"""What comes in: every body, query and path is one of these models, and OpenAPI is made from them."""

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from indexer.contract.evaluations import MOST_ROWS
from indexer.records import (
    MOST_ITEMS,
    Scalar,
    Topic,
    Word,
    encodes,
    id_problem,
    metadata_problem,
    text_hash,
    text_problem,
)


def _text(value: str) -> str:
    if reason := text_problem(value):
        raise ValueError(reason)
    return value


def _unicode(value: str) -> str:
    if not encodes(value):
        raise ValueError("it holds half of a surrogate pair")
    return value


def _id(value: str) -> str:
    if reason := id_problem(value):
        raise ValueError(reason)
    return value


def _metadata(value: Any) -> Any:
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise ValueError("metadata is an object of names and values")
    if reason := metadata_problem(value):
        raise ValueError(reason)
    return value


Text = Annotated[str, AfterValidator(_text), Field(json_schema_extra={"example": "Mango"})]
Id = Annotated[str, AfterValidator(_id)]
Unicode = Annotated[str, AfterValidator(_unicode)]  # what JSON can escape and nothing can store is refused
# checked whole and kept as it is: pydantic's unions would turn 1 into True or "1"
Metadata = Annotated[dict[str, Any], BeforeValidator(_metadata)]
Texts = Annotated[list[Text], Field(min_length=1, max_length=MOST_ITEMS)]
Count = Annotated[int, Field(ge=1, le=MOST_ITEMS)]
Cosine = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]


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

    name: Text = Field(json_schema_extra={"example": "Fruit"})
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
    """A text and its topic; null, none or oos where it belongs to none."""

    text: Text
    label: str | None


class EvaluationIn(Body):
    """Labelled texts."""

    rows: Annotated[list[LabelledIn], Field(min_length=1, max_length=MOST_ROWS)]


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
    """The id of a word; `/` may stand in it."""

    id: str


class NamePath(BaseModel):
    """The name of a topic."""

    name: str


class RunPath(BaseModel):
    """The id of a clustering."""

    run: str


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


class ClusteringIn(Body):
    """How to recluster: exactly one of `k` and `around`.

    `start`: a run to start from, null for a fresh start, else the newest finished run with the same settings.
    """

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"example": {"k": 3, "seed": 42}})

    k: Count | Literal["auto"] | None = None
    around: Literal["topics"] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 42
    start: Unicode | None = None
    k_min: Annotated[int, Field(ge=2, le=MOST_ITEMS)] | None = None
    k_max: Annotated[int, Field(ge=2, le=MOST_ITEMS)] | None = None
    stop_words: Annotated[list[Unicode], Field(max_length=MOST_ITEMS)] | None = None


class ClusterWordsQuery(PageQuery):
    """Which cluster's words, and how many."""

    cluster: str | None = None


class ClusterQuery(Query):
    """Which run answers; the newest finished one where none is named."""

    clustering: str | None = None


class NearestClusterQuery(ClusterQuery):
    """A text and how many clusters to show."""

    text: Text
    k: Count = 1


class NearestClustersIn(Body):
    """Texts and how many clusters to show for each."""

    texts: Texts
    k: Count = 1
