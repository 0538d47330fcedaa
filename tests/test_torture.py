"""One short round of every torture, and what they look with; `scripts/torture` runs the long ones."""

import time

import pytest

from indexer.embedders.local import LocalEmbedder
from indexer.settings import Settings
from scripts import processes
from scripts.tortures.beside import beside_a_server, beside_workers
from scripts.tortures.crowds import crowds
from scripts.tortures.disks import CannotMount, disks
from scripts.tortures.kills import kills
from scripts.tortures.model import save_static_model
from scripts.tortures.reembedding import reembeddings
from scripts.tortures.snapshots import full_snapshots, snapshots
from scripts.tortures.world import Asking, Lost, Tally, check_count, check_found, finished, texts, write_file

pytestmark = pytest.mark.long


def test_indexing_beside_a_server_that_is_asked(quick, tmp_path):
    tally = Tally()
    beside_a_server(tmp_path, quick, tally, size=2_000, clients=4)
    assert tally.rounds == 1 and tally.texts == 4_000 and tally.asked > 0


def test_two_indexers_beside_the_workers_of_a_chroma_server(quick, tmp_path):
    tally = Tally()
    beside_workers(tmp_path, quick, tally, size=1_000, clients=4, workers=2)
    assert tally.rounds == 1 and tally.texts == 2_000 and tally.asked > 0


def test_kills_of_indexers_and_servers(quick, tmp_path):
    tally = Tally()
    kills(tmp_path, quick, tally, rounds=3, size=1_500, longest_s=3)
    assert tally.rounds == 3 and tally.texts > 3 * 1_500


def test_many_indexers_at_once_on_one_folder(quick, tmp_path):
    tally = Tally()
    crowds(tmp_path, quick, tally, size=500, many=(2,))
    assert tally.rounds == 3 and tally.texts >= 2 * 2 * 500


def test_full_and_read_only_disks(quick, tmp_path):
    tally = Tally()
    try:
        disks(tmp_path, quick, tally, size=6_000, megabytes=4)
    except CannotMount as error:
        pytest.skip(f"no small disk can be mounted here: {error}")
    assert tally.rounds == 2


def test_kills_while_snapshots_are_written(quick, tmp_path):
    tally = Tally()
    # of fewer words, half may have changed by the moment of the kill, and the snapshot is given up
    there = snapshots(tmp_path, quick, tally, rounds=3, size=4_000, longest_s=1)
    assert tally.rounds == 3 and tally.texts >= 3 * 1_000 and there > 0


def test_kills_while_the_model_changes(quick, tmp_path):
    tally = Tally()
    reembeddings(tmp_path, (quick, "wide"), tally, rounds=1, size=2_000, longest_s=0.7)
    assert tally.rounds == 1 and tally.texts >= 2_000 and tally.asked > 0


def test_full_disks_under_snapshots(quick, tmp_path):
    tally = Tally()
    try:
        full_snapshots(tmp_path, quick, tally, rounds=2, size=1_200, megabytes=8)
    except CannotMount as error:
        pytest.skip(f"no small disk can be mounted here: {error}")
    assert tally.rounds == 2


def test_a_server_ends_in_peace_while_it_reads_its_words(quick, tmp_path):
    store = ("--data", tmp_path / "store", "--model", quick)
    finished(processes.start("index", write_file(tmp_path / "words.txt", texts(6_000)), *store))
    for moment in (0.0, 0.1, 0.2):
        server = processes.serve(*store)
        server.ready()
        time.sleep(moment)
        assert server.end() == 0
        assert not [line for line in server.said if "Traceback" in line or "Fatal" in line]


def test_what_is_lost_is_seen(quick, tmp_path):
    server = processes.serve("--data", tmp_path / "store", "--model", quick)
    server.ready()
    words = texts(10)
    server.client.post("/v1/words", json={"words": [{"text": text} for text in words]})
    check_found(server.url, words, Tally())
    with pytest.raises(Lost, match="2 of 12 texts"):
        check_found(server.url, texts(12), Tally())
    with pytest.raises(Lost, match="10 words, and should be 11"):
        check_count(server.url, 11)
    with pytest.raises(Lost, match="errors"):
        ask_a_server_that_ends(server)


def ask_a_server_that_ends(server):
    asking = Asking(server.url, 1, Tally())
    with asking:
        server.end()
        processes.wait_until(lambda: asking.errors, "nobody asked")


def test_a_model_that_is_a_table_of_token_vectors(tmp_path):
    embedder = LocalEmbedder(str(save_static_model(tmp_path / "model")), Settings())
    words = texts(100)
    many = embedder.embed(words)
    assert many.shape == (100, 384)
    for row, word in zip(many[::20], words[::20], strict=True):
        assert embedder.embed([word])[0] @ row > 0.9999
    assert embedder.truncated(["long " * 2_000]) == [False]
