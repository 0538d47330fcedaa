"""Topics over HTTP: the set, answers, thresholds, the classification as a stream."""

from urllib.parse import quote

import pytest

from server.context import MOST_STREAMS
from tests.server.http import add, is_problem, put_topics


def test_topics_are_set_added_to_listed_and_deleted(client):
    assert put_topics(client, "fruit", "country") == {
        "topics": [
            {"name": "fruit", "description": "", "examples": []},
            {"name": "country", "description": "", "examples": []},
        ]
    }
    company = {"name": "company", "description": "a business", "examples": ["company x"]}
    answer = client.post("/v1/topics", json={"topics": [company, {"name": "fruit", "description": "sweet"}]})
    assert [t["name"] for t in answer.json["topics"]] == ["fruit", "country", "company"]
    assert answer.json["topics"][2] == company
    assert client.get("/v1/topics").json == answer.json
    gone = client.delete("/v1/topics/country")
    assert (gone.status_code, gone.data) == (204, b"")
    assert [t["name"] for t in client.get("/v1/topics").json["topics"]] == ["fruit", "company"]
    is_problem(client.delete("/v1/topics/country"), 404, "not_found")
    assert put_topics(client, "animal")["topics"] == [{"name": "animal", "description": "", "examples": []}]


def test_an_answer_has_every_field_of_the_contract(client):
    put_topics(client, "fruit", "country", "company")
    answer = client.get("/v1/topics/nearest?text=fruit&k=2").json
    assert answer["text"] == "fruit" and answer["topic"] == "fruit" and answer["reason"] == "matched"
    assert answer["score"] == pytest.approx(1, abs=1e-6)
    assert answer["threshold"] is None
    assert answer["prototypes"] == "label" and answer["model"] == "axes"
    assert answer["matches"][0]["topic"] == "fruit" and len(answer["matches"]) == 2
    assert answer["margin"] == pytest.approx(answer["matches"][0]["score"] - answer["matches"][1]["score"])
    assert client.get("/v1/words").json["words"] == []


def test_the_margin_does_not_follow_k_and_k_may_be_above_what_exists(client):
    put_topics(client, "fruit", "country", "company")
    answers = [client.get(f"/v1/topics/nearest?text=fruit+x&k={k}").json for k in (1, 2, 1000)]
    assert [len(a["matches"]) for a in answers] == [1, 2, 3]
    assert len({a["margin"] for a in answers}) == 1


def test_one_topic_has_no_margin_and_no_topic_is_a_reason(client):
    none = client.get("/v1/topics/nearest?text=fruit").json
    assert (none["topic"], none["reason"], none["matches"], none["score"]) == (None, "no_topics", [], None)
    put_topics(client, "fruit")
    assert client.get("/v1/topics/nearest?text=fruit").json["margin"] is None


def test_many_texts_are_answered_in_their_order(client):
    put_topics(client, "fruit", "country")
    texts = [f"{kind} {i}" for i in range(500) for kind in ("fruit", "country")]
    results = client.post("/v1/topics/nearest?prototypes=label", json={"texts": texts, "k": 1}).json["results"]
    assert [r["text"] for r in results] == texts
    assert [r["topic"] for r in results] == ["fruit", "country"] * 500


def test_thresholds_are_shown_set_kept_and_taken_away(client):
    put_topics(client, "fruit", "country")
    shown = client.get("/v1/thresholds").json
    assert (shown["score"], shown["margin"]) == (None, None)
    assert client.put("/v1/thresholds", json={"score": 0.99, "margin": 0.05}).status_code == 200
    assert client.get("/v1/thresholds").json["score"] == 0.99
    below = client.get("/v1/topics/nearest?text=something+else").json
    assert (below["topic"], below["reason"], below["threshold"]) == (None, "below_threshold", 0.99)
    assert len(below["matches"]) == 2
    client.put("/v1/thresholds", json={"score": -1, "margin": 1})
    assert client.get("/v1/topics/nearest?text=fruit").json["reason"] == "ambiguous"
    client.put("/v1/thresholds", json={"score": None, "topics": {"fruit": 1.0}})
    assert client.get("/v1/topics/nearest?text=a+fruit").json["reason"] == "below_threshold"
    assert client.get("/v1/topics/nearest?text=a+country").json["reason"] == "matched"
    assert client.put("/v1/thresholds", json={}).json["topics"] == {}


def test_what_get_thresholds_shows_put_takes_also_after_a_topic_has_gone(client):
    put_topics(client, "fruit", "country")
    client.put("/v1/thresholds", json={"score": 0.5, "topics": {"fruit": 0.9}})
    client.delete("/v1/topics/fruit")
    shown = client.get("/v1/thresholds").json
    again = client.put("/v1/thresholds", json={name: shown[name] for name in ("score", "margin", "topics")})
    assert again.status_code == 200
    assert again.json["score"] == 0.5


@pytest.mark.parametrize("name", ["a/b", "/a", "a?b#c%", "two\nlines", "😀 ثم"])
def test_any_topic_can_be_deleted_by_its_name(client, name):
    put_topics(client, name, "other")
    assert client.delete(f"/v1/topics/{quote(name, safe='')}").status_code == 204
    assert [t["name"] for t in client.get("/v1/topics").json["topics"]] == ["other"]


def test_readers_who_stop_reading_do_not_take_every_thread(client):
    put_topics(client, "fruit", "country")
    add(client, "fruit a")
    stalled = [client.get("/v1/topics/words") for _ in range(MOST_STREAMS)]
    answer = client.get("/v1/topics/words")
    assert answer.status_code == 429 and answer.json["code"] == "too_many_jobs"
    for response in stalled:
        response.close()
    assert client.get("/v1/topics/words").status_code == 200


LABELLED = [{"text": f"{kind} {i}", "label": kind} for kind in ("fruit", "country") for i in range(30)]
STRANGERS = [{"text": f"animal {i}", "label": None} for i in range(10)]


def test_an_evaluation_measures_labelled_texts_and_changes_nothing(client):
    put_topics(client, "fruit", "country")
    wrong = {"text": "fruit x", "label": "country"}
    measured = client.post("/v1/evaluations", json={"rows": [*LABELLED, wrong, *STRANGERS]}).json
    assert (measured["rows"], measured["no_topic_rows"]) == (71, 10)
    assert measured["accuracy"]["value"] == pytest.approx(60 / 61) and measured["accuracy"]["n"] == 61
    assert measured["thresholds"] == {"score": None, "margin": None, "topics": {}}
    assert {"truth": "country", "given": "fruit", "count": 1, "examples": ["fruit x"]} in measured["confusions"]
    assert client.get("/v1/words").json["words"] == []


def test_a_calibration_finds_thresholds_and_sets_them_only_where_it_is_asked_to(client):
    put_topics(client, "fruit", "country")
    body = {"rows": [*LABELLED, *STRANGERS], "precision": 0.95}
    found = client.post("/v1/calibrations", json=body).json
    assert (found["asked"], found["rows"], found["no_topic_rows"]) == (0.95, 70, 10)
    assert found["topic_rows"] == {"fruit": 30, "country": 30}
    assert found["measured"]["precision"]["value"] >= 0.95
    assert found["thresholds"]["score"] is not None
    assert client.get("/v1/thresholds").json["score"] is None
    again = client.post("/v1/calibrations", json={**body, "apply": True}).json
    assert again["thresholds"] == found["thresholds"]
    set_now = client.get("/v1/thresholds").json
    assert {name: set_now[name] for name in ("score", "margin", "topics")} == found["thresholds"]
    nearest = client.get("/v1/topics/nearest?text=fruit+3").json
    assert nearest["topic"] == "fruit" and nearest["threshold"] is not None


def test_rows_that_cannot_teach_thresholds_say_why_and_set_none(client):
    put_topics(client, "fruit", "country")
    for rows, why in (
        (LABELLED[:5], "not enough data"),
        (STRANGERS * 3, "none of the 30 labelled rows"),
        (LABELLED[:30], "all 30 labelled rows belong to"),
        ([*LABELLED, {"text": "x", "label": "planet"}], "these labels are no topics: 'planet'"),
    ):
        answer = client.post("/v1/calibrations", json={"rows": rows, "apply": True})
        assert why in is_problem(answer, 422, "invalid_request")["detail"]
    assert client.get("/v1/thresholds").json["score"] is None


@pytest.mark.parametrize("what", ["evaluations", "calibrations"])
def test_twenty_thousand_labelled_texts_are_taken_and_one_more_is_refused(client, what):
    put_topics(client, "fruit", "country")
    rows = [{"text": f"{kind} {i % 50}", "label": kind} for i in range(10_000) for kind in ("fruit", "country")]
    assert client.post(f"/v1/{what}", json={"rows": rows}).json["rows"] == 20_000
    is_problem(client.post(f"/v1/{what}", json={"rows": [*rows, rows[0]]}), 422, "invalid_request")
