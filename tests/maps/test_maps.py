"""The protocol `Maps`: the same calls give the same through an engine and through a server."""

import base64
import threading

import numpy as np
import pytest

from indexer import Engine
from indexer.contract.clusterings import ClusteringSettings
from indexer.contract.maps import NONE, WIDTH, Map, MapList, MapSettings
from indexer.contract.topics import Thresholds
from indexer.errors import Cancelled, Conflict, InvalidRequest, NoClustering, NotFound
from indexer.maps import maps as wing
from indexer.records import Word
from tests.model import AxisEmbedder

KINDS = ("fruit", "country", "company")
WORDS = [Word(f"{kind} {i}", f"{kind}{i}", {"kind": kind, "i": i}) for i in range(12) for kind in KINDS]
ALL = [(0, 0), (WIDTH, 0), (WIDTH, WIDTH), (0, WIDTH)]


@pytest.fixture
def corpus(service):
    """A corpus of 36 words in three groups, with two topics."""
    service.words.add(WORDS)
    service.topics.replace(["fruit", "country"])
    return service


def make(service, **settings):
    """Return the id of a map that is done."""
    done = service.maps.make(MapSettings(**settings))
    assert done.status == "done", done.error
    return done.id


def positions(service, id, **axes):
    return np.frombuffer(service.maps.points(id, **axes).positions, "<u2").reshape(-1, 2)


def by_id(service, id):
    """Return the position of every word by its id."""
    found = positions(service, id)
    words = service.maps.words(id, range(len(found)))
    return {word.id: tuple(found[word.row].tolist()) for word in words}


def rows(answer, kind="<u2"):
    return np.frombuffer(base64.b64decode(answer.rows), kind)


def test_a_map_is_made_shown_listed_pinned_and_removed(corpus):
    shares, maps = [], corpus.maps
    done = maps.make(MapSettings(landmarks=20, seed=7, start=None), shares.append)
    assert isinstance(done, Map) and (done.status, done.progress, done.words) == ("done", 1.0, 36), done.error
    assert all(0 <= share <= 1 for share in shares)
    assert done.settings == MapSettings(landmarks=20, seed=7, start=None)
    assert done.seconds >= 0 and done.new_words == 0 and done.model == "axes" and done.moved is None
    assert 0 <= done.far <= 1 and done.quality is not None
    assert maps.get(done.id) == done
    assert maps.all() == MapList(maps=[done])
    assert maps.pin(done.id).pinned and not maps.pin(done.id, False).pinned
    maps.delete(done.id)
    assert len(maps.all()) == 0
    for call in (maps.get, maps.delete, maps.pin, maps.points):
        with pytest.raises(NotFound):
            call(done.id)


def test_the_next_map_starts_from_the_newest_one(corpus):
    first, again = make(corpus), corpus.maps.make(MapSettings(landmarks=30))
    assert (corpus.maps.get(first).settings.start, again.settings.start) == (None, first)
    assert again.moved is not None and 0 <= again.moved <= 1
    assert corpus.maps.make(MapSettings(start=first)).settings.start == first
    assert corpus.maps.make(MapSettings(start=None)).settings.start is None


@pytest.mark.parametrize("asked", [{"landmarks": 2}, {"landmarks": 20_001}, {"start": "nowhere"}])
def test_what_can_never_succeed_is_refused_and_makes_no_map(corpus, asked):
    with pytest.raises(InvalidRequest):
        corpus.maps.make(MapSettings(**asked))
    assert len(corpus.maps.all()) == 0


def test_an_empty_corpus_has_no_map(service):
    with pytest.raises(InvalidRequest, match="no words"):
        service.maps.make(MapSettings())


@pytest.mark.parametrize("words", [["fruit"], ["fruit", "country"], ["same"] * 9])
def test_one_word_two_words_and_words_all_alike_have_a_map(service, words):
    service.words.add([Word(text, str(i)) for i, text in enumerate(words)])
    assert len(by_id(service, make(service))) == len(words)


def test_rows_are_in_the_order_in_which_words_came_and_a_word_that_changes_keeps_its_row(corpus):
    id = make(corpus)
    points = corpus.maps.points(id)
    assert [word.id for word in corpus.maps.words(id, range(36))] == [word.id for word in WORDS]
    assert (points.low, points.high) == (None, None) and len(points.positions) == 4 * 36
    corpus.words.add([Word("fruit changed", "country0"), Word("animal", "new")])
    later = corpus.maps.points(id)
    assert later.order != points.order
    words = corpus.maps.words(id, [36, 1, 99], ids=["none", "fruit0", "country0"])
    assert [(word.row, word.id, word.text) for word in words] == [
        (36, "new", "animal"),
        (1, "country0", "fruit changed"),
        (0, "fruit0", "fruit 0"),
        (1, "country0", "fruit changed"),
    ]
    assert words[2].metadata == {"kind": "fruit", "i": 0}
    assert corpus.maps.words(id).words == []


def test_no_word_moves_when_others_come_change_or_go_or_when_the_store_opens_again(engine, settings, model):
    engine.words.add(WORDS)
    id = make(engine)
    before = by_id(engine, id)
    engine.words.add([Word("animal", "new"), Word("country b", "country0"), Word("fruit b", "fruit12")])
    engine.words.delete(["fruit0", "company3"])
    changed = by_id(engine, id)
    stay = before.keys() & changed.keys() - {"country0"}
    assert len(stay) == 33 and all(changed[word] == before[word] for word in stay)
    assert engine.maps.get(id).new_words == 0  # one more than before, and one less than were drawn
    engine.words.add(WORDS)
    assert {word: at for word, at in by_id(engine, id).items() if word in before} == before
    engine.close()
    with Engine(settings, load=lambda _: model) as reopened:
        again = by_id(reopened, id)
        assert {word: again[word] for word in before} == before
        assert {word: again[word] for word in ("new", "fruit12")} == {w: changed[w] for w in ("new", "fruit12")}
        assert reopened.maps.get(id).new_words == 2


def test_the_order_has_one_name_in_every_process_that_has_it(engine, settings, model):
    engine.words.add(WORDS)
    id = make(engine)
    order = engine.maps.points(id).order
    assert engine.maps.points(id).order == order
    engine.words.add([Word(WORDS[0].text, WORDS[0].id, {"other": 1})])  # neither id nor text is new
    assert engine.maps.points(id).order == order
    engine.close()
    with Engine(settings, load=lambda _: model) as reopened:
        assert reopened.maps.points(id).order == order
        reopened.words.delete([WORDS[0].id])
        reopened.words.add([WORDS[0]])  # which comes last now
        assert reopened.maps.points(id).order != order


def test_a_map_whose_words_are_all_gone_is_empty_and_says_of_how_many_it_was(corpus):
    id = make(corpus)
    corpus.words.delete([word.id for word in WORDS])
    assert corpus.maps.points(id).positions == b""
    assert corpus.maps.get(id).words == 36
    assert [entry.count for entry in corpus.maps.colours(id, "topic").legend] == [0, 0]
    assert corpus.maps.colours(id, "score").rows == ""
    assert corpus.maps.select(id, polygon=ALL).count == 0
    assert corpus.maps.points(id, axes=("fruit", "country")).positions == b""


def test_colours_by_topic_are_what_topic_lookups_answer(corpus):
    id = make(corpus)
    corpus.topics.set_thresholds(Thresholds(score=0.6))
    found = corpus.maps.colours(id, "topic")
    assert (found.by, found.kind, found.order) == ("topic", "class", corpus.maps.points(id).order)
    names = [None if row == NONE else found.legend[row].name for row in rows(found)]
    answers = corpus.topics.nearest([word.text for word in WORDS], 1)
    assert names == [answer.topic for answer in answers] and None in names
    sizes = {size.topic: size.words for size in corpus.topics.sizes().topics}
    assert {entry.name: entry.count for entry in found.legend} == sizes
    at = positions(corpus, id)
    fruit = next(entry for entry in found.legend if entry.name == "fruit")
    own = at[[name == "fruit" for name in names]]
    assert (fruit.x, fruit.y) == tuple(np.median(own, axis=0).astype(int))
    scores = corpus.maps.colours(id, "score")
    assert scores.kind == "value" and -1 <= scores.low < scores.high <= 1
    shares = rows(scores) / (NONE - 1)
    expected = [answer.score for answer in answers]
    assert scores.low + shares * (scores.high - scores.low) == pytest.approx(expected, abs=1e-4)


def test_colours_by_cluster_are_of_the_newest_clustering_or_of_the_one_named(corpus):
    id = make(corpus)
    with pytest.raises(NoClustering):
        corpus.maps.colours(id, "cluster")
    old = corpus.clusterings.make(ClusteringSettings(k=2))
    new = corpus.clusterings.make(ClusteringSettings(k=3))
    for by, made in (("cluster", new), (f"cluster:{old.id}", old)):
        found = corpus.maps.colours(id, by)
        assert [(e.id, e.name, e.count) for e in found.legend] == [(c.id, c.name, c.size) for c in made.clusters]
        cluster = {w.id: w.cluster for w in corpus.clusterings.words(made.id, 100)}
        assert [found.legend[row].id for row in rows(found)] == [cluster[word.id] for word in WORDS]
    with pytest.raises(NotFound):
        corpus.maps.colours(id, "cluster:none")


def test_colours_by_metadata_are_classes_or_many_numbers(corpus):
    id = make(corpus)
    kinds = corpus.maps.colours(id, "metadata:kind")
    assert [(entry.name, entry.count) for entry in kinds.legend] == [("company", 12), ("country", 12), ("fruit", 12)]
    assert [kinds.legend[row].name for row in rows(kinds)] == [word.metadata["kind"] for word in WORDS]
    few = corpus.maps.colours(id, "metadata:i")
    assert few.kind == "class" and [entry.name for entry in few.legend] == [str(i) for i in range(12)]
    corpus.words.add([Word(f"animal {i}", f"a{i}", {"i": i / 2, "yes": i % 2 == 0}) for i in range(100)])
    many = corpus.maps.colours(id, "metadata:i")
    assert (many.kind, many.low, many.high, many.legend) == ("value", 0.0, 49.5, [])
    assert rows(many)[:6].tolist() == [0, 0, 0, *[round(1 / 49.5 * 65_534)] * 3] and rows(many)[-1] == 65_534
    yes = corpus.maps.colours(id, "metadata:yes")
    assert [(entry.name, entry.count) for entry in yes.legend] == [("false", 50), ("true", 50)]
    assert (rows(yes)[:36] == NONE).all()
    with pytest.raises(NotFound):
        corpus.maps.colours(id, "metadata:none")


def test_of_very_many_classes_the_rarest_are_one(engine):
    engine.words.add(
        [Word(f"fruit {i}", str(i), {"own": f"v{i // 2:04}" if i < 2000 else f"w{i}"}) for i in range(2010)]
    )
    found = engine.maps.colours(make(engine), "metadata:own")
    assert len(found.legend) == 1_000
    assert (found.legend[0].name, found.legend[0].count) == ("v0000", 2)
    assert (found.legend[-1].name, found.legend[-1].count) == ("other", 12)
    assert set(rows(found)[1998:].tolist()) == {999}


@pytest.mark.parametrize("by", ["", "colour", "clusters", "metadata", "metadata:", "cluster:"])
def test_another_colour_is_refused(corpus, by):
    id = make(corpus)
    with pytest.raises(InvalidRequest):
        corpus.maps.colours(id, by)


def test_without_topics_there_are_no_colours_by_topic(service):
    service.words.add(WORDS)
    id = make(service)
    for by in ("topic", "score"):
        with pytest.raises(InvalidRequest, match="no topics"):
            service.maps.colours(id, by)
    assert service.maps.select(id, polygon=ALL).topics == []


def test_two_topics_are_exact_axes(corpus):
    id = make(corpus)
    points = corpus.maps.points(id, axes=("fruit", "country"))
    answers = corpus.topics.nearest([word.text for word in WORDS], 2)
    expected = [[{m.topic: m.score for m in a.matches}[name] for name in ("fruit", "country")] for a in answers]
    scores = points.low + positions(corpus, id, axes=("fruit", "country")) / WIDTH * (points.high - points.low)
    assert scores == pytest.approx(np.array(expected), abs=1e-4)
    assert points.order == corpus.maps.points(id).order
    upper = [(0, 0), (WIDTH, WIDTH), (0, WIDTH)]  # nearer to "country"
    assert corpus.maps.select(id, polygon=upper, axes=("fruit", "country")).topics[0].topic == "country"
    with pytest.raises(InvalidRequest):
        corpus.maps.points(id, axes=("fruit", "fruit"))
    with pytest.raises(NotFound):
        corpus.maps.points(id, axes=("fruit", "none"))


def test_a_selection_says_what_its_words_have_in_common(corpus):
    id = make(corpus)
    fruits = [row for row, word in enumerate(WORDS) if word.metadata["kind"] == "fruit"]
    for given in ({"rows": [99, *fruits[::-1], *fruits]}, {"contains": "FRUIT"}):
        found = corpus.maps.select(id, **given)
        assert rows(found, "<u4").tolist() == fruits and found.count == 12
        assert [(one.topic, one.count) for one in found.topics] == [("fruit", 12)]
        assert found.keywords[0] == "fruit"
        assert len(found.examples) == 10 and {word.row for word in found.examples} <= set(fruits)
        mean = AxisEmbedder().embed([WORDS[row].text for row in fruits]).mean(axis=0)
        near = [float(AxisEmbedder().embed([word.text])[0] @ mean) for word in found.examples]
        assert near == sorted(near, reverse=True)
    everything = corpus.maps.select(id, polygon=ALL)
    assert everything.count == sum(one.count for one in everything.topics) == 36
    assert rows(everything, "<u4").tolist() == list(range(36))
    nothing = corpus.maps.select(id, contains="nowhere")
    assert (nothing.count, nothing.rows, nothing.topics, nothing.keywords, nothing.examples) == (0, "", [], [], [])


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"rows": [0], "contains": "fruit"},
        {"rows": [0], "axes": ("fruit", "country")},
        {"polygon": ALL[:2]},
        {"polygon": [(0, 0)] * 1_001},
        {"polygon": [*ALL[:2], (float("nan"), 0)]},
        {"polygon": [*ALL[:2], (0, WIDTH + 1)]},
        {"polygon": [*ALL[:2], (-1, 0)]},
    ],
)
def test_a_selection_that_is_none_is_refused(corpus, asked):
    id = make(corpus)
    with pytest.raises(InvalidRequest):
        corpus.maps.select(id, **asked)


def test_a_text_has_a_place_and_one_that_is_near_nothing_is_off_the_map(corpus):
    id = make(corpus)
    near, far = corpus.maps.locate(id, ["fruit 3", "animal animal"])
    assert (near.text, near.off_map) == ("fruit 3", False)
    assert (near.x, near.y) == by_id(corpus, id)["fruit3"]
    assert far.off_map and 0 <= far.x <= WIDTH
    with pytest.raises(InvalidRequest):
        corpus.maps.locate(id, [" "])
    assert corpus.words.page(1).total == 36


def test_a_map_in_the_making_blocks_neither_lookups_nor_writes_and_shows_nothing(engine, monkeypatch):
    engine.words.add(WORDS)
    begun, go, made, draw = threading.Event(), threading.Event(), [], wing.draw

    def held(*given):
        begun.set()
        assert go.wait(30)
        return draw(*given)

    monkeypatch.setattr(wing, "draw", held)
    drawing = threading.Thread(target=lambda: made.append(make(engine)))
    drawing.start()
    assert begun.wait(10)
    assert engine.words.add([Word("animal", "new")]).added == 1 and engine.words.delete(["fruit0"]) == 1
    assert engine.words.nearest(["animal"], 1)[0].matches[0].id == "new"
    (waiting,) = engine.maps.all()
    assert waiting.status == "running"
    with pytest.raises(Conflict):
        engine.maps.points(waiting.id)
    go.set()
    drawing.join()
    words = [word.id for word in engine.maps.words(made[0], range(99))]
    assert words == [*(word.id for word in WORDS[1:]), "new"]
    assert engine.maps.get(made[0]).words == 36


def test_a_map_is_cancelled(engine):
    engine.words.add(WORDS)

    def cancel(_share):
        raise Cancelled("enough")

    ended = engine.maps.run(engine.maps.create(MapSettings()), cancel)
    assert ended.status == "cancelled" and engine.maps.get(ended.id) == ended
    with pytest.raises(Conflict):
        engine.maps.colours(ended.id, "topic")


def test_twenty_maps_are_kept_and_the_pinned_ones(engine, monkeypatch):
    monkeypatch.setattr("indexer.clusters.history.KEPT", 2)
    engine.words.add(WORDS)
    pinned = engine.maps.pin(make(engine)).id
    last = [make(engine) for _ in range(3)][1:]
    assert {map.id for map in engine.maps.all()} == {pinned, *last}
    assert len(by_id(engine, pinned)) == 36
