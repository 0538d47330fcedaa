"""What a clustering finds: ids, names and lineage, on six vectors by hand."""

import numpy as np
import pytest

from indexer.clusters.finding import ClusterSet, find_clusters, grow_topics
from indexer.contract.clusterings import Cluster, Clustering, ClusteringSettings, Continued, Lineage, Split
from indexer.contract.topics import Thresholds
from indexer.prototypes import Prototypes
from indexer.topics.adaptation import TopicVectors
from indexer.vectors import Vectors, unit
from indexer.words.memory import AllWords

# Two words along each of three axes, each a little off its axis.
SIX = unit([[9, 1, 0], [9, 0, 1], [1, 9, 0], [0, 9, 1], [1, 0, 9], [0, 1, 9]])
TEXTS = ["apple", "mango", "france", "peru", "google", "shell"]
AXES = np.eye(3, dtype=np.float32)
NO_TOPICS = Prototypes((), np.empty((0, 3), np.float32))


def clustering(**settings: object) -> Clustering:
    return Clustering(
        id="B", status="running", progress=0, k=None, clusters=[], words=6, created="now",
        settings=ClusteringSettings(**settings),
    )  # fmt: skip


def start(names: list[str], vectors: Vectors) -> ClusterSet:
    """An earlier clustering, A, whose clusters have these names."""
    ids = [f"A-{i}" for i in range(len(names))]
    clusters = [Cluster(id=id, name=n, size=2, keywords=[], examples=[]) for id, n in zip(ids, names, strict=True)]
    return ClusterSet(clusters, Prototypes(tuple(ids), vectors))


def find(
    k: int = 3,
    *,
    begin: ClusterSet | None = None,
    topics: Prototypes = NO_TOPICS,
    thresholds: Thresholds | None = None,
    **settings: object,
) -> Clustering:
    shares: list[float] = []
    words = AllWords([str(i) for i in range(6)], TEXTS, SIX)
    asked = clustering(k=k, **settings)
    found, prototypes = find_clusters(asked, words, begin, topics, thresholds or Thresholds(), shares.append)
    assert prototypes.names == tuple(cluster.id for cluster in found.clusters)
    assert shares == sorted(shares)
    return found


def named(found: Clustering) -> dict[str, str]:
    """Return the name of each cluster by one of its words."""
    return {cluster.examples[0]: cluster.name for cluster in found.clusters}


def test_a_fresh_clustering_has_ids_of_its_own_and_names_from_its_words() -> None:
    found = find()
    assert (found.status, found.progress, found.k, found.lineage) == ("done", 1.0, 3, None)
    assert [cluster.id for cluster in found.clusters] == ["B-0", "B-1", "B-2"]
    assert {cluster.size for cluster in found.clusters} == {2}
    assert set(named(found).values()) == {"apple, mango", "france, peru", "google, shell"}
    assert found.quality is not None and found.quality.score == pytest.approx(0.997, abs=1e-3)
    assert found.quality.silhouette is not None and found.quality.silhouette > 0.8
    assert (found.criterion, found.curve, found.clear) == (None, None, None)


def test_one_cluster_has_no_silhouette() -> None:
    found = find(1)
    assert found.quality is not None and found.quality.silhouette is None


def test_a_k_that_was_chosen_comes_with_its_curve() -> None:
    words = AllWords([str(i) for i in range(6)], TEXTS, SIX)
    found, _ = find_clusters(clustering(k="auto"), words, None, NO_TOPICS, Thresholds(), lambda _: None)
    assert (found.k, found.criterion) == (3, "cosine silhouette")
    assert found.curve is not None and (3, pytest.approx(max(v for _, v in found.curve))) in found.curve


def test_clusters_that_continue_keep_their_ids_and_names_whatever_the_topics_are_called() -> None:
    begin = start(["fruit", "country", "COMPANY"], AXES)
    found = find(begin=begin, topics=Prototypes(("food", "land", "firm"), AXES))
    assert [cluster.id for cluster in found.clusters] == ["A-0", "A-1", "A-2"]
    assert named(found) == {"apple": "fruit", "france": "country", "google": "COMPANY"}
    assert found.clusters[0].keywords == ["apple", "mango"]


def test_where_a_cluster_splits_the_lineage_has_the_ids_of_the_new_clusters() -> None:
    begin = start(["fruit", "others"], unit([[1, 0, 0], [0, 1, 1]]))
    found = find(begin=begin)
    lineage, ids = found.lineage, {cluster.examples[0]: cluster.id for cluster in found.clusters}
    assert ids["apple"] == "A-0"
    assert lineage == Lineage(
        continued=[Continued(old="A-0", new="A-0", shared=2)],
        born=sorted([ids["france"], ids["google"]]),
        gone=["A-1"],
        split=[Split(old="A-1", new=sorted([ids["france"], ids["google"]]))],
        merged=[],
        moved=4,
        common=6,
    )


def test_a_new_cluster_has_the_name_of_a_topic_that_is_near() -> None:
    assert named(find(topics=Prototypes(("Fruit", "Country"), AXES[:2]))) == {
        "apple": "Fruit", "france": "Country", "google": "google, shell",
    }  # fmt: skip


@pytest.mark.parametrize("thresholds", [Thresholds(score=0.999), Thresholds(score=0.1, topics={"Fruit": 0.999})])
def test_a_topic_below_its_threshold_names_no_cluster(thresholds: Thresholds) -> None:
    topics = Prototypes(("Fruit",), unit([[9, 2, 0]]))
    assert named(find(topics=topics))["apple"] == "Fruit"
    assert named(find(topics=topics, thresholds=thresholds))["apple"] == "apple, mango"


def test_a_topic_names_only_the_cluster_that_is_nearest_to_it() -> None:
    topics = Prototypes(("Things",), unit([[3, 2, 1]]))
    assert set(named(find(topics=topics)).values()) == {"Things", "france, peru", "google, shell"}


@pytest.mark.parametrize("taken", ["Country", "country", "COUNTRY"])
def test_a_new_cluster_never_has_a_taken_name_though_its_topic_has_it(taken: str) -> None:
    begin = start([taken, "others"], unit([[1, 0, 0], [0, 1, 1]]))
    found = find(begin=begin, topics=Prototypes(("Country",), AXES[1:2]))
    assert named(found) == {"apple": taken, "france": "france, peru", "google": "google, shell"}


@pytest.mark.parametrize("taken", ["france, peru", "France, Peru"])
def test_a_new_cluster_never_has_a_taken_name_though_its_words_make_it(taken: str) -> None:
    begin = start([taken, "others"], unit([[1, 0, 0], [0, 1, 1]]))
    assert named(find(begin=begin)) == {"apple": taken, "france": "france, peru (2)", "google": "google, shell"}


def test_of_two_topics_whose_names_differ_by_case_alone_one_names_a_new_cluster() -> None:
    names = named(find(topics=Prototypes(("Land", "land"), AXES[:2])))
    assert sorted(names.values()).count("Land") == 1 and "land" not in names.values()
    assert len({name.casefold() for name in names.values()}) == 3


def test_topics_that_grow_keep_their_names_though_two_differ_by_case_alone() -> None:
    topics = [TopicVectors(axis, None, np.empty((0, 3), np.float32), axis[None]) for axis in AXES]
    words = AllWords([str(i) for i in range(6)], TEXTS, SIX)
    names = ["Land", "land", "LAND"]
    found, prototypes = grow_topics(clustering(around="topics"), words, names, topics, lambda _: None)
    assert [cluster.name for cluster in found.clusters] == names
    assert prototypes.names == ("B-0", "B-1", "B-2") == tuple(cluster.id for cluster in found.clusters)
    assert found.adaptation is not None and found.adaptation.moved == 0
    assert [(topic.name, topic.words) for topic in found.adaptation.topics] == [(name, 2) for name in names]
