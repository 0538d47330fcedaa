"""Names of clusters, on texts whose names a reader would guess."""

import numpy as np
import pytest

from indexer.clusters.naming import ClusterName, name_clusters


def name(clusters: list[list[str]], **options: object) -> tuple[ClusterName, ...]:
    """Name clusters given as lists of texts, the nearest to the centre first."""
    texts = [text for cluster in clusters for text in cluster]
    labels = np.repeat(np.arange(len(clusters)), [len(cluster) for cluster in clusters])
    scores = np.concatenate([np.linspace(0.9, 0.3, len(cluster)) for cluster in clusters])
    return name_clusters(texts, labels, scores, **options)  # type: ignore[arg-type]


def test_a_list_of_words_is_named_after_those_nearest_to_the_centre() -> None:
    fruit, countries = name([["Apple", "Banana", "Mango", "Durian", "Zalak"], ["France", "Peru", "Chad", "Albania"]])
    assert fruit.name == "apple, banana, mango"
    assert countries.name == "france, peru, chad"
    assert fruit.examples == ("Apple", "Banana", "Mango", "Durian", "Zalak")


def test_keywords_are_frequent_here_and_rare_elsewhere() -> None:
    refunds, cash = name(
        [
            ["refund today", "big refund", "refund", "today big"],
            ["cash today", "big cash", "cash", "today big"],
        ]
    )
    assert refunds.keywords == ("refund",)
    assert cash.keywords == ("cash",)


def test_forms_of_one_word_are_one_keyword() -> None:
    charges, _ = name([["charged", "charge", "charges", "fee"], ["weather", "rain"]])
    assert charges.name == "charged, fee"


def test_a_phrase_takes_the_place_of_its_word_and_nothing_is_said_twice() -> None:
    cards, _ = name(
        [
            ["credit card fees", "credit card limit", "my credit card", "credit cards"],
            ["good weather", "bad weather", "weather today"],
        ]
    )
    assert cards.keywords[0] == "credit card"
    assert not {"credit", "card", "cards", "credit cards"} & set(cards.keywords)


def test_a_topic_gives_the_name_and_the_corpus_the_keywords() -> None:
    fruit, other = name([["apple", "banana"], ["france", "peru"]], names=["Fruit", None])
    assert (fruit.name, fruit.keywords) == ("Fruit", ("apple", "banana"))
    assert other.name == "france, peru"


def test_a_topic_that_no_text_follows_still_has_its_name() -> None:
    _, empty = name([["apple", "banana"]], names=[None, "Country"])
    assert empty == ClusterName("Country", (), ())


def test_clusters_without_topic_or_texts_are_called_so() -> None:
    _, one, other = name([["apple", "banana"]], names=["Fruit", None, None])
    assert (one.name, other.name) == ("no texts", "no texts (2)")


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ([], "apple, banana, mango"),
        (["Apple, Banana, Mango"], "apple, banana, mango, durian"),
        (["apple, banana, mango", "apple, banana, mango, durian"], "apple, banana, mango (2)"),
        (
            ["apple, banana, mango", "apple, banana, mango, DURIAN", "APPLE, banana, mango (2)"],
            "apple, banana, mango (3)",
        ),
    ],
)
def test_a_taken_name_gets_more_keywords_and_a_number_where_none_is_left(taken: list[str], expected: str) -> None:
    named = name([["Apple", "Banana", "Mango", "Durian"]], names=[None, *taken])
    assert [cluster.name for cluster in named] == [expected, *taken]


def test_a_taken_name_gets_more_examples_and_a_number_where_none_is_left() -> None:
    texts = ["the", "of", "and", "or"]
    assert name([texts], names=[None, "The, Of, And"])[0].name == "the, of, and, or"
    assert name([texts], names=[None, "The, Of, And", "the, of, and, or"])[0].name == "the, of, and (2)"


def test_names_that_are_kept_stay_as_they_are_though_two_differ_by_case_alone() -> None:
    named = name([["apple"], ["banana"], ["kiwi"]], names=["Fruit", "fruit", None])
    assert [cluster.name for cluster in named] == ["Fruit", "fruit", "kiwi"]


def test_no_two_names_are_the_same_whatever_their_case() -> None:
    clusters = [["apple pie"], ["Apple Pie"], ["the"], ["The"], ["kiwi"]]
    named = name(clusters, names=[None, None, None, None, "THE"])
    names = [cluster.name.casefold() for cluster in named]
    assert len(set(names)) == 5
    assert named[4].name == "THE"


@pytest.mark.parametrize("texts", [["the", "of", "and"], ["🙂", "🙁"], ["1", "22", "333"], ["C", "R"]])
def test_texts_without_a_word_to_count_are_named_after_themselves(texts: list[str]) -> None:
    (found,) = name([texts])
    assert found.keywords == ()
    assert found.name == ", ".join(texts[:3])


def test_only_the_cluster_without_words_falls_back_to_its_texts() -> None:
    fruit, stops = name([["apple", "banana"], ["the", "of"]])
    assert (fruit.name, stops.name) == ("apple, banana", "the, of")


def test_a_long_text_is_cut_in_a_name_and_whole_as_an_example() -> None:
    text = "to be or not to be that is what it is all about " * 3
    (found,) = name([[text]])
    assert found.examples == (text,)
    assert len(found.name) == 40
    assert found.name.endswith("…")


def test_other_stop_words_may_be_given() -> None:
    (found, _) = name([["der apfel", "der kiwi"], ["die birne", "die feige"]], stop_words={"der", "die"})
    assert found.name == "apfel, kiwi"


def test_examples_are_different_texts_nearest_first() -> None:
    (found,) = name([["kiwi", "kiwi", "fig", "kiwi", "plum"]])
    assert found.examples == ("kiwi", "fig", "plum")


def test_remains_of_contractions_and_bare_numbers_are_no_keywords() -> None:
    found, _ = name([["don't we've 2013 10,000 tea", "can't you'll 2013 tea"], ["coffee", "coffee"]])
    assert found.keywords == ("tea",)


def test_naming_does_not_depend_on_the_order_of_the_texts() -> None:
    texts = ["red tea", "green tea", "black tea", "old car", "new car", "fast car"]
    labels, scores = np.array([0, 0, 0, 1, 1, 1]), np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    order = np.array([5, 2, 0, 3, 1, 4])
    assert name_clusters(texts, labels, scores) == name_clusters(
        [texts[i] for i in order], labels[order], scores[order]
    )


def test_no_texts_have_no_clusters() -> None:
    assert name_clusters([], np.empty(0, np.int32), np.empty(0, np.float32)) == ()
