"""Words over HTTP: add, list, get, delete, nearest, similarity."""

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from indexer.contract import (
    Similarity,
    WordAnswer,
    WordAnswers,
    WordPage,
    WordRecord,
    WordsAdded,
    WordsRemoved,
)
from server.context import answer, engine
from server.schemas import (
    IdPath,
    IdsIn,
    NearestWordQuery,
    NearestWordsIn,
    NoQuery,
    PageQuery,
    SimilarityIn,
    WordsIn,
)

words = APIBlueprint("words", __name__, url_prefix="/v1", abp_security=[{"key": []}], abp_tags=[Tag(name="Words")])


@words.post("/words", responses={200: WordsAdded})
def add_words(query: NoQuery, body: WordsIn) -> Response:
    """Add or update words; 200 means that they are on disk."""
    return answer(engine().words.add([word.word() for word in body.words]))


@words.get("/words", responses={200: WordPage})
def list_words(query: PageQuery) -> Response:
    """List the words in the order in which they first came."""
    return answer(engine().words.page(query.limit, query.cursor))


@words.get("/words/nearest", responses={200: WordAnswer})
def nearest_words(query: NearestWordQuery) -> Response:
    """Find the stored words nearest to a text, which is not stored."""
    return answer(engine().words.nearest([query.text], query.k)[0])


@words.post("/words/nearest", responses={200: WordAnswers})
def nearest_words_of_many(query: NoQuery, body: NearestWordsIn) -> Response:
    """Find the stored words nearest to each text."""
    return answer(engine().words.nearest(body.texts, body.k, body.conditions()))


@words.post("/words/delete", responses={200: WordsRemoved})
def delete_words(query: NoQuery, body: IdsIn) -> Response:
    """Delete words."""
    return answer(WordsRemoved(removed=engine().words.delete(body.ids)))


@words.get("/words/<anything:id>", responses={200: WordRecord})
def get_word(path: IdPath, query: NoQuery) -> Response:
    """Get one word."""
    return answer(engine().words.get(path.id))


@words.delete("/words/<anything:id>", responses={204: None})
def delete_word(path: IdPath, query: NoQuery) -> Response:
    """Delete one word."""
    engine().words.get(path.id)
    engine().words.delete([path.id])
    return Response(status=204)


@words.post("/similarity", responses={200: Similarity})
def compare(query: NoQuery, body: SimilarityIn) -> Response:
    """Compare every row with every column."""
    return answer(engine().similarity(body.rows, body.columns))
