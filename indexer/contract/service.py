"""The protocols of an open corpus, `Service` and its four nouns: an engine keeps them, and so does an HTTP client.

What a verb does, and what it raises, is documented here for both. Imports and examinations of the store are no verbs of
it: a program that has a file sends its words with `Words.index`, and only a server's page sends the file as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol, Self

from indexer.contract.evaluations import Calibration, Evaluation
from indexer.contract.exports import ExportFormat
from indexer.contract.info import Info
from indexer.contract.runs import Clusterings, Maps, Reembeddings
from indexer.contract.topics import (
    ClassifiedWords,
    Kind,
    NullScores,
    Order,
    Thresholds,
    ThresholdSet,
    TopicAnswers,
    TopicChange,
    TopicChanged,
    TopicPreview,
    TopicRecord,
    TopicSet,
    TopicSizes,
)
from indexer.contract.words import Counts, Similarity, WordAnswers, WordPage, WordRecord, WordsAdded
from indexer.records import LabelledText, Scalar, Topic, Word


class Words(Protocol):
    """The stored words."""

    def add(self, words: Sequence[Word | str]) -> WordsAdded:
        """Add or update words; a bare text gets the id that follows from it. When it returns they are on disk.

        The same again changes and embeds nothing. Raises InvalidRequest, before anything is stored, where a text, an
        id or metadata cannot be stored.
        """

    def index(self, words: Iterable[Word], on_batch: Callable[[Counts], None]) -> None:
        """Add a stream of words that names no id twice; `on_batch` is called with the counts of each batch on disk."""

    def plan(self, words: Iterable[Word], on_text: Callable[[str], None] = lambda _: None) -> Counts:
        """Return what `index` would do, without doing it; a text under several ids is embedded once.

        `on_text` is called with each text that would be embedded.
        """

    def ids(self) -> Iterator[str]:
        """Yield the id of every word."""

    def page(self, limit: int, cursor: str | None = None, contains: str | None = None) -> WordPage:
        """Return `limit` words, 1,000 at most, from the cursor on, in the order in which they first came.

        `contains`: only words whose text contains this one, both casefolded: "STRASSE" finds "straße". Accents count,
        and so does how they are written: "é" does not find "e" with U+0301, nor "istanbul" "İstanbul".
        Deleting words between two pages skips none of the others. Raises InvalidRequest for a cursor that is not from
        a page.
        """

    def get(self, id: str) -> WordRecord:
        """Return one word; raises NotFound."""

    def delete(self, ids: Sequence[str]) -> int:
        """Delete words and return how many of them were stored."""

    def nearest(self, texts: Sequence[str], k: int = 10, where: Mapping[str, Scalar] | None = None) -> WordAnswers:
        """Return the k stored words nearest to each text, among those with the metadata `where`."""


class Topics(Protocol):
    """The topics, the thresholds of their answers, and how right the answers are."""

    def all(self) -> TopicSet:
        """Return all topics in their order."""

    def get(self, name: str) -> TopicRecord:
        """Return one topic; raises NotFound."""

    def replace(self, topics: Sequence[Topic | str]) -> TopicSet:
        """Make `topics`, whose names differ, the whole set."""

    def add(self, topics: Sequence[Topic | str]) -> TopicSet:
        """Add topics, or replace those with the same name in their place."""

    def change(self, name: str, change: TopicChange, version: str | None = None) -> TopicChanged:
        """Change fields of one topic; with another name it keeps its place and its own threshold.

        Raises NotFound, Conflict where the new name is another topic's, and PreconditionFailed where `version` is
        given and the topic has another one by now. Of many who change one version at once through an engine, one
        succeeds; engines that share a Chroma server see what another has changed before, and not at the same moment.
        """

    def delete(self, name: str) -> TopicSet:
        """Delete one topic; raises NotFound."""

    def preview(self, topics: Sequence[Topic | str], texts: Sequence[str] = (), k: int = 2) -> TopicPreview:
        """Return what would change if `topics` were the whole set, and the answers to `texts`; change nothing."""

    def similarity(self) -> Similarity:
        """Return the cosine of every prototype in use with every other."""

    def sizes(self) -> TopicSizes:
        """Return how many stored words are answered with each topic."""

    def deactivate(self) -> None:
        """Go back to plain labels; harmless where nothing is active."""

    def nearest(self, texts: Sequence[str], k: int = 2, prototypes: Kind | None = None) -> TopicAnswers:
        """Return the k nearest topics of each text; `prototypes="label"` ignores an adaptation."""

    def classify(self, topic: str | None = None) -> Iterator[str]:
        """Yield the topic of every stored word, or the words of one topic, as lines of JSON, many at a time.

        The call itself raises NotFound for a topic that is not set.
        """

    def words(self, order: Order, topic: str | None = None, limit: int = 100) -> ClassifiedWords:
        """Return the `limit` stored words, 1,000 at most, whose topic is surest, or least sure, first.

        The margin says how sure it is, with a single topic the score; words without a topic are the least sure.
        `topic`: only the words that are answered with it. Raises NotFound for a topic that is not set.
        """

    def thresholds(self) -> ThresholdSet:
        """Return the thresholds of the prototypes in use."""

    def set_thresholds(self, thresholds: Thresholds) -> ThresholdSet:
        """Set the thresholds of the prototypes in use; raises InvalidRequest for a topic that is not set."""

    def null_scores(self) -> NullScores:
        """Return the scores of stored words with topics they are not near; empty with too few of either."""

    def evaluate(self, rows: Sequence[LabelledText]) -> Evaluation:
        """Measure the answers to labelled texts at the thresholds in use.

        Raises InvalidRequest where there are no rows, no topics, or labels that are no topics, and through a server
        where there are more than 20,000 rows.
        """

    def calibrate(self, rows: Sequence[LabelledText], precision: float = 0.9, *, apply: bool = True) -> Calibration:
        """Find the thresholds that answer most labelled texts at this precision, and set them where `apply` is true.

        Raises InvalidRequest, with the reason, where the rows cannot teach thresholds, and through a server where
        there are more than 20,000.
        """


class Service(Protocol):
    """An open corpus: four nouns, and what they share. Close it, or use it in a `with`."""

    words: Words
    topics: Topics
    clusterings: Clusterings
    maps: Maps
    reembeddings: Reembeddings

    def similarity(self, rows: Sequence[str], columns: Sequence[str] | None = None) -> Similarity:
        """Return the cosine of every row with every column; no columns = the rows."""

    def info(self) -> Info:
        """Return the version, the model, and how much is stored where."""

    def export(self, format: ExportFormat) -> Iterator[bytes]:
        """Yield all words, with what is known of them, as a file; "numpy" and "projector", several files, as a zip.

        That is their metadata, vectors, topics, clusters and places on the map, all of the moment of the call. "csv" is
        without the vectors. `topicdex index` makes an equal store of "parquet" and "csv"; `pandas.read_parquet` opens
        the first. Raises InvalidRequest where the metadata has more names than a table has columns, and through a
        server TooManyJobs.
        """

    def check_model(self) -> None:
        """Raise ModelMismatch where a model was asked for and another one made the vectors.

        Raises InvalidRequest where this process has a budget, and nobody knows what the model costs.
        """

    def close(self) -> None:
        """Close the corpus, so that others can open it."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *raised: object) -> None: ...
