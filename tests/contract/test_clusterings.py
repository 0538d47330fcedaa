"""The protocol `Clusterings`: the same calls give the same through an engine and through a server."""

import pytest

from indexer.contract.clusterings import (
    ClusterAnswers,
    Clustering,
    ClusteringDiff,
    ClusteringList,
    ClusteringSettings,
    ClusterWordPage,
)
from indexer.errors import Conflict, InvalidRequest, NoClustering, NotFound
from indexer.records import Word

KINDS = ("fruit", "country", "company")


@pytest.fixture
def clusterings(service):
    """The clusterings of a corpus of thirty words in three groups, with two topics."""
    service.words.add([Word(f"{kind} {i}", f"{kind}{i}") for kind in KINDS for i in range(10)])
    service.topics.replace(["fruit", "country"])
    return service.clusterings


def test_a_clustering_is_made_shown_listed_and_removed(clusterings):
    shares = []
    done = clusterings.make(ClusteringSettings(k=3, seed=7, start=None), shares.append)
    assert isinstance(done, Clustering) and (done.status, done.progress, done.k, done.words) == ("done", 1.0, 3, 30)
    assert all(0 <= share <= 1 for share in shares)
    assert done.settings == ClusteringSettings(k=3, seed=7, start=None)
    assert sorted(cluster.size for cluster in done.clusters) == [10, 10, 10]
    assert done.seconds >= 0 and done.new_words == 0 and done.model == "axes" and done.pinned is False
    assert clusterings.get(done.id) == done
    assert clusterings.all() == ClusteringList(clusterings=[done])
    clusterings.delete(done.id)
    assert len(clusterings.all()) == 0
    for call in (clusterings.get, clusterings.delete, clusterings.pin, clusterings.activate):
        with pytest.raises(NotFound):
            call(done.id)


def test_the_next_clustering_follows_the_newest_with_the_same_settings(clusterings):
    first = clusterings.make(ClusteringSettings(k=3))
    again = clusterings.make(ClusteringSettings(k=3))
    assert (first.settings.start, again.settings.start) == (None, first.id)
    assert [cluster.id for cluster in again.clusters] == [cluster.id for cluster in first.clusters]
    assert again.lineage.moved == 0 and [one.shared for one in again.lineage.continued] == [10, 10, 10]
    assert [clustering.id for clustering in clusterings.all()] == [again.id, first.id]
    assert clusterings.make(ClusteringSettings(k=3, start=first.id)).settings.start == first.id


@pytest.mark.parametrize(
    "asked",
    [
        {"k": 31},
        {"k": "auto", "k_min": 31},
        {"k": 3, "start": "nowhere"},
        {},
        {"k": 3, "around": "topics"},
        {"k": 3, "k_min": 2},
    ],
    ids=["k", "k_min", "start", "neither", "both", "k and k_min"],
)
def test_what_can_never_succeed_is_refused_and_leaves_nothing(clusterings, asked):
    with pytest.raises(InvalidRequest):
        clusterings.make(ClusteringSettings(**asked))
    assert len(clusterings.all()) == 0


def test_without_words_or_topics_nothing_can_be_made(service):
    with pytest.raises(InvalidRequest, match="words"):
        service.clusterings.make(ClusteringSettings(k=1))
    service.words.add(["fruit"])
    with pytest.raises(InvalidRequest, match="topics"):
        service.clusterings.make(ClusteringSettings(around="topics"))


def test_a_clustering_that_fails_says_why_and_answers_nothing(service):
    service.words.add([Word("fruit", "1"), Word("fruit", "2"), Word("fruit", "3")])
    failed = service.clusterings.make(ClusteringSettings(k=3))
    assert (failed.status, bool(failed.error)) == ("failed", True)
    for call in (
        lambda: service.clusterings.nearest(["fruit"], 1, failed.id),
        lambda: service.clusterings.words(failed.id, 10),
        lambda: service.clusterings.pin(failed.id),
        lambda: service.clusterings.activate(failed.id),
        lambda: service.clusterings.diff(failed.id, failed.id),
    ):
        with pytest.raises(Conflict):
            call()
    with pytest.raises(NoClustering):
        service.clusterings.nearest(["fruit"])


def test_words_come_in_pages_and_later_ones_are_there_too(service, clusterings):
    done = clusterings.make(ClusteringSettings(k=3))
    service.words.add([Word("fruit later", "later")])
    assert clusterings.get(done.id).new_words == 1
    page = clusterings.words(done.id, 20)
    rest = clusterings.words(done.id, 20, page.next)
    assert isinstance(page, ClusterWordPage) and (len(page), len(rest), rest.next) == (20, 11, None)
    clusters = {word.id: word.cluster for word in [*page, *rest]}
    assert clusters["later"] == clusters["fruit0"] != clusters["country0"]
    some = clusterings.words(done.id, 1000, None, clusters["fruit0"])
    assert {word.id for word in some} == {"later", *(f"fruit{i}" for i in range(10))}
    with pytest.raises(NotFound):
        clusterings.words(done.id, 10, cluster="nowhere")
    with pytest.raises(NotFound):
        clusterings.words("nowhere", 10)
    with pytest.raises(InvalidRequest, match="cursor"):
        clusterings.words(done.id, 10, "zzz")


def test_the_nearest_cluster_comes_from_the_newest_clustering_or_the_one_named(clusterings):
    with pytest.raises(NoClustering):
        clusterings.nearest(["fruit"])
    old, new = (clusterings.make(ClusteringSettings(k=k)) for k in (1, 3))
    answers = clusterings.nearest(["a fruit", "a country"], 2)
    assert isinstance(answers, ClusterAnswers) and {answer.clustering for answer in answers} == {new.id}
    assert [answer.text for answer in answers] == ["a fruit", "a country"]
    assert [len(answer.matches) for answer in answers] == [2, 2]
    examples = {cluster.id: cluster.examples for cluster in new.clusters}
    assert [examples[answer.matches[0].cluster][0].split()[0] for answer in answers] == ["fruit", "country"]
    assert clusterings.nearest(["a fruit"], 1000, old.id)[0].clustering == old.id
    with pytest.raises(NotFound):
        clusterings.nearest(["a fruit"], 1, "nowhere")


def test_two_clusterings_are_compared_over_the_words_that_are_there(service, clusterings):
    old = clusterings.make(ClusteringSettings(k=3, start=None))
    new = clusterings.make(ClusteringSettings(k=2, start=None))
    service.words.add([Word("company later", "later")])
    diff = clusterings.diff(old.id, new.id)
    assert isinstance(diff, ClusteringDiff) and (diff.old, diff.new, diff.common) == (old.id, new.id, 31)
    assert len(diff.continued) == 2 and len(diff.gone) == 1 and diff.born == []
    with pytest.raises(NotFound):
        clusterings.diff(old.id, "nowhere")


def test_a_clustering_is_pinned_and_let_go(clusterings):
    done = clusterings.make(ClusteringSettings(k=1))
    assert clusterings.pin(done.id).pinned is True
    assert clusterings.get(done.id).pinned is True
    assert clusterings.pin(done.id, False).pinned is False


def test_topics_answer_from_a_clustering_that_grew_from_them(service, clusterings):
    grown, plain = clusterings.make(ClusteringSettings(around="topics")), clusterings.make(ClusteringSettings(k=2))
    assert [cluster.name for cluster in grown.clusters] == ["fruit", "country"] and grown.active is False
    assert grown.adaptation.moved >= 0 and [topic.name for topic in grown.adaptation.topics] == ["fruit", "country"]
    with pytest.raises(Conflict, match="did not grow"):
        clusterings.activate(plain.id)
    assert clusterings.nearest(["fruit 1"], 1, grown.id)[0].matches[0].name == "fruit"
    assert clusterings.activate(grown.id).active is True
    assert service.topics.nearest(["fruit 1"], 1)[0].prototypes == "adapted"
    with pytest.raises(Conflict):
        clusterings.delete(grown.id)
    service.topics.deactivate()
    assert clusterings.get(grown.id).active is False
    service.topics.add(["company"])
    with pytest.raises(Conflict, match="changed"):
        clusterings.activate(grown.id)
    clusterings.delete(grown.id)
    assert [clustering.id for clustering in clusterings.all()] == [plain.id]
