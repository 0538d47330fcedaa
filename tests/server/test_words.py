"""Words over HTTP: added, paged through, deleted, nearest, compared."""

from urllib.parse import quote

import pytest

from tests.server.http import add, is_problem


def test_words_are_added_once_updated_and_left(client):
    first = add(client, a="fruit a", b="country b")
    assert {name: first[name] for name in ("added", "updated", "unchanged", "ids")} == {
        "added": 2,
        "updated": 0,
        "unchanged": 0,
        "ids": ["a", "b"],
    }
    again = add(client, a="fruit a", b="country c")
    assert (again["added"], again["updated"], again["unchanged"]) == (0, 1, 1)


def test_an_id_follows_from_the_text(client):
    (id,) = add(client, "fruit a")["ids"]
    assert add(client, "fruit a")["ids"] == [id]
    assert client.get(f"/v1/words/{id}").json == {"id": id, "text": "fruit a", "metadata": {}}


def test_pages_lead_to_every_word_once(client):
    add(client, **{f"w{i:02}": f"fruit {i}" for i in range(25)})
    seen, cursor, pages = [], None, 0
    while True:
        query = {"limit": 10} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/words", query_string=query).json
        seen += [word["id"] for word in page["words"]]
        pages += 1
        cursor = page["next"]
        if cursor is None:
            break
    assert (seen, pages) == ([f"w{i:02}" for i in range(25)], 3)


ODD_IDS = [
    "/",
    "/leading",
    "a/b/c",
    "a//b",
    "trailing/",
    "?#%&+ ",
    "..",
    "a\nb",
    "nul\0",
    "😀",
    "עברית",
    "delete",
    "ü" * 64,
]


@pytest.mark.parametrize("id", ODD_IDS)
def test_any_id_can_be_got_and_deleted_and_is_gone_then(client, id):
    client.post("/v1/words", json={"words": [{"text": "fruit", "id": id}]})
    where = f"/v1/words/{quote(id, safe='')}"
    assert client.get(where).json["id"] == id
    answer = client.delete(where)
    assert (answer.status_code, answer.data) == (204, b"")
    is_problem(client.delete(where), 404, "not_found")
    is_problem(client.get(where), 404, "not_found")


@pytest.mark.parametrize(
    "text",
    [" trimmed? ", "nul \0", "👩‍👩‍👧 emoji", "مرحبا עברית", "a\r\nb\u2028", "e\u0301", "\ufeffbom", "x" * 100_000],
)
def test_a_text_comes_back_exactly_as_it_was_sent(client, text):
    (id,) = add(client, text)["ids"]
    assert client.get(f"/v1/words/{id}").json["text"] == text
    nearest = client.post("/v1/words/nearest", json={"texts": [text], "k": 1}).json["results"][0]
    assert nearest["text"] == text == nearest["matches"][0]["text"]


def test_metadata_of_every_kind_comes_back_as_it_was(client):
    metadata = {
        "text": "a",
        "empty": "",
        "n": 3,
        "big": 2**62,
        "x": 1.5,
        "whole": 2.0,
        "yes": True,
        "ü.b c": "\0😀",
        "hash": "mine",
    }
    client.post("/v1/words", json={"words": [{"text": "fruit", "id": "1", "metadata": metadata}]})
    shown = client.get("/v1/words/1").json["metadata"]
    assert shown == metadata
    assert {name: type(value) for name, value in shown.items()} == {
        name: type(value) for name, value in metadata.items()
    }
    client.post("/v1/words", json={"words": [{"text": "fruit", "id": "1", "metadata": {"n": 4}}]})
    assert client.get("/v1/words/1").json["metadata"] == {"n": 4}


def test_nearest_words_come_with_scores_best_first_and_where_keeps_some(client):
    words = [
        {"text": f"{kind} {i}", "id": f"{kind}{i}", "metadata": {"kind": kind}}
        for kind in ("fruit", "country")
        for i in range(5)
    ]
    client.post("/v1/words", json={"words": words})
    one = client.get("/v1/words/nearest?text=fruit+3&k=4").json
    assert one["text"] == "fruit 3"
    assert set(one["matches"][0]) >= {"id", "text", "score", "metadata"}
    assert one["matches"][0]["id"] == "fruit3"
    scores = [m["score"] for m in one["matches"]]
    assert scores == sorted(scores, reverse=True) and all(-1 <= s <= 1 for s in scores)
    body = {"texts": ["fruit 3", "country 1"], "k": 1000, "where": {"kind": "country"}}
    results = client.post("/v1/words/nearest", json=body).json["results"]
    assert [r["text"] for r in results] == ["fruit 3", "country 1"]
    assert all({m["id"] for m in r["matches"]} == {f"country{i}" for i in range(5)} for r in results)


def test_nothing_stored_has_no_neighbours(client):
    assert client.get("/v1/words/nearest?text=fruit").json["matches"] == []


def test_many_are_deleted_at_once_and_what_is_not_there_does_not_count(client):
    add(client, a="fruit a", b="fruit b")
    assert client.post("/v1/words/delete", json={"ids": ["a", "a", "nowhere"]}).json == {"removed": 1}
    assert client.post("/v1/words/delete", json={"ids": ["a"]}).json == {"removed": 0}


def test_similarity_of_rows_with_columns_and_with_themselves(client):
    answer = client.post("/v1/similarity", json={"rows": ["fruit", "country"]}).json
    assert answer["rows"] == answer["columns"] == ["fruit", "country"]
    assert answer["matrix"][0][0] == pytest.approx(1, abs=1e-6)
    assert answer["matrix"][0][1] == pytest.approx(answer["matrix"][1][0])
    answer = client.post("/v1/similarity", json={"rows": ["fruit"], "columns": ["fruit", "a", "fruit"]}).json
    assert [len(row) for row in answer["matrix"]] == [3]


def test_of_a_call_with_one_bad_word_nothing_is_stored(client):
    is_problem(
        client.post("/v1/words", json={"words": [{"text": "fruit"}, {"text": " \t\u2003"}]}), 422, "invalid_request"
    )
    assert client.get("/v1/words").json == {"words": [], "next": None, "total": 0}


def test_a_thousand_are_taken(client):
    assert add(client, *(f"fruit {i}" for i in range(1000)))["added"] == 1000


def test_words_that_contain_a_text_are_counted_and_paged(client):
    add(client, **{f"w{i}": f"{'Fruit' if i % 2 else 'Country'} {i}" for i in range(10)})
    page = client.get("/v1/words?contains=fRUIT&limit=3").json
    assert ([word["id"] for word in page["words"]], page["total"]) == (["w1", "w3", "w5"], 5)
    rest = client.get("/v1/words", query_string={"contains": "fruit", "cursor": page["next"]}).json
    assert ([word["id"] for word in rest["words"]], rest["next"], rest["total"]) == (["w7", "w9"], None, 5)
    assert client.get("/v1/words").json["total"] == 10
    assert client.get("/v1/words?contains=%00").json == {"words": [], "next": None, "total": 0}
    is_problem(client.get("/v1/words?contain=fruit"), 422, "invalid_request")
