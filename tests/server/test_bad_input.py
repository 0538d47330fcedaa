"""Bad input: each is refused with a problem, and changes nothing."""

import json

import pytest

from tests.server.http import add, is_problem, put_topics

LONE = "\ud800"
MANY = ["a"] * 1001
GET, POST, PUT, DELETE = "GET", "POST", "PUT", "DELETE"

UNPROCESSABLE = [
    # k and limit
    *[
        (GET, f"/v1/{what}/nearest?text=a&k={k}", None)
        for what in ("topics", "words", "clusters")
        for k in ("0", "-1", "two", "1001", "1.5", "")
    ],
    *[
        (POST, f"/v1/{what}/nearest", {"texts": ["a"], "k": k})
        for what in ("topics", "words", "clusters")
        for k in (0, -1, "2", 1001, 1.5, 1001.0, None, True, [2])
    ],
    *[(GET, f"/v1/words?limit={n}", None) for n in ("0", "-1", "many", "1001")],
    *[(POST, "/v1/clusterings", {"k": k}) for k in (0, -1, "two", 1001, 5, 2.5, True, [], None)],
    *[(POST, f"/v1/clusterings?wait={n}", {"k": 1}) for n in ("-1", "61", "nan", "soon", "")],
    (POST, "/v1/clusterings", {}),
    (POST, "/v1/clusterings", {"k": 2, "around": "topics"}),
    (POST, "/v1/clusterings", {"around": "words"}),
    (POST, "/v1/clusterings", {"k": 2, "seed": -1}),
    (POST, "/v1/clusterings", {"k": 2, "seed": 2**32}),
    (POST, "/v1/clusterings", {"k": 2, "start": LONE}),
    (POST, "/v1/clusterings", {"k": 2, "start": 7}),
    (POST, "/v1/clusterings", {"k": 2, "stop_words": [LONE]}),
    # texts
    *[
        (GET, f"/v1/{what}/nearest{query}", None)
        for what in ("topics", "words", "clusters")
        for query in ("", "?text=", "?text=+", "?text=%FF", "?text=%ED%A0%80")
    ],
    *[
        (POST, f"/v1/{what}/nearest", {"texts": texts})
        for what in ("topics", "words", "clusters")
        for texts in ([], MANY, [""], ["\t\n"], [LONE], [1], [None], "a", None, {})
    ],
    *[
        (POST, "/v1/words", {"words": [{"text": text}]})
        for text in ("", " ", "\u2003", LONE, f"a{LONE}b", 1, None, ["a"])
    ],
    *[
        (POST, "/v1/words", {"words": words})
        for words in ([], [{"text": "a"}] * 1001, ["a"], {"text": "a"}, [[]], [None], None)
    ],
    (POST, "/v1/words", {"words": [{"id": "1"}]}),
    *[
        (POST, "/v1/similarity", body)
        for body in (
            {},
            {"rows": []},
            {"rows": MANY},
            {"rows": ["a"], "columns": []},
            {"rows": ["a"], "columns": MANY},
            {"rows": [LONE]},
        )
    ],
    # ids and metadata
    *[(POST, "/v1/words", {"words": [{"text": "a", "id": id}]}) for id in ("", "x" * 129, "ü" * 65, LONE, 7, ["a"])],
    *[(POST, "/v1/words/delete", {"ids": ids}) for ids in ([], MANY, [1], [LONE], "a", None)],
    *[
        (POST, "/v1/words", {"words": [{"text": "a", "metadata": metadata}]})
        for metadata in (
            {"a": {"b": 1}},
            {"a": [1]},
            {"a": None},
            {"": 1},
            {"a": LONE},
            {LONE: 1},
            {"a": 2**64},
            {"a": float("nan")},
            {"a": float("-inf")},
            {"topicdex:text": "x"},
            {"chroma:document": "x"},
            {"$and": 1},
            {"a": "x" * 20_000},
            {f"n{i}": i for i in range(65)},
            [],
            "a",
            None,
        )
    ],
    *[
        (POST, "/v1/words/nearest", {"texts": ["a"], "where": where})
        for where in ({"a": None}, {"a": {"$gt": 1}}, {"": 1}, {"$or": "a"}, [], "a")
    ],
    # topics and thresholds
    *[
        (method, "/v1/topics", {"topics": topics})
        for method in (PUT, POST)
        for topics in (
            [],
            [{"name": f"t{i}"} for i in range(1001)],
            [{"name": "a"}, {"name": "a"}],
            [{"name": ""}],
            [{"name": " "}],
            [{"name": LONE}],
            [{"description": "a"}],
            [{"name": "a", "description": LONE}],
            [{"name": "a", "description": None}],
            [{"name": "a", "examples": "b"}],
            [{"name": "a", "examples": [""]}],
            [{"name": "a", "examples": [LONE]}],
            [{"name": "a", "examples": MANY}],
            ["a"],
            None,
        )
    ],
    *[
        ("PATCH", "/v1/topics/fruit", body)
        for body in (
            *({field: value} for field in ("name", "description") for value in (None, 1, LONE, ["a"])),
            *({"name": name} for name in ("", " ")),
            *({"examples": examples} for examples in (None, "b", [""], [LONE], MANY)),
            {"surprise": 1},
            {"version": "1"},
        )
    ],
    *[
        (POST, "/v1/topics/preview", {"topics": [{"name": "a"}], **body})
        for body in ({"topics": []}, {"topics": None}, {"texts": [" "]}, {"texts": MANY}, {"k": 0}, {"surprise": 1})
    ],
    (POST, "/v1/topics/preview", {"topics": [{"name": "a"}, {"name": "a"}]}),
    (POST, "/v1/topics/preview", {}),
    *[
        (GET, f"/v1/topics/words?{query}", None)
        for query in ("order=best", "order=", "limit=5", "order=surest&limit=0", "order=surest&limit=1001")
    ],
    *[
        (PUT, "/v1/thresholds", body)
        for body in (
            {"score": 2},
            {"score": "0.5"},
            {"score": float("nan")},
            {"margin": -0.1},
            {"topics": {"none": 0.5}},
            {"topics": {"fruit": None}},
            {"topics": {LONE: 0.1}},
            {"topics": []},
        )
    ],
    # labelled texts
    *[
        (POST, f"/v1/{what}", body)
        for what in ("evaluations", "calibrations")
        for body in (
            {},
            {"rows": []},
            {"rows": [{"text": "fruit"}]},
            {"rows": [{"text": " ", "label": "fruit"}]},
            {"rows": [{"text": LONE, "label": None}]},
            {"rows": [{"text": "fruit", "label": 1}]},
            {"rows": [{"text": "fruit", "label": LONE}]},
            {"rows": [{"text": "fruit", "label": "planet"}]},
            {"rows": [{"text": "fruit", "label": "fruit", "surprise": 1}]},
        )
    ],
    *[
        (POST, "/v1/calibrations", {"rows": [{"text": "fruit", "label": "fruit"}], **body})
        for body in (
            {"precision": 0},
            {"precision": 1},
            {"precision": "0.9"},
            {"precision": float("nan")},
            {"apply": 1},
        )
    ],
    # what is not known
    *[
        (GET, f"{path}&surprise=1" if "?" in path else f"{path}?surprise=1", None)
        for path in (
            "/v1/topics",
            "/v1/words",
            "/v1/words/x",
            "/v1/clusterings",
            "/v1/clusterings/x",
            "/v1/clusterings/x/words",
            "/v1/thresholds",
            "/v1/info",
            "/v1/topics/nearest?text=a",
            "/v1/topics/fruit",
            "/v1/topics/similarity",
            "/v1/topics/sizes",
            "/v1/words/nearest?text=a",
            "/v1/clusters/nearest?text=a",
        )
    ],
    *[(DELETE, f"/v1/{what}/x?surprise=1", None) for what in ("topics", "words", "clusterings")],
    (GET, "/v1/topics/nearest?text=a&prototypes=adapted", None),
    (POST, "/v1/topics/nearest?k=2", {"texts": ["a"]}),
    *[(POST, f"/v1/{what}/nearest", {"texts": ["a"], "surprise": 1}) for what in ("topics", "words", "clusters")],
    (POST, "/v1/words", {"words": [{"text": "a"}], "surprise": 1}),
    (POST, "/v1/words", {"words": [{"text": "a", "surprise": 1}]}),
    (POST, "/v1/words", {"words": [{"text": "a"}], LONE: 1}),
    (PUT, "/v1/topics", {"topics": [{"name": "a", "surprise": 1}]}),
    (PUT, "/v1/thresholds", {"surprise": 1}),
    (POST, "/v1/clusterings", {"k": 2, "surprise": 1}),
    (POST, "/v1/words/delete", {"ids": ["a"], "surprise": 1}),
    (POST, "/v1/similarity", {"rows": ["a"], "surprise": 1}),
    # cursors
    (GET, "/v1/words?cursor=zzz", None),
    (GET, "/v1/words?cursor=", None),
    # JSON, and no object
    *[(POST, "/v1/words", body) for body in (None, [], "a", 7, True)],
]


def short(value):
    return str(value)[:40] if isinstance(value, str) else json.dumps(value)[:40]


@pytest.mark.parametrize(("method", "path", "body"), UNPROCESSABLE, ids=short)
def test_bad_input_is_a_422_that_changes_nothing(stocked, method, path, body):
    before = stocked.get("/v1/info").json, len(stocked.get("/v1/clusterings").json["clusterings"])
    sent = {} if method in (GET, DELETE) else {"data": json.dumps(body), "content_type": "application/json"}
    is_problem(stocked.open(path, method=method, **sent), 422, "invalid_request")
    assert (stocked.get("/v1/info").json, len(stocked.get("/v1/clusterings").json["clusterings"])) == before
    assert stocked.get("/v1/topics").status_code == 200


@pytest.mark.parametrize("k", [2, 2.0])
def test_a_whole_number_may_be_written_with_a_point(client, k):
    put_topics(client, "fruit", "country", "company")
    assert len(client.post("/v1/topics/nearest", json={"texts": ["a"], "k": k}).json["results"][0]["matches"]) == 2
    add(client, "fruit 1", "fruit 2")
    settings = client.post("/v1/clusterings", json={"k": k, "seed": 7.0}).json["settings"]
    assert (settings["k"], settings["seed"]) == (2, 7)


def raw(client, data, content_type="application/json", path="/v1/words"):
    return client.post(path, data=data, content_type=content_type)


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"hello",
        b'{"words": [{"text": "\xff"}]}',
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"k": ' + b"9" * 5000 + b"}",
        b"{'words': []}",
        b"\x00",
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_no_json_is_a_400(stocked, data):
    body = is_problem(raw(stocked, data), 400, "invalid_request")
    assert "JSON" in body["detail"]


def test_a_body_that_is_missing_is_a_422(stocked):
    is_problem(stocked.post("/v1/words"), 422, "invalid_request")
    is_problem(stocked.post("/v1/words", content_type="application/json"), 422, "invalid_request")


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "multipart/form-data; boundary=x",
    ],
)
def test_a_body_of_another_type_is_a_415(stocked, content_type):
    is_problem(raw(stocked, b'{"words": [{"text": "a"}]}', content_type), 415, "unsupported_media_type")


def test_a_charset_beside_the_type_is_fine(stocked):
    assert raw(stocked, b'{"texts": ["a"]}', "application/json; charset=utf-8", "/v1/topics/nearest").status_code == 200


def test_a_body_of_16_mb_is_taken_and_one_byte_more_is_a_413(stocked):
    whole = b'{"texts": ["a"]}'.ljust(16 * 2**20)
    assert raw(stocked, whole, path="/v1/topics/nearest").status_code == 200
    is_problem(raw(stocked, whole + b" ", path="/v1/topics/nearest"), 413, "too_large")
