"""Identity of clusters between two clusterings, on labels that can be checked by eye."""

import json

import numpy as np
import pytest

from indexer.clusters.lineage import Matching, Pair, match


def compare(old: str, new: str, **counts: int) -> Matching:
    """One digit a word."""
    return match(np.array(list(old)).astype(np.int32), np.array(list(new)).astype(np.int32), **counts)


def test_the_same_clusters_under_other_numbers_go_on() -> None:
    found = compare("000111222", "222000111")
    assert found.continued == (Pair(0, 2, 3), Pair(1, 0, 3), Pair(2, 1, 3))
    assert (found.born, found.gone, found.split, found.merged) == ((), (), (), ())
    assert (found.moved, found.common) == (0, 9)


def test_words_that_changed_cluster_are_counted_as_moved() -> None:
    found = compare("0000011111", "0000101111")
    assert [(c.old, c.new) for c in found.continued] == [(0, 0), (1, 1)]
    assert found.moved == 2


def test_a_split_names_its_parts_and_the_larger_one_continues() -> None:
    found = compare("00000 111".replace(" ", ""), "00022 111".replace(" ", ""))
    assert found.split == ((0, (0, 2)),)
    assert [(c.old, c.new) for c in found.continued] == [(0, 0), (1, 1)]
    assert (found.born, found.gone, found.moved) == ((2,), (), 2)


def test_a_split_into_halves_continues_in_neither() -> None:
    found = compare("0000", "0011")
    assert found.continued == ()
    assert found.split == ((0, (0, 1)),)
    assert (found.born, found.gone, found.moved) == ((0, 1), (0,), 4)


def test_a_merger_names_its_parts_and_the_larger_one_continues() -> None:
    found = compare("0001122", "0000011")
    assert found.merged == (((0, 1), 0),)
    assert [(c.old, c.new) for c in found.continued] == [(0, 0), (2, 1)]
    assert (found.born, found.gone, found.moved) == ((), (1,), 2)


def test_every_cluster_is_continued_or_gone_or_born_once() -> None:
    rng = np.random.default_rng(0)
    old, new = rng.integers(0, 6, 200), rng.integers(0, 9, 200)
    new[old < 3] = old[old < 3]
    found = match(old, new, old_k=7, new_k=9)
    assert sorted([c.old for c in found.continued] + list(found.gone)) == list(range(7))
    assert sorted([c.new for c in found.continued] + list(found.born)) == list(range(9))


def test_a_cluster_of_which_no_word_is_left_is_gone() -> None:
    found = compare("00", "00", old_k=2, new_k=3)
    assert (found.gone, found.born) == ((1,), (1, 2))


def test_clusterings_without_a_common_word_have_nothing_in_common() -> None:
    found = match(np.empty(0, np.int32), np.empty(0, np.int32), old_k=1, new_k=2)
    assert (found.continued, found.gone, found.born, found.moved) == ((), (0,), (0, 1), 0)


def test_a_lineage_becomes_json() -> None:
    document = json.loads(compare("00011", "00000").lineage(["a", "b"], ["c"]).model_dump_json())
    assert document["merged"] == [{"from": ["a", "b"], "to": "c"}]
    assert document["continued"] == [{"from": "a", "to": "c", "shared": 3}]


def test_labels_of_different_words_are_refused() -> None:
    with pytest.raises(ValueError, match="2 old labels, but 1 new"):
        compare("01", "0")
