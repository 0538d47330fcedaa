"""Maps over HTTP: made, waited for, cancelled; points with an ETag, colours, words, selections, places."""

import base64

import numpy as np
import pytest

from server.context import context
from tests.server.http import add, is_problem, put_topics

TEXTS = {f"{kind[0]}{i}": f"{kind} {i}" for kind in ("fruit", "country") for i in range(6)}


@pytest.fixture
def drawn(client):
    """The path of a map of twelve words."""
    put_topics(client, "fruit", "country")
    add(client, **TEXTS)
    answer = client.post("/v1/maps?wait=60", json={})
    assert (answer.status_code, answer.json["status"]) == (200, "done"), answer.text
    return f"/v1/maps/{answer.json['id']}"


def test_a_map_is_made_shown_listed_pinned_and_removed(client, drawn):
    started = client.post("/v1/maps", json={"landmarks": 10, "seed": 7, "start": None})
    assert started.status_code == 202 and started.headers["Location"].endswith(f"/v1/maps/{started.json['id']}")
    assert context(client.application).jobs.maps.wait(started.json["id"], 60)
    shown = client.get(started.headers["Location"]).json
    assert (shown["status"], shown["progress"], shown["words"], shown["moved"]) == ("done", 1.0, 12, None)
    assert shown["settings"] == {"landmarks": 10, "seed": 7, "start": None}
    assert set(shown) >= {"id", "quality", "far", "created", "seconds", "new_words"}
    assert [f"/v1/maps/{one['id']}" for one in client.get("/v1/maps").json["maps"]] == [
        started.headers["Location"],
        drawn,
    ]
    assert client.post(f"{drawn}/pin").json["pinned"] and not client.delete(f"{drawn}/pin").json["pinned"]
    assert client.delete(drawn).status_code == 204
    is_problem(client.delete(drawn), 404, "not_found")
    is_problem(client.get(drawn), 404, "not_found")
    is_problem(client.get(f"{drawn}/points"), 404, "not_found")


def test_points_are_sent_once_until_the_words_change(client, drawn):
    first = client.get(f"{drawn}/points")
    assert (first.mimetype, len(first.data)) == ("application/octet-stream", 4 * 12)
    assert first.headers["Cache-Control"] == "no-store"
    tag = first.headers["ETag"]
    same = client.get(f"{drawn}/points", headers={"If-None-Match": tag})
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", tag)
    assert f'"{client.get(f"{drawn}/colours?by=topic").json["order"]}"' == tag
    add(client, new="animal")
    later = client.get(f"{drawn}/points", headers={"If-None-Match": tag})
    assert later.status_code == 200 and later.headers["ETag"] != tag and len(later.data) == 4 * 13
    assert later.data[:48] == first.data


def test_points_by_two_topics_have_their_range_in_headers(client, drawn):
    points = client.get(f"{drawn}/points?axes=fruit&axes=country")
    assert points.headers["ETag"] == client.get(f"{drawn}/points").headers["ETag"]
    low, high = (float(points.headers[f"Topicdex-{name}"]) for name in ("Low", "High"))
    x, y = np.frombuffer(points.data, "<u2").reshape(-1, 2).T
    assert -1 <= low < high <= 1 and (x[:6] > y[:6]).all() and (x[6:] < y[6:]).all()
    again = client.get(f"{drawn}/points?axes=fruit&axes=country", headers={"If-None-Match": points.headers["ETag"]})
    assert again.status_code == 200  # topics may have changed
    is_problem(client.get(f"{drawn}/points?axes=fruit&axes=none"), 404, "not_found")
    for query in ("axes=fruit", "axes=fruit&axes=fruit", "axes=fruit&axes=country&axes=fruit", "other=1"):
        is_problem(client.get(f"{drawn}/points?{query}"), 422, "invalid_request")


def test_words_colours_selections_and_places(client, drawn):
    words = client.get(f"{drawn}/words?rows=7,0,99").json["words"]
    assert words == [
        {"row": 7, "id": "c1", "text": "country 1", "metadata": {}},
        {"row": 0, "id": "f0", "text": "fruit 0", "metadata": {}},
    ]
    assert [word["row"] for word in client.get(f"{drawn}/words?ids=c1&ids=none&ids=f0").json["words"]] == [7, 0]
    colours = client.get(f"{drawn}/colours?by=topic").json
    assert np.frombuffer(base64.b64decode(colours["rows"]), "<u2").tolist() == [0] * 6 + [1] * 6
    assert [(entry["name"], entry["count"], entry["id"]) for entry in colours["legend"]] == [
        ("fruit", 6, None),
        ("country", 6, None),
    ]
    selected = client.post(f"{drawn}/select", json={"contains": "FRUIT"}).json
    assert (selected["count"], selected["topics"]) == (6, [{"topic": "fruit", "count": 6}])
    assert np.frombuffer(base64.b64decode(selected["rows"]), "<u4").tolist() == list(range(6))
    places = client.post(f"{drawn}/locate", json={"texts": ["fruit 0", "an animal"]}).json["results"]
    assert [place["off_map"] for place in places] == [False, True]
    assert client.get("/v1/info").json["counts"]["words"] == 12


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("words", None),
        ("words?rows=0&ids=f0", None),
        ("words?rows=", None),
        ("words?rows=1,", None),
        ("words?rows=-1", None),
        ("words?rows=1e3", None),
        (f"words?rows={','.join('0' * 1001)}", None),
        ("colours", None),
        ("colours?by=none", None),
        ("colours?by=metadata:", None),
        ("select", {}),
        ("select", {"rows": [0], "contains": "fruit"}),
        ("select", {"polygon": [[0, 0], [1, 1]]}),
        ("select", {"polygon": [[0, 0], [1, 1], [2]]}),
        ("select", {"polygon": [[0, 0], [1, 1], [2, float("nan")]]}),
        ("select", {"polygon": [[0, 0], [1, 1], [2, 65_536]]}),
        ("select", {"polygon": [[0, 0], [1, 1], [2, "2"]]}),
        ("select", {"rows": [-1]}),
        ("select", {"rows": [0.5]}),
        ("select", {"rows": [0] * 100_001}),
        ("select", {"contains": " "}),
        ("select", {"rows": [0], "axes": ["fruit", "country"]}),
        ("locate", {"texts": []}),
        ("locate", {"texts": ["\ud800"]}),
    ],
)
def test_bad_input_is_refused(stocked, call, body):
    if not (maps := stocked.get("/v1/maps").json["maps"]):
        maps = [stocked.post("/v1/maps?wait=60", json={}).json]
    path = f"/v1/maps/{maps[0]['id']}/{call}"
    is_problem(stocked.get(path) if body is None else stocked.post(path, json=body), 422, "invalid_request")


@pytest.mark.parametrize(
    "body", [{"landmarks": 2}, {"landmarks": 20_001}, {"seed": -1}, {"start": "none"}, {"landmarks": "9"}, {"k": 2}]
)
def test_settings_that_can_never_succeed_make_no_job(client, body):
    is_problem(client.post("/v1/maps", json={}), 422, "invalid_request")
    add(client, "fruit")
    is_problem(client.post("/v1/maps", json=body), 422, "invalid_request")
    assert client.get("/v1/maps").json == {"maps": []}


def test_a_map_that_waits_is_cancelled_and_shows_nothing(client, engine, monkeypatch):
    add(client, "fruit 1", "fruit 2")
    left = engine.maps.create(
        engine.maps.history.get(client.post("/v1/maps?wait=60", json={}).json["id"]).record.settings
    )
    is_problem(client.get(f"/v1/maps/{left}/points"), 409, "conflict")
    assert client.delete(f"/v1/maps/{left}").status_code == 204
    with monkeypatch.context() as patched:
        patched.setattr(engine.maps, "run", lambda *_: 1 / 0)
        broken = client.post("/v1/maps?wait=30", json={}).json
    assert broken["status"] == "failed" and broken["error"]
    assert client.post("/v1/maps?wait=30", json={}).json["status"] == "done"
