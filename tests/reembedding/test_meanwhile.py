"""What happens while the model changes: callers who ask and callers who write, in many threads."""

import threading
from contextlib import contextmanager

import pytest

from indexer.errors import Conflict, TopicdexError
from indexer.records import Word
from scripts.processes import wait_until
from tests.reembedding.conftest import clustering
from tests.reembedding.test_reembeddings import check_vectors

ASKED = [f"{kind} {i}" for kind in ("fruit", "country", "company") for i in range(0, 40, 9)]


@contextmanager
def threads(*work):
    """Run functions again and again in threads of their own; what one raises ends it and fails the test."""
    over, failures, turns = threading.Event(), [], [0] * len(work)

    def repeat(number):
        try:
            while not over.is_set():
                work[number](turns[number])
                turns[number] += 1
        except BaseException as error:
            failures.append(error)

    running = [threading.Thread(target=repeat, args=(number,)) for number in range(len(work))]
    for thread in running:
        thread.start()
    try:
        yield turns
    finally:
        over.set()
        for thread in running:
            thread.join()
    assert not failures and all(turns), (failures, turns)


def answers(engine, turn):
    """Return what one call answers; each is a product of vectors of the model with vectors of the store."""
    text = ASKED[turn % len(ASKED)]
    kind = turn % 5
    if kind == 0:
        (answer,) = engine.topics.nearest([text], 3)
        return kind, text, [answer.model, answer.prototypes, *[round(m.score, 5) for m in answer.matches]]
    if kind == 1:
        return kind, text, [round(m.score, 5) for m in engine.words.nearest([text], 5)[0].matches]
    if kind == 2:
        return kind, text, [round(m.score, 5) for m in engine.clusterings.nearest([text], 3)[0].matches]
    if kind == 3:
        return kind, text, [(size.topic, size.words) for size in engine.topics.sizes().topics]
    return (
        kind,
        text,
        [
            round(score, 5)
            for score in engine.topics.null_scores().model_dump(exclude={"words"}).values()
            if isinstance(score, float)
        ],
    )


def test_every_answer_to_eight_threads_is_of_one_model(stocked, open_engine):
    with open_engine() as engine:
        engine.words.load()

        def all_answers():
            return {repr(answers(engine, turn)) for turn in range(len(ASKED) * 5)}

        axes = all_answers()
        engine.reembeddings.make("wide")
        wide = all_answers()
        engine.reembeddings.back()
        seen = set()
        with threads(
            *[lambda turn, first=first: seen.add(repr(answers(engine, turn + 11 * first))) for first in range(8)]
        ) as turns:
            for _ in range(2):
                engine.reembeddings.make("wide")
                done = list(turns)
                wait_until(
                    lambda done=done: all(now > before + 5 for now, before in zip(turns, done, strict=True)),
                    "a thread ended",
                    30,
                )
                engine.reembeddings.back()
        assert seen <= axes | wide, sorted(seen - axes - wide)[:3]
        assert seen & (axes - wide) and seen & (wide - axes)


def test_words_and_topics_that_are_written_meanwhile_are_right_by_both_models(
    stocked, open_engine, models, monkeypatch
):
    monkeypatch.setattr("indexer.reembedding.carrying.BATCH", 16)
    with open_engine() as engine:
        engine.words.load()
        kept, locks = {}, threading.Lock()

        def post(writer):
            def turn(number):
                id, text = f"{writer}-{number % 20}", f"fruit {writer} {number}"
                metadata = {"turn": number} if number % 2 else {"odd": True}
                engine.words.add([Word(text, id, metadata)])
                with locks:
                    kept[id] = (text, metadata)
                if number % 7 == 6:
                    gone = f"{writer}-{(number - 3) % 20}"
                    engine.words.delete([gone])
                    with locks:
                        kept.pop(gone, None)

            return turn

        def set_topics(number):
            engine.topics.add([f"topic {number % 3}"])
            engine.topics.delete(f"topic {number % 3}")

        before = {word.id: (word.text, dict(word.metadata)) for word in engine.words.page(1000).words}
        for change in (lambda: engine.reembeddings.make("wide"), engine.reembeddings.back):
            with threads(post("a"), post("b"), post("c"), set_topics):
                change()
            there = {word.id: (word.text, dict(word.metadata)) for word in engine.words.page(1000).words}
            assert there == before | kept
            check_vectors(engine, models[engine.model_name()])
            assert [topic.name for topic in engine.topics.all()] == ["fruit", "country", "company"]


@pytest.mark.parametrize("change", ["words", "topics"])
def test_what_was_embedded_before_the_change_is_embedded_again_after_it(
    stocked, open_engine, models, monkeypatch, change
):
    with open_engine() as engine:
        embed, changed = models["axes"].embed, []

        def changing(texts):
            vectors = embed(texts)
            if "fruit hooked" in texts and not changed:
                changed.append(True)
                other = threading.Thread(target=engine.reembeddings.make, args=("wide",))  # another thread's locks
                other.start()
                other.join()
            return vectors

        monkeypatch.setattr(models["axes"], "embed", changing)
        if change == "words":
            assert engine.words.add(["fruit hooked"]).added == 1
        else:
            engine.topics.add(["fruit hooked"])
        assert changed and engine.model_name() == "wide"
        check_vectors(engine, models["wide"])


def test_a_clustering_that_ends_after_the_change_is_of_the_new_model(stocked, open_engine, monkeypatch):
    with open_engine() as engine:
        id = engine.clusterings.create(clustering(k=3, start=None))
        find, changed = engine.clusterings._find, []

        def changing(stored, progress):
            found = find(stored, progress)
            if not changed:
                changed.append(engine.reembeddings.make("wide"))
            return found

        monkeypatch.setattr(engine.clusterings, "_find", changing)
        done = engine.clusterings.run(id, lambda share: None)
        assert (done.status, done.model) == ("done", "wide")
        assert engine.store.clusterings.prototypes(id).vectors.shape == (3, 12)
        assert engine.clusterings.nearest(["fruit x"], id=id)[0].matches[0].score > 0.9


def test_two_changes_at_once_are_refused(stocked, open_engine):
    with open_engine() as engine:

        def second(share):
            for call in (lambda: engine.reembeddings.make("third"), engine.reembeddings.forget):
                with pytest.raises(Conflict, match="already"):
                    call()

        assert engine.reembeddings.make("wide", second).model == "wide"


def test_a_change_that_the_store_refuses_leaves_the_old_model_answering(stocked, open_engine, models, monkeypatch):
    with open_engine() as engine:
        before = engine.topics.nearest(["fruit x"])

        def refuse(*_):
            raise TopicdexError("the disk is full")

        with monkeypatch.context() as patched:
            patched.setattr(engine.store.others, "exchange", refuse)
            with pytest.raises(TopicdexError):
                engine.reembeddings.make("wide")
        assert engine.topics.nearest(["fruit x"]) == before
        engine.words.add(["fruit after"])
        assert engine.reembeddings.make("wide").embedded <= 1 + 3
        check_vectors(engine, models["wide"])


def test_a_store_on_a_chroma_server_is_refused_clearly(stocked, open_engine, monkeypatch):
    with open_engine() as engine:
        monkeypatch.setattr(engine.store, "mode", "server")
        for call in (lambda: engine.reembeddings.make("wide"), engine.reembeddings.forget):
            with pytest.raises(Conflict, match="Chroma server"):
                call()
