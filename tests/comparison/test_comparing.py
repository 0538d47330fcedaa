"""Comparisons of models whose answers can be checked by eye, and of rows that leave figures undefined."""

import weakref

import numpy as np
import pytest

from indexer.comparison.candidates import candidate as named
from indexer.comparison.comparing import compare
from indexer.comparison.measuring import Priced
from indexer.comparison.sample import sample_of
from indexer.errors import Cancelled, InvalidRequest, ModelUnavailable, TooLarge
from indexer.records import LabelledText
from indexer.settings import Settings
from tests.comparison.models import KINDS, ROWS, Mistaken, candidate
from tests.model import AxisEmbedder

RIGHT, WRONG = candidate("right"), candidate("mistaken", Mistaken())


def compared(rows=ROWS, candidates=(RIGHT, WRONG), seed=42, **options):
    return compare(sample_of(rows, seed), list(candidates), **options)


@pytest.fixture(scope="module")
def both():
    return compared([*ROWS, *(LabelledText(f"pebble {i}", "oos") for i in range(20))])


def test_the_figures_of_each_model_are_those_of_its_answers(both):
    right, mistaken = both.models
    assert (both.rows, both.distinct_texts, both.no_topic_rows) == (140, 140, 20)
    assert both.labels == sorted(KINDS)
    assert (right.accuracy.labels.value, right.accuracy.labels.n) == (1, 120)
    assert mistaken.accuracy.labels.value == pytest.approx(116 / 120)
    assert right.accuracy.labels.low < 1 == right.accuracy.labels.high
    assert right.accuracy.grown.n == right.accuracy.labels_there.n < 80 and right.accuracy.grown.value > 0.95
    assert right.v_measure.value == 1 > mistaken.v_measure.value > 0.5
    assert right.none_auroc.value == 1 and right.none_auroc.n == 140
    for model in both.models:
        assert (model.dimension, model.bytes_per_word, model.stored_bytes_per_word) == (8, 32, 1564)
        assert model.texts_per_second > 0 and model.milliseconds > 0 and model.timed == 20
        assert (model.price_per_million, model.tokens_per_text, model.truncated, model.error) == (0, None, 0, None)


def test_the_range_says_from_which_score_similar_means_something(both):
    for model in both.models:
        shown = model.range
        assert shown.random.pairs == 140 * 139 // 2 and shown.same_topic.pairs == 3 * 40 * 39 // 2
        assert shown.unrelated.percentiles["50"] < shown.similar_from.score < 1
    assert both.models[0].range.same_topic_above > both.models[1].range.same_topic_above


def test_pairs_of_models_agree_where_they_say_the_same_and_a_small_difference_is_noise(both):
    (agreement,) = both.agreement
    assert agreement.models == ("right", "mistaken") and 0 < agreement.neighbours.value < 1
    assert agreement.answers.value == pytest.approx(136 / 140)
    by_figure = {d.figure: d for d in both.differences}
    assert by_figure.keys() == {"accuracy.labels", "accuracy.grown", "none_auroc", "v_measure"}
    labels = by_figure["accuracy.labels"]
    assert labels.value == pytest.approx(4 / 120) and labels.p == pytest.approx(2 / 2**4) and labels.noise
    assert by_figure["v_measure"].value > 0


def test_where_they_disagree_is_said_as_one_would_say_it(both):
    assert both.disagreeing == len(both.disagreements) == 4
    for found in both.disagreements:
        right, wrong = found.answers
        assert found.text.startswith("country") and found.text.endswith("5") and found.label == "country"
        assert right.says == f"{found.text} is a country" and right.right
        assert wrong.says == f"{found.text} is a fruit (!)" and not wrong.right and wrong.topic == "fruit"


def test_the_most_telling_disagreement_is_that_of_which_one_model_is_right_and_both_are_sure():
    class Other(AxisEmbedder):
        """Is wrong about everything: half a country is a fruit, and every fruit is a company."""

        def embed(self, texts):
            turned = {"fruit": "company", "country 1": "fruit country country 1"}
            for old, new in turned.items():
                texts = [t.replace(old, new) if " " in t else t for t in texts]
            return super().embed(texts)

    found = compared(candidates=[WRONG, candidate("other", Other())])
    split = [sum(a.right for a in d.answers) == 1 for d in found.disagreements]
    assert split == sorted(split, reverse=True) and any(split)


def test_of_one_model_what_contradicts_the_label_is_shown():
    found = compared(candidates=[WRONG])
    assert [d.answers[0].says for d in found.disagreements if d.text == "country 5"] == ["country 5 is a fruit (!)"]
    assert found.disagreeing == 4 and found.agreement == found.differences == []


def test_the_same_seed_gives_the_same_figures():
    timed = {"texts_per_second", "milliseconds"}
    first, again = (compared().model_dump(exclude={"models": {"__all__": timed}}) for _ in range(2))
    assert first == again
    other = compared(seed=7).model_dump(exclude={"models": {"__all__": timed}})
    assert other["models"] != first["models"]


def test_without_labels_there_are_speed_size_price_range_and_agreement():
    found = compared([LabelledText(row.text, None) for row in ROWS])
    for model in found.models:
        assert model.accuracy is model.none_auroc is model.v_measure is None
        assert model.range.same_topic is model.range.likelier_from is model.range.same_topic_above is None
        assert model.range.unrelated == model.range.random and model.range.similar_from.score < 1
    (agreement,) = found.agreement
    assert agreement.answers is None and 0 < agreement.neighbours.value < 1 and agreement.neighbours.n == 120
    assert found.labels == found.disagreements == found.differences == []
    assert "no labels" in found.messages[0]


def test_a_model_that_fails_says_why_and_the_others_go_on():
    shown = []
    broken = candidate("broken", ModelUnavailable("there is none; give another"))
    found = compared(candidates=[RIGHT, broken, WRONG], on_model=lambda so_far: shown.append(len(so_far.models)))
    assert [(m.name, m.error) for m in found.models] == [
        ("right", None), ("broken", "there is none; give another"), ("mistaken", None),
    ]  # fmt: skip
    assert found.models[1].dimension is None and found.models[1].range is None
    assert shown == [1, 2, 3] and [a.models for a in found.agreement] == [("right", "mistaken")]


def test_a_model_is_given_back_before_the_next_is_loaded():
    alive = []

    def load():
        assert [model() for model in alive] == [None] * len(alive)
        model = AxisEmbedder()
        alive.append(weakref.ref(model))
        return model

    one, two = (candidate(name) for name in "ab")
    compared(candidates=[type(one)(c.name, load, c.price) for c in (one, two)])
    assert len(alive) == 2


def test_progress_comes_to_1_and_can_cancel_in_the_middle_of_a_model():
    shares = []
    compared(progress=shares.append)
    assert shares == sorted(shares) and shares[-1] == 1

    def cancel(share):
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        compared(progress=cancel)


@pytest.mark.parametrize(
    ("names", "said"), [(["a", "b", "a"], "two models are called 'a'"), ([], "0 models"), (map(str, range(11)), "11")]
)
def test_models_are_1_to_10_of_different_names(names, said):
    with pytest.raises(InvalidRequest, match=said):
        compared(candidates=[candidate(name) for name in names])


def test_20_000_rows_are_taken_and_20_001_are_refused():
    rows = [LabelledText(f"fruit {i}", None) for i in range(20_001)]
    with pytest.raises(TooLarge, match="20,000"):
        sample_of(rows, 42)
    assert len(sample_of(rows[1:], 42).texts) == 20_000
    with pytest.raises(InvalidRequest, match="no texts"):
        sample_of([], 42)
    with pytest.raises(InvalidRequest, match="are they labels"):
        sample_of([LabelledText(row.text, row.text) for row in rows[:2_000]], 42)


def test_labels_that_differ_in_case_and_separators_are_one_topic_that_can_be_read():
    rows = [LabelledText("a", "lost_card"), LabelledText("b", "Lost card"), LabelledText("c", "lost-CARD")]
    sample = sample_of([*rows, LabelledText("d", "None"), LabelledText("e", None)], 42)
    assert len(sample.topics) == 1 and sample.topics[0].casefold() == "lost card"
    assert sample.truth.tolist() == [0, 0, 0, -1, -1]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([LabelledText("fruit 1", "fruit")], "no two different texts"),
        ([LabelledText("fruit 1", None)], "no two different texts"),
        ([LabelledText("fruit 1", kind) for kind in KINDS for _ in range(30)], "no two different texts"),
        ([LabelledText(f"fruit {i}", "fruit") for i in range(100)], "one label only"),
        ([LabelledText(f"pebble {i}", "none") for i in range(100)], "no labels"),
        ([*ROWS, LabelledText("animal 1", "animal")], None),
        (ROWS[:2], "unrelated pairs"),
    ],
    ids=["1 row", "1 row alone", "one text", "one label", "none alone", "a label with one row", "2 rows"],
)
def test_rows_that_leave_figures_undefined_are_said_and_nothing_fails(rows, said):
    found = compared(rows)
    assert [m.error for m in found.models] == [None, None]
    assert said is None or any(said in message for message in found.messages), found.messages
    for model in found.models:
        assert model.texts_per_second > 0
        for value in np.array([v for v in model.model_dump().values() if isinstance(v, float)]):
            assert np.isfinite(value)


def test_one_label_has_no_accuracy_but_tells_strangers_apart():
    rows = [LabelledText(f"fruit {i}", "fruit") for i in range(50)]
    found = compared([*rows, *(LabelledText(f"pebble {i}", "oos") for i in range(50))])
    assert found.models[0].accuracy is found.models[0].v_measure is None
    assert found.models[0].none_auroc.value == 1 and found.disagreeing == 0


def test_a_long_text_is_shown_in_part():
    rows = [*ROWS, LabelledText("country " * 100 + "5", "country")]
    shown = [d for d in compared(rows).disagreements if len(d.text) > 20]
    assert [len(d.text) for d in shown] == [301] and shown[0].text.endswith("…")


def test_a_price_stands_beside_its_day_and_a_local_model_costs_nothing():
    paid = candidate("openai:small", price=Priced(7.5, 0.15, "2026-11-01"))
    found = compared(candidates=[paid])
    (model,) = found.models
    assert (model.price_per_million, model.tokens_per_text, model.price_dated) == (0.15, 7.5, "2026-11-01")
    assert any("2026-11-01; prices change" in message for message in found.messages)
    assert any("from the cache" in message for message in found.messages)
    assert named("some/model", Settings()).price(["Mango"]) == Priced(None, 0.0, None)


def test_a_million_texts_cost_what_their_tokens_do():
    texts = ["2 + 2 = 4", "antidisestablishmentarianism", "antidisestablishmentarianism"]  # 7, 6 and 6 tokens
    priced = named("openai:text-embedding-3-small", Settings()).price(texts)
    assert priced.tokens == pytest.approx(19 / 3) and priced.usd == pytest.approx(0.02 * 19 / 3)
    assert priced.dated == "2026-11"
    assert named("openai:text-embedding-3-huge", Settings()).price(texts).usd is None
