"""The protocol `Words`: the same calls give the same through an engine and through a server."""

import pytest

from indexer.contract.words import Counts, WordAnswers, WordPage, WordRecord, WordsAdded
from indexer.errors import InvalidRequest, NotFound
from indexer.records import Word, text_hash


def numbered(*texts):
    return [Word(text, str(i)) for i, text in enumerate(texts)]


def test_words_are_added_updated_and_left(service, model):
    first = service.words.add([Word("fruit a", "1"), Word("country b", "2", {"colour": "red"})])
    assert first == WordsAdded(added=2, updated=0, unchanged=0, ids=["1", "2"], truncated=False, embedded=2)
    again = service.words.add([Word("fruit a", "1"), Word("country c", "2"), Word("fruit a", "3")])
    assert again == WordsAdded(added=1, updated=1, unchanged=1, ids=["1", "2", "3"], truncated=False, embedded=1)
    assert model.texts == ["fruit a", "country b", "country c"]
    assert service.words.add([]) == WordsAdded(added=0, updated=0, unchanged=0, ids=[])


def test_bare_texts_get_the_id_that_follows_from_them(service):
    added = service.words.add(["Apple", "Mango"])
    assert added.ids == [text_hash("Apple"), text_hash("Mango")]
    assert service.words.add(["Apple"]).unchanged == 1
    assert service.words.get(added.ids[1]) == WordRecord(id=added.ids[1], text="Mango", metadata={})


@pytest.mark.parametrize(
    "word",
    ["", " \t", "half \udc80", Word(" ", "1"), Word("a", ""), Word("a", "x" * 129), Word("a", "1", {"x": [1]})],
    ids=repr,
)
def test_of_a_list_with_a_word_that_is_refused_nothing_is_stored(service, word):
    with pytest.raises(InvalidRequest):
        service.words.add(["Apple", word])
    assert len(service.words.page(10)) == 0


def test_a_text_that_is_cut_for_the_embedding_is_reported(service):
    assert service.words.add(["x" * 1001]).truncated is True
    assert service.words.nearest(["y" * 1001, "y"])[0].truncated is True


def test_metadata_comes_back_with_its_types(service):
    metadata = {"text": "a", "n": 3, "x": 1.5, "whole": 2.0, "yes": True, "ü b": "\0😀"}
    service.words.add([Word("fruit a", "1", metadata)])
    stored = service.words.get("1").metadata
    assert stored == metadata and {name: type(stored[name]) for name in stored} == {
        name: type(metadata[name]) for name in metadata
    }
    assert service.words.add([Word("fruit a", "1", {"n": True})]).embedded == 0
    assert service.words.get("1").metadata == {"n": True}


def test_a_stream_is_indexed_and_counted(service):
    batches = []
    service.words.add([Word("fruit 0", "0")])
    service.words.index(iter(numbered(*(f"fruit {i}" for i in range(30)))), batches.append)
    assert sum(batches, Counts()) == Counts(added=29, updated=0, unchanged=1, embedded=29)
    service.words.index(iter([]), batches.append)
    assert len(list(service.words.ids())) == 30


def test_a_plan_counts_what_indexing_would_do_and_does_nothing(service, model):
    service.words.add([Word("fruit a", "1"), Word("fruit b", "2", {"n": 1})])
    model.texts.clear()
    words = [Word("fruit a", "1"), Word("fruit b", "2", {"n": 2}), Word("fruit b", "3"), *numbered("new")]
    told = []
    assert service.words.plan(iter(words), told.append) == Counts(added=2, updated=1, unchanged=1, embedded=1)
    assert told == ["new"]
    assert service.words.plan(iter([])) == Counts()
    assert sorted(service.words.ids()) == ["1", "2"] and model.texts == []


def test_a_plan_counts_a_text_once_however_far_apart_its_ids_come(service, monkeypatch):
    monkeypatch.setattr("indexer.words.upsert.BATCH", 2)
    words = numbered("fruit", "a", "b", "c", "fruit")
    told = []
    assert service.words.plan(words, told.append) == Counts(added=5, embedded=4)
    assert sorted(told) == ["a", "b", "c", "fruit"]
    done = []
    service.words.index(words, done.append)
    assert sum(done, Counts()) == Counts(added=5, embedded=4)


def test_pages_lead_to_every_word_once_in_the_order_in_which_they_came(service):
    service.words.add(numbered(*(f"fruit {i}" for i in range(25))))
    page = service.words.page(10)
    assert isinstance(page, WordPage) and [word.id for word in page] == [str(i) for i in range(10)]
    service.words.delete(["3", "9"])
    rest = service.words.page(10, page.next)
    last = service.words.page(10, rest.next)
    assert [word.id for word in [*rest, *last]] == [str(i) for i in range(10, 25)]
    assert last.next is None
    assert list(service.words.ids()) == [str(i) for i in range(25) if i not in (3, 9)]


def test_pages_of_words_that_contain_a_text_lead_to_each_of_them_in_the_same_order(service):
    service.words.add(numbered(*(f"{'Fruit' if i % 2 else 'Straße'} {i}" for i in range(20))))
    page = service.words.page(4, contains="STRASSE")
    assert ([word.id for word in page], page.total) == (["0", "2", "4", "6"], 10)
    service.words.delete(["2", "3", "6"])
    service.words.add([Word("fruit", "8"), Word("Straße", "4")])
    rest = service.words.page(10, page.next, "strasse")
    assert ([word.id for word in rest], rest.next, rest.total) == (["10", "12", "14", "16", "18"], None, 7)
    assert [word.id for word in service.words.page(2, page.next)] == ["5", "7"]
    for nothing in ("straßen", "\udc80"):
        assert service.words.page(10, contains=nothing) == WordPage(words=[], next=None, total=0)
    assert service.words.page(10, contains="").total == service.words.page(1).total == 17


@pytest.mark.parametrize("cursor", ["", "zzz", "MTIz"])
def test_a_cursor_that_no_page_gave_is_refused(service, cursor):
    with pytest.raises(InvalidRequest, match="cursor"):
        service.words.page(1, cursor)


@pytest.mark.parametrize("id", ["a/b", "..", ".", "/", "?q=1#x", "%41", "ä 日本", " ", "nul\0", "two\nlines"])
def test_any_id_can_be_asked_for_and_deleted(service, id):
    service.words.add([Word("fruit a", id), Word("fruit b", "other")])
    assert service.words.get(id) == WordRecord(id=id, text="fruit a")
    assert service.words.delete([id, id, "nowhere"]) == 1
    assert service.words.delete([]) == 0
    with pytest.raises(NotFound, match="there is no word with the id"):
        service.words.get(id)
    assert list(service.words.ids()) == ["other"]


@pytest.mark.parametrize("id", ["nowhere", "", "half \udc80", "x" * 129])
def test_what_is_no_id_of_a_word_is_not_found(service, id):
    with pytest.raises(NotFound):
        service.words.get(id)


def test_nearest_words_come_best_first_with_their_metadata(service):
    service.words.add(
        [Word(f"{kind} {i}", f"{kind}{i}", {"kind": kind}) for kind in ("fruit", "country") for i in (1, 2)]
    )
    answers = service.words.nearest(["fruit 1", "country 2"], 3)
    assert isinstance(answers, WordAnswers) and [answer.text for answer in answers] == ["fruit 1", "country 2"]
    assert [answer.matches[0].id for answer in answers] == ["fruit1", "country2"]
    assert answers[0].matches[0].metadata == {"kind": "fruit"}
    assert answers[0].matches[0].score == pytest.approx(1, abs=1e-5)
    scores = [match.score for match in answers[0].matches]
    assert len(scores) == 3 and scores == sorted(scores, reverse=True)
    only = service.words.nearest(["fruit 1"], 10, {"kind": "country"})[0].matches
    assert {match.id for match in only} == {"country1", "country2"}
    assert list(service.words.nearest([])) == []


def test_an_empty_corpus_has_no_neighbours(service):
    assert service.words.nearest(["fruit"])[0].matches == []
