"""A store that two plain Chroma clients have ruined."""

import json
import shutil
import subprocess
import sys

import pytest

from indexer import Engine
from tests.model import AxisEmbedder
from tests.store.damage import make_words, plain, settings_in

# A plain Chroma client that stays open: it writes the rows that it is told, in batches, when it is told.
CLIENT = """
import json, sys
import chromadb
from chromadb.config import Settings
client = chromadb.PersistentClient(sys.argv[1], settings=Settings(anonymized_telemetry=False))
words = client.get_collection("topicdex-words", embedding_function=None)
rows = json.load(open(sys.argv[2]))
words.query(query_embeddings=[rows["embeddings"][0]], n_results=1)
print("open", flush=True)
for line in sys.stdin:
    first, last, batch = map(int, line.split())
    for i in range(first, last, batch):
        words.upsert(**{name: column[i : min(last, i + batch)] for name, column in rows.items()})
    print("written", flush=True)
"""


@pytest.fixture(scope="session")
def ruined(tmp_path_factory):
    """A store on which two plain clients wrote 1,600 words by turns, and 1,600 rows over again."""
    folder = tmp_path_factory.mktemp("ruined")
    words = make_words(0, 2_800)
    with Engine(settings_in(folder / "donor"), load=lambda _: AxisEmbedder()) as engine:
        engine.words.add(words)
    client, donor = plain(settings_in(folder / "donor"))
    parts = [
        donor.get(limit=1_000, offset=i, include=["embeddings", "documents", "metadatas"])
        for i in range(0, 2_800, 1_000)
    ]
    client.close()
    rows = {name: [row for part in parts for row in part[name]] for name in ("ids", "documents", "metadatas")}
    rows["embeddings"] = [row.tolist() for part in parts for row in part["embeddings"]]
    (folder / "rows.json").write_text(json.dumps(rows))
    with Engine(settings_in(folder / "store"), load=lambda _: AxisEmbedder()) as engine:
        engine.words.add(words[:1_200])
    command = [sys.executable, "-c", CLIENT, str(folder / "store"), str(folder / "rows.json")]
    one, other = (subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2))
    assert {one.stdout.readline(), other.stdout.readline()} == {"open\n"}
    for client, first, last, batch in (
        (one, 1_200, 1_600, 200),
        (other, 1_600, 2_000, 200),
        (one, 2_000, 2_400, 200),
        (other, 2_400, 2_800, 200),
        (one, 0, 1_000, 250),
        (other, 1_400, 2_000, 100),
    ):
        client.stdin.write(f"{first} {last} {batch}\n")
        client.stdin.flush()
        assert client.stdout.readline() == "written\n"
    for client in (one, other):
        client.communicate()
    return folder / "store", words


@pytest.fixture
def damaged(ruined, settings):
    """A copy of that store, and its words."""
    shutil.copytree(ruined[0], settings.data)
    return settings, ruined[1]
