"""The reading of scores, on the numbers of the notebook from which all this comes: two models, seven words."""

import numpy as np
import pytest

from indexer.evaluation.metrics import NO_TOPIC
from indexer.evaluation.reading import centred, read, saying

TOPICS = ("Fruit", "Country", "Company")
WORDS = ("Apple", "Orange", "Banana", "Jamaica", "Sri Lanka", "Facebook", "Google")
TRUTH = np.array([0, 0, 0, 1, 1, 2, 2])
SMALL_3 = np.array(
    [
        [0.414807, 0.303259, 0.368041],
        [0.363135, 0.308233, 0.269728],
        [0.539551, 0.244805, 0.212664],
        [0.245623, 0.351682, 0.212892],
        [0.188262, 0.298960, 0.214880],
        [0.196168, 0.243862, 0.376275],
        [0.211459, 0.220816, 0.281387],
    ],
    np.float32,
)
GTE_LARGE = np.array(
    [
        [0.709521, 0.537598, 0.793602],
        [0.771039, 0.559362, 0.645636],
        [0.847789, 0.482939, 0.588516],
        [0.616004, 0.555557, 0.539662],
        [0.631691, 0.495550, 0.589877],
        [0.601940, 0.517291, 0.733116],
        [0.570325, 0.491316, 0.740454],
    ],
    np.float32,
)


def says(scores):
    """Return what is said of each word."""
    reading = read(scores, TRUTH)
    rows = zip(WORDS, reading.best, reading.right, strict=True)
    return [saying(word, TOPICS[best], wrong=not right) for word, best, right in rows]


RIGHT = [
    "Apple is a fruit", "Orange is a fruit", "Banana is a fruit", "Jamaica is a country", "Sri Lanka is a country",
    "Facebook is a company", "Google is a company",
]  # fmt: skip


def test_text_embedding_3_small_is_right_seven_times_of_seven():
    assert says(SMALL_3) == RIGHT
    assert read(SMALL_3, TRUTH).right.sum() == 7


def test_gte_large_is_right_four_times_apple_is_a_company_and_two_countries_are_fruit():
    wrong = {0: "Apple is a company (!)", 3: "Jamaica is a fruit (!)", 4: "Sri Lanka is a fruit (!)"}
    assert says(GTE_LARGE) == [wrong.get(i, text) for i, text in enumerate(RIGHT)]
    assert read(GTE_LARGE, TRUTH).right.sum() == 4


def test_centring_repairs_the_countries_and_apple_stays_a_company():
    assert says(centred(GTE_LARGE)) == ["Apple is a company (!)", *RIGHT[1:]]
    assert read(centred(GTE_LARGE), TRUTH).right.sum() == 6


def test_centring_takes_the_mean_of_each_topic_away():
    assert centred(GTE_LARGE).mean(axis=0) == pytest.approx(0, abs=1e-6)
    assert centred(GTE_LARGE).dtype == np.float32


def test_margins_are_leads_over_the_second_and_sureness_is_their_rank():
    reading = read(SMALL_3, TRUTH)
    assert reading.margin[0] == pytest.approx(0.414807 - 0.368041, abs=1e-6)
    assert reading.sureness.max() == 1 == reading.sureness[WORDS.index("Banana")]
    assert reading.sureness.min() == pytest.approx(1 / 7) == reading.sureness[WORDS.index("Apple")]


def test_a_text_of_no_topic_is_never_right():
    assert not read(SMALL_3, np.full(7, NO_TOPIC)).right.any()
    assert not read(np.empty((0, 3), np.float32), np.empty(0, np.intp)).right.any()


def test_a_name_that_is_no_title_is_said_as_it_is():
    assert saying("Mars", "IBM", wrong=True) == "Mars is an IBM (!)"
    assert saying("fox", "wild animal", wrong=False) == "fox is a wild animal"


def test_a_sentence_is_not_made_part_of_another():
    assert saying("my card does not work", "Work", wrong=True) == "my card does not work: Work (!)"
