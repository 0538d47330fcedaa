"""One topic over HTTP: its version as an ETag, preconditions on a change, and a preview of the whole set."""

from urllib.parse import quote

import pytest

from tests.server.http import add, is_problem, put_topics

FRUIT = "/v1/topics/fruit"


@pytest.fixture
def edited(client):
    """A client of a store with two topics and three words."""
    put_topics(client, "fruit", "country")
    add(client, "fruit a", "fruit b", "country c")
    return client


def change(client, body, tags=None, path=FRUIT):
    return client.patch(path, json=body, headers={} if tags is None else {"If-Match": tags})


def test_a_topic_has_an_etag_that_changes_with_it_and_comes_back_with_it(edited):
    first = edited.get(FRUIT)
    assert first.json == {"name": "fruit", "description": "", "examples": []}
    tag = first.headers["ETag"]
    assert tag[0] == tag[-1] == '"' and len(tag) == 18
    changed = change(edited, {"description": "sweet"})
    assert changed.json == {"name": "fruit", "description": "sweet", "examples": []}
    assert changed.headers["ETag"] == edited.get(FRUIT).headers["ETag"] != tag
    assert change(edited, {"description": ""}).headers["ETag"] == tag
    put_topics(edited, "country", "fruit")
    assert edited.get(FRUIT).headers["ETag"] == tag  # of this topic alone


def test_head_answers_as_get_without_a_body(edited):
    head, get = edited.head(FRUIT), edited.get(FRUIT)
    assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", get.headers["ETag"])
    assert head.headers["Content-Length"] == get.headers["Content-Length"]
    assert edited.head("/v1/topics/animal").status_code == 404


@pytest.mark.parametrize(
    ("tags", "status"), [("{tag}", 304), ("W/{tag}", 304), ('"x", {tag}', 304), ("*", 304), ('"x"', 200), ("x", 200)]
)
def test_a_topic_that_is_as_it_was_is_not_sent_again(edited, tags, status):
    tag = edited.get(FRUIT).headers["ETag"]
    for method in (edited.get, edited.head):
        answer = method(FRUIT, headers={"If-None-Match": tags.format(tag=tag)})
        assert (answer.status_code, answer.headers["ETag"]) == (status, tag)
        assert status == 200 or answer.data == b""


@pytest.mark.parametrize(
    "tags", [None, "*", "{tag}", ", {tag},,", '"x", {tag}', '{tag},"x"', 'W/{tag} , "x,y" ,\t{tag}']
)
def test_a_change_is_made_where_the_topic_is_as_if_match_says(edited, tags):
    tag = edited.get(FRUIT).headers["ETag"]
    assert change(edited, {"description": "sweet"}, tags and tags.format(tag=tag)).status_code == 200
    assert edited.get(FRUIT).json["description"] == "sweet"


@pytest.mark.parametrize(
    "tags", ['"x"', "", ', "x",', "W/{tag}", '"x", "y"', '""', '"*"', 'W/"x", W/{tag}', '"W/{bare}"', '"x,{bare}"']
)
@pytest.mark.parametrize("body", [{"description": "sweet"}, {}])
def test_a_topic_that_is_not_as_if_match_says_stays_as_it_is(edited, tags, body):
    tag = edited.get(FRUIT).headers["ETag"]
    answer = change(edited, body, tags.format(tag=tag, bare=tag.strip('"')))
    assert "fruit" in is_problem(answer, 412, "precondition_failed")["detail"]
    assert edited.get(FRUIT).headers["ETag"] == tag


@pytest.mark.parametrize(
    "tags", ["{bare}", "x", '"x', "*, *", '*, "x"', '"x" "y"', 'w/"x"', "'x'", '"a b"', ",  " * 2000 + "x"]
)
def test_an_if_match_that_names_no_tags_is_refused_and_not_passed_over(edited, tags):
    tag = edited.get(FRUIT).headers["ETag"]
    answer = change(edited, {"description": "sweet"}, tags.format(bare=tag.strip('"')))
    assert is_problem(answer, 422, "invalid_request")["errors"][0]["loc"] == ["If-Match"]
    assert edited.get(FRUIT).json["description"] == ""


def test_a_change_of_a_topic_that_is_not_there_is_a_404_whatever_if_match_says(edited):
    for tags in (None, "*", '"x"'):
        is_problem(change(edited, {}, tags, "/v1/topics/animal"), 404, "not_found")
    is_problem(edited.get("/v1/topics/animal"), 404, "not_found")


def test_a_topic_gets_another_name_but_not_that_of_another_topic(edited):
    edited.put("/v1/thresholds", json={"topics": {"fruit": 0.3}})
    is_problem(change(edited, {"name": "country"}), 409, "conflict")
    assert change(edited, {"name": "fruits", "examples": ["fruit x"]}).json["name"] == "fruits"
    assert [topic["name"] for topic in edited.get("/v1/topics").json["topics"]] == ["fruits", "country"]
    assert edited.get("/v1/thresholds").json["topics"] == {"fruits": 0.3}
    is_problem(edited.get(FRUIT), 404, "not_found")


def test_a_change_says_where_it_has_ended_an_adaptation(edited):
    run = edited.post("/v1/clusterings?wait=30", json={"around": "topics"}).json
    edited.post(f"/v1/clusterings/{run['id']}/activate")
    assert "adaptation" not in change(edited, {}).json
    assert change(edited, {"description": "sweet"}).json["adaptation"] == "deactivated"
    assert "adaptation" not in change(edited, {"description": "sour"}).json


@pytest.mark.parametrize("name", ["a/b", "/a", "a?b#c%", "two\nlines", "😀 ثم", "preview"])
def test_any_topic_can_be_read_and_changed_by_its_name(client, name):
    put_topics(client, name, "other")
    path = f"/v1/topics/{quote(name, safe='')}"
    tag = client.get(path).headers["ETag"]
    assert change(client, {"description": "x"}, tag, path).json["name"] == name
    assert client.get(path).json["description"] == "x"


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"data": b"{", "content_type": "application/json"}, 400, "invalid_request"),
        ({"data": b"{}", "content_type": "text/plain"}, 415, "unsupported_media_type"),
        ({"data": b"[]", "content_type": "application/json"}, 422, "invalid_request"),
        ({}, 422, "invalid_request"),
        ({"data": b"{}".ljust(16 * 2**20 + 1), "content_type": "application/json"}, 413, "too_large"),
    ],
)
def test_the_body_of_a_change_is_checked_as_any_other(edited, sent, status, code):
    is_problem(edited.patch(FRUIT, **sent), status, code)


def test_a_preview_has_every_field_of_the_contract(edited):
    body = {"topics": [{"name": "fruit"}, {"name": "nation", "examples": ["country c"]}], "texts": ["a fruit"], "k": 1}
    found = edited.post("/v1/topics/preview", json=body).json
    (result,) = found.pop("results")
    assert (result["text"], result["topic"], len(result["matches"])) == ("a fruit", "fruit", 1)
    (moved,) = found.pop("examples")
    assert (moved.pop("id"), moved) == (
        add(edited, "country c")["ids"][0],
        {"text": "country c", "from": "country", "to": "nation"},
    )
    sizes = [{"topic": "fruit", "words": 2}, {"topic": "nation", "words": 1}]
    assert found == {"words": 3, "moved": 1, "prototypes": "label", "sizes": sizes, "none": 0}
    assert [topic["name"] for topic in edited.get("/v1/topics").json["topics"]] == ["fruit", "country"]


def test_words_come_in_an_order_as_lines_like_those_without(edited):
    edited.put("/v1/thresholds", json={"topics": {"fruit": 1}})
    add(edited, "fruit ثم\u2028")
    every = {line["id"]: line for line in lines(edited, "")}
    ordered = lines(edited, "?order=unsure")
    assert [line["topic"] for line in ordered] == [None, None, None, "country"]
    assert len(ordered) == len(every) == 4 and all(line.keys() == every[line["id"]].keys() for line in ordered)
    assert [line["text"] for line in lines(edited, "?order=surest&limit=1")] == ["country c"]
    assert len(lines(edited, "?order=surest&topic=country")) == 1
    is_problem(edited.get("/v1/topics/words?order=surest&topic=animal"), 404, "not_found")


def lines(client, query):
    answer = client.get(f"/v1/topics/words{query}")
    assert answer.mimetype == "application/x-ndjson"
    return [client.application.json.loads(line) for line in answer.text.splitlines()]
