"""A read within one generation: it is asked again where the model has changed, and waits while it changes."""

import threading

import pytest

from indexer.store.generations import Generations


def test_what_reads_while_the_model_changes_is_asked_again():
    generations, answers = Generations(), []

    def read():
        if not answers:
            with generations.changing():
                answers.append("of the old")
            raise ValueError("vectors of two models")
        answers.append("of the new")
        return answers[-1]

    assert generations.read(read) == "of the new" and generations.number == 1


def test_an_error_within_one_generation_is_the_callers():
    with pytest.raises(ValueError, match="mine"):
        Generations().read(lambda: (_ for _ in ()).throw(ValueError("mine")))


def test_a_read_waits_for_the_end_of_a_change():
    generations, inside, go, seen = Generations(), threading.Event(), threading.Event(), []

    def change():
        with generations.changing():
            inside.set()
            assert go.wait(30)
            seen.append("changed")

    changing = threading.Thread(target=change)
    changing.start()
    assert inside.wait(30)
    reading = threading.Thread(target=lambda: seen.append(generations.read(lambda: "read")))
    reading.start()
    go.set()
    changing.join()
    reading.join()
    assert seen == ["changed", "read"]
