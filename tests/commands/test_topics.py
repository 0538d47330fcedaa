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
