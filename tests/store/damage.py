"""What damages a store as other programs and crashes do, and what must be true of a store that is whole."""

import shutil

import chromadb
import numpy as np
import pytest
from chromadb.config import Settings as ChromaSettings

from indexer import Settings
from indexer.records import Word
from indexer.store.doctor import examine
from indexer.store.repair import Repair
from indexer.store.store import Store
from tests.model import AxisEmbedder


def make_words(first, last):
    return [Word(f"{('fruit', 'country')[i % 2]} {i}", f"w{i}", {"n": i, "share": i / 7}) for i in range(first, last)]


def settings_in(folder):
    return Settings(data=folder, model="axes", wait=0.2)


def plain(settings, name="topicdex-words"):
    client = chromadb.PersistentClient(str(settings.data), settings=ChromaSettings(anonymized_telemetry=False))
    return client, client.get_collection(name, embedding_function=None)


def ill(engine, settings, name="topicdex-words"):
    """Close the engine and return a plain client on its store, with one collection."""
    engine.close()
    return plain(settings, name)


def open_store(settings):
    return Store.open(settings, create=False, damaged=True)


def remove_index(folder):
    shutil.rmtree(folder)


def cut_off_index(folder):
    """Leave what a full disk leaves."""
    listed = folder / "index_metadata.pickle"
    if listed.exists():
        listed.write_bytes(listed.read_bytes()[:-100])


def fault_counts(store, sample=None):
    return {finding.code: finding.count for finding in examine(store, sample).findings}


def mend(store, model, *, yes=False, model_name="axes"):
    repair = Repair(store, examine(store, None), model_name, lambda _: model)
    repair.check(yes=yes)
    repair.run()


def stored(store):
    """Return every word with its vector, in order."""
    return [pair for words, vectors in store.words.pages() for pair in zip(words, vectors, strict=True)]


def assert_all_there(store, words):
    """Every word is stored with its text, its metadata and the vector of its text, and finds itself."""
    found = stored(store)
    assert [(w.id, w.text) for w, _ in found] == [(w.id, w.text) for w in words]
    # Chroma gives some floats back one digit off in the 17th
    assert [w.metadata for w, _ in found] == [pytest.approx(w.metadata, rel=1e-15) for w in words]
    expected = AxisEmbedder().embed([w.text for w in words])
    assert np.abs(np.array([v for _, v in found]) - expected).max() < 1e-5
    assert store.words.unchanged(words) == {w.id for w in words}
    assert fault_counts(store) == {}


def sorted_as(store, words):
    by_id = {word.id: word for word in words}
    return [by_id[id] for id in store.words.ids()]
