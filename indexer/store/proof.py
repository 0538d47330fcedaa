"""The proof of vectors whose checksum, written by version 0.1.0, cannot prove them: their texts are embedded again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from indexer.embedders import Embedder
from indexer.store.doctor import topics_in_use
from indexer.store.store import Store
from indexer.vectors import Vectors

# Cosine above which a vector is that of its text, embedded again: one text alone and among many gives .9998 (float32
# and bfloat16), no two of the example words more than .99, another model some .1.
SAME = 0.99


def prove_words(store: Store, embedder: Embedder) -> int:
    """Embed the unproven words again, write checksums for all of them, and return how many have a wrong vector.

    The checksum is that of the stored vector where the new one agrees. Elsewhere it is that of the new one, so that
    from now on every inspection finds the stored one wrong. Only metadata is written; cut off, it can be called again.
    """
    wrong = 0
    for page in store.words.inspect():
        words = [(word.word, word.vector) for word in page if word.unproven and word.vector is not None]
        if words:
            stored = np.stack([vector for _, vector in words])
            vectors, differ = _proven(embedder, [word.text for word, _ in words], stored)
            store.words.write_checksums([word.id for word, _ in words], vectors)
            wrong += differ
    return wrong


def prove_topics(store: Store, embedder: Embedder) -> int:
    """Do for the topics in use, where they are whole, what `prove_words` does for words."""
    topics = topics_in_use(store).present
    if topics is None or not topics.whole or not topics.unproven:
        return 0
    texts = [topics.texts[i] for i in topics.unproven]
    vectors, wrong = _proven(embedder, [text.text for text in texts], np.stack([text.vector for text in texts]))
    store.topics.write_checksums(topics.version, topics.unproven, vectors)
    return wrong


def _proven(embedder: Embedder, texts: Sequence[str], stored: Vectors) -> tuple[Vectors, int]:
    """Return the right vector of each text, the stored one where it is right, and how many stored ones are not."""
    fresh = embedder.embed(texts)
    right = (fresh * stored).sum(axis=1) > SAME
    return np.where(right[:, None], stored, fresh), int((~right).sum())
