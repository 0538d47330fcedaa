"""Maps of vectors: places that stay, bit by bit, drawings that come out the same, and odd corpora."""

import hashlib
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from indexer.contract.maps import WIDTH, MapSettings
from indexer.errors import Cancelled, InvalidRequest
from indexer.maps.drawing import Drawing, Drawn, draw
from indexer.vectors import Vectors, unit
from tests.maps.views import topics, view


def ignore(share: float) -> None:
    assert 0 <= share <= 1


def drawn(vectors: Vectors, landmarks: int = 300, start: Drawing | None = None, seed: int = 42) -> Drawn:
    return draw(view(vectors), MapSettings(landmarks=landmarks, seed=seed, start=None), start, ignore)


@pytest.fixture(scope="module")
def made() -> Drawn:
    return drawn(topics(3_000))


def test_a_word_lies_in_the_same_place_however_words_are_grouped(made: Drawn) -> None:
    words = np.vstack([topics(2_200, seed=5), made.drawing.landmarks[:5]])
    together = made.drawing.place(words)
    cuts = [0, 1, 2, 5, 22, 23, 101, 108, 700, 2_049, len(words)]
    groups = [made.drawing.place(words[a:b]) for a, b in pairwise(cuts)]
    alone = [made.drawing.place(words[i : i + 1]) for i in range(0, len(words), 7)]
    backwards = made.drawing.place(words[::-1])
    strided = made.drawing.place(np.asfortranarray(words))
    for at in (0, 1):
        bits = together[at].tobytes()
        assert np.concatenate([part[at] for part in groups]).tobytes() == bits
        assert np.concatenate([part[at] for part in alone]).tobytes() == together[at][::7].tobytes()
        assert backwards[at][::-1].tobytes() == bits
        assert strided[at].tobytes() == bits


def test_a_view_has_the_places_of_its_words_without_the_deleted(made: Drawn) -> None:
    words = topics(500, seed=6)
    gone = [0, 77, 499]
    placed = made.drawing.place_all(view(words, buried=gone), ignore)
    assert np.array_equal(placed.positions, np.delete(made.drawing.place(words).positions, gone, axis=0))
    assert np.array_equal(made.placed.positions, made.drawing.place(topics(3_000)).positions)


def test_landmarks_lie_at_their_own_positions(made: Drawn) -> None:
    placed = made.drawing.place(made.drawing.landmarks)
    assert np.array_equal(placed.positions, np.rint(made.drawing.positions))


def test_a_word_lies_among_its_neighbours_and_noise_is_far(made: Drawn) -> None:
    assert made.quality.sample == 3_000
    assert made.quality.neighbours_kept is not None and made.quality.neighbours_kept > 0.1
    assert made.quality.trustworthiness is not None and made.quality.trustworthiness > 0.9
    assert made.drawing.place(topics(500, seed=0)).far.mean() < 0.05
    assert made.far < 0.05
    noise = unit(np.random.default_rng(3).normal(size=(200, 48)))
    assert made.drawing.place(noise).far.mean() > 0.5


def test_the_same_words_and_seed_give_the_same_bytes_in_another_process() -> None:
    code = (
        "from tests.maps.test_drawing import *\n"
        "found = drawn(topics(1_500), 200)\n"
        "print(hashlib.sha256(found.placed.positions.tobytes() + found.drawing.positions.tobytes()).hexdigest())"
    )
    found = drawn(topics(1_500), 200)
    here = hashlib.sha256(found.placed.positions.tobytes() + found.drawing.positions.tobytes()).hexdigest()
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert here == there
    assert not np.array_equal(found.drawing.positions, drawn(topics(1_500), 200, seed=7).drawing.positions)


def test_a_refit_hardly_moves_the_words_and_has_room_for_new_ones(made: Drawn) -> None:
    rng = np.random.default_rng(8)
    group = unit(rng.normal(size=48) + 0.1 * rng.normal(size=(100, 48)))
    assert made.drawing.place(group).far.all()
    again = drawn(np.vstack([topics(3_000), group]), start=made.drawing, seed=7)
    assert again.moved is not None and again.moved < 0.05
    assert made.moved is None
    assert not again.drawing.place(group).far.all()


@pytest.mark.parametrize("n", [1, 2, 3, 20])
def test_few_words_are_all_landmarks(n: int) -> None:
    words = topics(n)
    found = drawn(words)
    assert len(found.drawing.landmarks) == n
    assert len(np.unique(found.placed.positions, axis=0)) == n
    assert found.quality.neighbours_kept is None and found.far <= 0.5
    assert drawn(words, start=found.drawing).moved is not None


def test_words_all_alike_lie_in_one_place() -> None:
    found = drawn(np.repeat(topics(1), 50, axis=0))
    assert len(found.drawing.landmarks) == 1
    assert found.placed.positions.tolist() == [[round(WIDTH / 2)] * 2] * 50
    assert not found.placed.far.any()


def test_words_on_one_line_are_drawn() -> None:
    angles = np.linspace(0, 1, 100)
    found = drawn(unit(np.stack([np.cos(angles), np.sin(angles)], axis=1)))
    assert found.quality.neighbours_kept is not None and found.quality.neighbours_kept > 0.8


def test_a_map_of_another_model_is_no_start(made: Drawn) -> None:
    words = topics(40, dimension=16)
    found = drawn(words, start=made.drawing)
    assert found.moved is None
    assert np.array_equal(found.drawing.positions, drawn(words).drawing.positions)


def test_without_words_it_says_so() -> None:
    with pytest.raises(InvalidRequest, match="add words first"):
        draw(view(topics(2), buried=[0, 1]), MapSettings(start=None), None, ignore)


@pytest.mark.parametrize("at", [0.05, 0.3, 0.6, 0.9])
def test_whoever_watches_can_end_it_at_any_step(at: float) -> None:
    def cancel(share: float) -> None:
        if share >= at:
            raise Cancelled

    with pytest.raises(Cancelled):
        draw(view(topics(2_000)), MapSettings(landmarks=300, start=None), None, cancel)
