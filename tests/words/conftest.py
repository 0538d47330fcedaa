"""What the tests of words share."""

import pytest

from indexer.records import Word, text_hash


def word(text, id=None, **metadata):
    return Word(text, id or text_hash(text), metadata)


def search_both(engine, *args):
    """Search through Chroma's index and then from memory: both must say the same."""
    engine.words.replica.memory = None
    stored = engine.words.nearest(*args)
    engine.words.load()
    cached = engine.words.nearest(*args)
    ids = [[m.id for m in a.matches] for a in cached]
    assert [[m.id for m in a.matches] for a in stored] == ids
    assert [[m.score for m in a.matches] for a in stored] == [
        pytest.approx([m.score for m in a.matches], abs=1e-5) for a in cached
    ]
    return ids
