"""Answers about several models on the same texts: how right, how fast, how dear, and what their similarities mean."""

from __future__ import annotations

from typing import Any, Literal

from indexer.contract.answer import Answer, Table
from indexer.contract.evaluations import MOST_ROWS as MOST_ROWS  # of one comparison as well
from indexer.contract.evaluations import Rate
from indexer.contract.jobs import Job

MOST_MODELS = 10  # in one comparison
MOST_SHOWN = 100  # disagreements
Figure = Literal["accuracy.labels", "accuracy.grown", "none_auroc", "v_measure"]


class Accuracy(Answer):
    """The share of the texts of a topic whose nearest topic is theirs.

    `labels`: topics are the names of the labels, and nothing else. `centred`: the same scores, each less its topic's
    mean. `grown`: the topics were grown on half of the texts, without their labels, and answer for the other half;
    `labels_there` is what the names alone reach on that half. `growing` says where nothing could grow, and why.
    """

    labels: Rate
    centred: Rate
    grown: Rate
    labels_there: Rate
    growing: str | None


class PairScores(Answer):
    """Cosines of pairs of texts: percentiles by their number, and the pairs in each of 100 equal bins of [-1, 1]."""

    pairs: int
    percentiles: dict[str, float]
    histogram: list[int]


class Level(Answer):
    """A score with its 95 % interval."""

    score: float
    low: float
    high: float


class SimilarityRange(Answer):
    """What the similarities of a model mean on these texts.

    `random` are pairs drawn from all texts, `same_topic` pairs of one label, `unrelated` pairs of two labels, without
    labels those of `random`. From `similar_from` on a similarity means something: one unrelated pair in a hundred
    reaches it. `same_topic_above` is the share of the pairs of one topic that do. `likelier_from` is the score from
    which pairs of one topic are denser than unrelated ones.
    """

    random: PairScores
    same_topic: PairScores | None
    unrelated: PairScores
    similar_from: Level
    same_topic_above: float | None
    likelier_from: float | None


class ModelFigures(Answer):
    """What one model is and reaches; where it failed, `error` says why, and all else is null.

    `bytes_per_word` are those of its vector, in memory; `stored_bytes_per_word` about those on disk, with the index,
    the snapshot, a short text and its id. `milliseconds` is the median of `timed` single texts. `price_per_million` is
    in US dollars for a million such texts, 0 for a model that runs here, null where the price is not known; it is of
    the day `price_dated`.
    """

    name: str
    error: str | None = None
    dimension: int | None = None
    bytes_per_word: int | None = None
    stored_bytes_per_word: int | None = None
    texts_per_second: float | None = None
    milliseconds: float | None = None
    timed: int = 0
    truncated: int | None = None
    tokens_per_text: float | None = None
    price_per_million: float | None = None
    price_dated: str | None = None
    accuracy: Accuracy | None = None
    none_auroc: Rate | None = None
    v_measure: Rate | None = None
    range: SimilarityRange | None = None


class Agreement(Answer):
    """How far two models agree: the share of texts with the same topic, and of 10 nearest texts that both name."""

    models: tuple[str, str]
    answers: Rate | None
    neighbours: Rate


class Difference(Answer):
    """The first model's figure less the second's, over the same texts, with its 95 % interval.

    `noise`: a difference like this comes by chance in more than one of twenty such sets of texts.
    """

    models: tuple[str, str]
    figure: Figure
    value: float
    low: float
    high: float
    p: float
    noise: bool
    test: Literal["McNemar", "DeLong", "paired bootstrap"]


class ModelAnswer(Answer):
    """The topic that a model gives a text, and in words; "(!)" marks what contradicts the label."""

    model: str
    topic: str
    margin: float | None
    right: bool
    says: str


class Disagreement(Answer):
    """A text of which models say different things; of one model, other than the label."""

    text: str
    label: str
    answers: list[ModelAnswer]


class Compared(Answer):
    """A comparison: figures of each model, and what pairs of models make of the same texts.

    `distinct_texts` were embedded. `labels` are the topics, none without labels; `no_topic_rows` belong to none.
    `disagreements` holds the most telling first, at most 100 of `disagreeing`.
    """

    rows: int = 0
    distinct_texts: int = 0
    labels: list[str] = []
    no_topic_rows: int = 0
    seed: int = 42
    models: list[ModelFigures] = []
    agreement: list[Agreement] = []
    differences: list[Difference] = []
    disagreeing: int = 0
    disagreements: list[Disagreement] = []
    messages: list[str] = []

    def records(self) -> list[dict[str, Any]]:
        """Return a row for each model."""
        return [model.model_dump(exclude={"range"}) for model in self.models]


class Comparison(Job, Compared):
    """A comparison as a job; the figures of a model are there as soon as it is done."""

    asked: list[str]


class ComparisonEntry(Job):
    """A comparison in a list: the models that were asked for and the number of rows."""

    asked: list[str]
    rows: int


class ComparisonList(Table[ComparisonEntry]):
    """Comparisons, newest first."""

    table = "comparisons"

    comparisons: list[ComparisonEntry]
