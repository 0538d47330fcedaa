"""`topicdex topics`: what is set, added, shown and refused."""

import json

from tests.commands.conftest import failed, write


def test_topics_are_set_from_a_file_and_added_by_name(call):
    call("topics", "set", write("topics.csv", "name,description\nFruit,sweet\n"))
    code, out, err = call("topics", "add", "Country", "--description", "a nation", "--example", "France")
    assert (code, err) == (0, "")
    assert out.splitlines() == ["topic\tdescription\texamples", "Fruit\tsweet\t", "Country\ta nation\tFrance"]
    document = json.loads(call("topics", "delete", "Fruit", "--json")[1])
    assert document == {"topics": [{"name": "Country", "description": "a nation", "examples": ["France"]}]}
    failed(call("topics", "delete", "Fruit"), "not_found", "Fruit")


def test_a_description_goes_with_a_single_name_and_is_checked_before_a_store_is_made(call, store):
    code, _, err = call("topics", "add", "Fruit", "Country", "--description", "a nation")
    assert code == 2 and "single NAME" in err
    failed(call("topics", "add", "Fruit", "--description", " "), "invalid_request", "blank")
    failed(call("topics", "add", "Fruit", "--example", ""), "invalid_request", "blank")
    assert not store.exists()


def test_an_empty_description_is_none(call):
    assert call("topics", "add", "Fruit", "--description", "")[0] == 0


def test_a_topic_is_changed_and_keeps_what_is_not_given(call):
    call("topics", "add", "Fruit", "--description", "sweet", "--example", "a mango")
    code, out, err = call("topics", "change", "Fruit", "--name", "Fruits", "--example", "a plum", "--example", "a fig")
    assert (code, err) == (0, "")
    assert out.splitlines() == ["topic\tdescription\texamples", "Fruits\tsweet\ta plum | a fig"]
    document = json.loads(call("topics", "change", "Fruits", "--description", "", "--json")[1])
    assert document == {"name": "Fruits", "description": "", "examples": ["a plum", "a fig"]}
    failed(call("topics", "change", "Fruit", "--name", "x"), "not_found", "Fruit")
    call("topics", "add", "Country")
    failed(call("topics", "change", "Fruits", "--name", "Country"), "conflict", "Country")


def test_a_change_of_nothing_is_a_wrong_command_line(call, store):
    code, out, err = call("topics", "change", "Fruit")
    assert (code, out) == (2, "") and "--description" in err
    assert not store.exists()


def test_sizes_and_similarity_are_tables(call, index):
    index(write("a.txt", "fruit a\nfruit b\ncountry c\n"), "--topics", write("t.txt", "fruit\ncountry\n"))
    code, out, err = call("topics", "sizes")
    assert (code, out.splitlines()) == (0, ["topic\twords", "fruit\t2", "country\t1"])
    assert err == "0 of 3 words have no topic\n"
    code, out, err = call("topics", "similarity")
    assert (code, err) == (0, "")
    header, first, second = (line.split("\t") for line in out.splitlines())
    assert (header, first[:2], second[0]) == (["", "fruit", "country"], ["fruit", "1.000"], "country")
    assert first[2] == second[1]


def test_an_end_of_an_adaptation_is_told(call, index):
    index(write("a.txt", "fruit a\nfruit b\ncountry c\n"), "--topics", write("t.txt", "fruit\ncountry\n"))
    assert call("adapt")[0] == 0
    code, _, err = call("topics", "change", "fruit", "--description", "sweet")
    assert code == 0 and "plain labels" in err
