"""Clusterings as JSON: on the wire, in the schema, and in the store."""

import json

import pytest

from indexer.contract.clusterings import (
    Adaptation,
    Cluster,
    Clustering,
    ClusteringDiff,
    ClusteringList,
    ClusteringSettings,
    Continued,
    GrownTopic,
    Lineage,
    Merged,
    MovedWord,
    Quality,
    Split,
)
from indexer.errors import InvalidRequest
from indexer.store.clusterings import StoredClustering
from server import create_app

LINEAGE = Lineage(
    continued=[Continued(old="A-0", new="A-0", shared=7)],
    born=["B-1"],
    gone=["A-1"],
    split=[Split(old="A-0", new=["A-0", "B-1"])],
    merged=[Merged(old=["A-0", "A-1"], new="A-0")],
    moved=3,
    common=10,
)
LINEAGE_JSON = {
    "continued": [{"from": "A-0", "to": "A-0", "shared": 7}],
    "born": ["B-1"],
    "gone": ["A-1"],
    "split": [{"from": "A-0", "to": ["A-0", "B-1"]}],
    "merged": [{"from": ["A-0", "A-1"], "to": "A-0"}],
    "moved": 3,
    "common": 10,
}
QUEUED = Clustering(
    id="B", status="queued", progress=0, k=None, settings=ClusteringSettings(k=2), clusters=[], words=10, created="now"
)
QUEUED_JSON = {
    "id": "B",
    "status": "queued",
    "progress": 0.0,
    "k": None,
    "settings": {
        "k": 2,
        "around": None,
        "seed": 42,
        "start": "newest",
        "k_min": None,
        "k_max": None,
        "stop_words": None,
    },
    "clusters": [],
    "words": 10,
    "created": "now",
    "seconds": None,
    "error": None,
    "pinned": False,
}
FOUND = {
    "status": "done",
    "progress": 1.0,
    "k": 1,
    "seconds": 0.5,
    "model": "axes",
    "criterion": "cosine silhouette",
    "clear": False,
    "quality": {"score": 0.5, "silhouette": None},
}
MORE_JSON = {
    **FOUND,
    "settings": {**QUEUED_JSON["settings"], "stop_words": ["der"]},  # type: ignore[dict-item]
    "clusters": [{"id": "A-0", "name": "Fruit", "size": 10, "keywords": ["apple"], "examples": ["Apple"]}],
    "curve": [[2, 0.25], [3, 0.5]],
    "lineage": LINEAGE_JSON,
    "adaptation": {
        "moved": 1,
        "examples": [{"text": "a word", "from": "Fruit", "to": "Country"}],
        "topics": [
            {"name": "Fruit", "grown": True, "reason": "grown", "explanation": "It moved.", "support": 2.5, "words": 9}
        ],
    },
}
DONE = QUEUED.model_copy(
    update={
        **FOUND,
        "settings": ClusteringSettings(k=2, stop_words=["der"]),
        "clusters": [Cluster(id="A-0", name="Fruit", size=10, keywords=["apple"], examples=["Apple"])],
        "curve": [(2, 0.25), (3, 0.5)],
        "lineage": LINEAGE,
        "quality": Quality(score=0.5, silhouette=None),
        "adaptation": Adaptation(
            moved=1,
            examples=[MovedWord(text="a word", old="Fruit", new="Country")],
            topics=[
                GrownTopic(name="Fruit", grown=True, reason="grown", explanation="It moved.", support=2.5, words=9)
            ],
        ),
    }
)
DONE_JSON = {**QUEUED_JSON, **MORE_JSON}
ANSWERS = [
    (QUEUED, QUEUED_JSON),
    (DONE, DONE_JSON),
    (DONE.model_copy(update={"new_words": 0, "active": False}), {**DONE_JSON, "new_words": 0, "active": False}),
    (ClusteringList(clusterings=[DONE, QUEUED]), {"clusterings": [DONE_JSON, QUEUED_JSON]}),
    (ClusteringDiff(old="A", new="B", **dict(LINEAGE)), {"from": "A", "to": "B", **LINEAGE_JSON}),
]


@pytest.mark.parametrize(("answer", "expected"), ANSWERS)
def test_an_answer_is_the_same_json_whichever_way_it_is_written_and_reads_back_equal(answer, expected):
    assert json.loads(answer.model_dump_json()) == expected
    assert json.loads(json.dumps(answer.model_dump(mode="json"))) == expected
    assert type(answer).model_validate_json(answer.model_dump_json()) == answer


def test_the_schema_has_the_names_of_the_wire(settings, engine):
    app = create_app(settings, engine=engine)
    try:
        schemas = app.test_client().get("/openapi.json").json["components"]["schemas"]
    finally:
        app.extensions["topicdex"].warmup.join()
        app.extensions["topicdex"].jobs.close()
    for name in ("ClusteringDiff", "Continued", "Split", "Merged", "MovedWord"):
        assert {"from", "to"} <= schemas[name]["properties"].keys() and "old" not in schemas[name]["properties"]
        assert {"from", "to"} <= set(schemas[name]["required"])
    assert set(schemas["Clustering"]["properties"]) == {*DONE_JSON, "new_words", "active"}
    assert set(schemas["Clustering"]["required"]) <= QUEUED_JSON.keys()


@pytest.mark.parametrize("clustering", [QUEUED, DONE])
def test_a_stored_clustering_reads_back_equal_and_keeps_nothing_that_changes_by_itself(clustering):
    stored = StoredClustering(clustering, "a version", 1.5)
    assert StoredClustering.from_json(stored.to_json()) == stored
    current = stored.updated(new_words=3, active=True)
    assert StoredClustering.from_json(current.to_json()) == stored


def test_what_an_earlier_version_stored_reads_back():
    kept = {**DONE_JSON, "beat": 1.5, "worker": "of an earlier version"}
    assert StoredClustering.from_json(json.dumps(kept)) == StoredClustering(DONE, None, 1.5)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"k": 2, "around": "topics"},
        {"k": 2, "k_min": 1},
        {"around": "topics", "k_max": 3},
        {"k": "auto", "k_min": 4, "k_max": 3},
    ],
)
def test_settings_that_contradict_each_other_are_refused(given):
    with pytest.raises(InvalidRequest):
        ClusteringSettings(**given)


def test_settings_follow_those_that_differ_in_the_start_alone():
    settings = ClusteringSettings(k=3, stop_words=["der"])
    assert settings.follows(ClusteringSettings(k=3, stop_words=["der"], start="A"))
    assert not settings.follows(ClusteringSettings(k=3))
    assert not settings.follows(ClusteringSettings(k=3, stop_words=["der"], seed=1))
