"""Words over HTTP: add, list, get, delete, nearest, similarity."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from indexer.contract.words import Similarity, WordAnswer, WordAnswers, WordPage, WordRecord, WordsAdded, WordsRemoved
from indexer.records import MOST_ITEMS, Word, text_hash
from server.context import answer, engine
from server.problems import BODY, MODEL, V1, answers
from server.schemas import Body, Count, Id, IdPath, Ids, Metadata, NoQuery, PageQuery, Query, Text, Texts


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


class IdsIn(Body):
    """Ids of words."""

    ids: Ids


class WordsQuery(PageQuery):
    """How many to show, from where, and what their texts contain, upper and lower case alike."""

    contains: str | None = None


class NearestWordQuery(Query):
    """A text and how many words to show."""

    text: Text
    k: Count = 10


class NearestWordsIn(Body):
    """Texts, how many words to show for each, and the metadata that these must have."""

    texts: Texts
    k: Count = 10
    where: Metadata | None = None


class SimilarityIn(Body):
    """The texts of the rows and of the columns; no columns = the rows."""

    rows: Texts
    columns: Texts | None = None


words = APIBlueprint("words", __name__, url_prefix="/v1", abp_security=[{"key": []}], abp_tags=[Tag(name="Words")])


@words.post("/words", responses=answers(WordsAdded, *BODY, *MODEL))
def add_words(query: NoQuery, body: WordsIn) -> Response:
    """Add or update words; 200 means that they are on disk."""
    return answer(engine().words.add([word.word() for word in body.words]))


@words.get("/words", responses=answers(WordPage, *V1))
def list_words(query: WordsQuery) -> Response:
    """List the words in the order in which they first came, all or those whose texts contain a text."""
    return answer(engine().words.page(query.limit, query.cursor, query.contains))


@words.get("/words/nearest", responses=answers(WordAnswer, *V1, *MODEL))
def nearest_words(query: NearestWordQuery) -> Response:
    """Find the stored words nearest to a text, which is not stored."""
    return answer(engine().words.nearest([query.text], query.k)[0])


@words.post("/words/nearest", responses=answers(WordAnswers, *BODY, *MODEL))
def nearest_words_of_many(query: NoQuery, body: NearestWordsIn) -> Response:
    """Find the stored words nearest to each text."""
    return answer(engine().words.nearest(body.texts, body.k, body.where))


@words.post("/words/delete", responses=answers(WordsRemoved, *BODY))
def delete_words(query: NoQuery, body: IdsIn) -> Response:
    """Delete words."""
    return answer(WordsRemoved(removed=engine().words.delete(body.ids)))


@words.get("/words/<anything:id>", responses=answers(WordRecord, *V1, "not_found"))
def get_word(path: IdPath, query: NoQuery) -> Response:
    """Get one word."""
    return answer(engine().words.get(path.id))


@words.delete("/words/<anything:id>", responses=answers(None, *V1, "not_found", status=204))
def delete_word(path: IdPath, query: NoQuery) -> Response:
    """Delete one word."""
    engine().words.get(path.id)
    engine().words.delete([path.id])
    return Response(status=204)


@words.post("/similarity", responses=answers(Similarity, *BODY, *MODEL))
def compare(query: NoQuery, body: SimilarityIn) -> Response:
    """Compare every row with every column."""
    return answer(engine().similarity(body.rows, body.columns))
