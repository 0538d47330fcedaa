"""The cells and the names of columns of an export: each is taken back as what it was."""

import pytest

from indexer.contract.exports import OWN, column_of, guarded, json_of, kinds_of, name_of, scalar_of, unguarded, value_of
from tests.exports.words import MIXED, NAMES, TEXTS


@pytest.mark.parametrize("text", [*TEXTS, "", "'", "''", "'-", "'\t", "'\r", "'a"], ids=repr)
def test_no_cell_begins_as_a_formula_and_each_is_taken_back(text):
    cell = guarded(text)
    assert cell and cell[0] not in "=+-@\t\r"
    assert unguarded(cell) == text
    assert cell == text or cell == f"'{text}"


def test_a_text_that_harms_nobody_stays_as_it_is():
    assert guarded("it's") == "it's"
    assert guarded("'quoted'") == "'quoted'"
    assert unguarded("'quoted'") == "'quoted'"


@pytest.mark.parametrize("name", [*NAMES, *OWN, *(f"metadata.{own}" for own in OWN)], ids=repr)
def test_a_column_of_metadata_is_none_of_ours_and_gives_its_name_back(name):
    assert column_of(name).casefold() not in OWN
    assert name_of(column_of(name)) == name
    assert column_of(name) in (name, f"metadata.{name}")


def test_names_that_differ_have_columns_that_differ():
    names = {*NAMES, *OWN, *(f"metadata.{own}" for own in OWN)}
    assert len({column_of(name) for name in names}) == len(names)
    assert column_of("colour") == "colour"
    assert column_of("metadata.source") == "metadata.source"


@pytest.mark.parametrize("value", MIXED, ids=repr)
def test_a_value_among_others_of_several_kinds_keeps_its_own(value):
    assert repr(scalar_of(json_of(value))) == repr(value)
    assert repr(value_of(json_of(value), "mixed")) == repr(value)


@pytest.mark.parametrize(
    ("cell", "kind", "value"),
    [
        ("TRUE", "boolean", True),
        ("12", "integer", 12),
        ("twelve", "integer", "twelve"),
        ("'=no number", "number", "=no number"),
        ("perhaps", "boolean", "perhaps"),
        ("[1]", "mixed", "[1]"),
        ("{", "mixed", "{"),
    ],
)
def test_what_somebody_has_written_into_an_export_is_taken_as_text_where_it_is_of_another_kind(cell, kind, value):
    assert value_of(cell, kind) == value and type(value_of(cell, kind)) is type(value)


@pytest.mark.parametrize("mark", ["", "{", "[]", "1", "[" * 100_000])
def test_a_mark_that_somebody_has_changed_says_nothing(mark):
    assert kinds_of(mark) == {}
