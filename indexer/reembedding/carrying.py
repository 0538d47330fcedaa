"""Bringing the other set of a store up to date with the one in use: words, topics and clusterings, by the other model.

What the other set has already, by the hash of its text, is not embedded again; so a run that was cut off goes on, and
going back embeds what has changed since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from indexer.contract.clusterings import Cluster, Clustering
from indexer.embedders import Embedder
from indexer.prototypes import Prototypes
from indexer.records import text_hash
from indexer.reembedding.prototypes import Assigned, CarriedPrototypes
from indexer.store.clusterings import StoredClustering
from indexer.store.other import OtherSet
from indexer.store.store import Store
from indexer.store.words import InspectedWord
from indexer.topics.current import labelled
from indexer.vectors import Vectors
from indexer.words.memory import MemoryIndex
from indexer.words.upsert import BATCH

Report = Callable[[int, int], None]  # called with how many words are carried, and of how many


class Carrier:
    """The bringing up to date of one other set; `embedder` is of its model, `embedded` counts the texts it was given.

    `memory`: the words with the vectors of that model, where the caller has them read; it follows what is carried.
    """

    def __init__(self, store: Store, other: OtherSet, embedder: Embedder) -> None:
        self._store = store
        self._other = other
        self._embedder = embedder
        self._clusterings: dict[str, tuple[StoredClustering, Prototypes]] = {}  # done, in the space of the other model
        self.embedded = 0
        self.memory: MemoryIndex | None = None

    def all_words(self, report: Report) -> None:
        """Carry every word that the other set lacks or has otherwise, and delete there what is gone."""
        ids = self._store.words.ids()
        for first in range(0, len(ids), BATCH):
            report(first, len(ids))
            self.words(ids[first : first + BATCH])
        report(len(ids), len(ids))
        gone = set(self._other.words.ids()) - set(ids)
        self.words(list(gone))

    def words(self, ids: Sequence[str]) -> None:
        """Carry these words as they are now, a batch at a time; delete in the other set those that are gone."""
        for first in range(0, len(ids), BATCH):
            self._batch(ids[first : first + BATCH])

    def read_memory(self) -> None:
        """Read all carried words into memory."""
        memory = MemoryIndex()
        for words, vectors in self._other.words.pages():
            memory.put(words, vectors)
        self.memory = memory

    def topics(self) -> None:
        """Carry the set of topics that is in use; its texts keep their order and the set its version."""
        version = self._store.state().get("topics", "")
        texts = self._store.topics.read(version) if version else []
        there, whole = dict[str, Vectors](), False
        for found in self._other.topics.inspect():
            there |= {text.text: text.vector for i, text in enumerate(found.texts) if i not in found.broken}
            whole |= found.version == version and found.whole and not found.broken
        if texts and not whole:
            there |= self._embed(text.text for text in texts if text.text not in there)
            self._other.topics.write(version, texts, np.stack([there[text.text] for text in texts]))
        for found in self._other.topics.inspect():
            if found.version != version:
                self._other.topics.drop(found.version)

    def missing_clusterings(self) -> list[StoredClustering]:
        """Return the finished clusterings of which no prototypes of the other model are known yet."""
        done = [stored for stored in self._store.clusterings.all() if stored.record.status == "done"]
        if self._other.kept:
            for stored in done:
                kept = self._other.clusterings.get(stored.id)
                if stored.id not in self._clusterings and kept is not None and kept.record.status == "done":
                    self._clusterings[stored.id] = kept, self._other.clusterings.prototypes(stored.id)
        return [stored for stored in done if stored.id not in self._clusterings]

    def make_clusterings(self) -> None:
        """Make the prototypes of the missing clusterings anew from their words; ids, names and lineage stay.

        Call it after `topics`, whose labels stand for what has no words.
        """
        missing = self.missing_clusterings()
        if not missing:
            return
        dimension, labels = self._other.model.dimension, self._labels()
        made = [CarriedPrototypes(self._store.clusterings.prototypes(each.id), dimension) for each in missing]
        for old, new in self._vectors_of_both():
            for each in made:
                each.add(old, new)
        carried = [self._prototypes(stored, each, labels) for stored, each in zip(missing, made, strict=True)]
        assigned = [Assigned(prototypes) for prototypes in carried]
        for _, new in self._vectors_of_both():
            for measured in assigned:
                measured.add(new)
        for stored, prototypes, measured in zip(missing, carried, assigned, strict=True):
            self._clusterings[stored.id] = self._described(stored, measured), prototypes

    def clusterings(self) -> None:
        """Write every clustering into the other set, and delete there what is gone; all have been made."""
        present = {stored.id: stored for stored in self._store.clusterings.all()}
        there = {stored.id: stored for stored in self._other.clusterings.all()}
        self._other.clusterings.delete([id for id in there if id not in present])
        for id, stored in present.items():
            if stored.record.status != "done":
                self._other.clusterings.write(stored)
                continue
            carried, prototypes = self._clusterings[id]
            carried = carried.updated(pinned=stored.record.pinned)
            if carried != there.get(id):
                self._other.clusterings.write(carried, prototypes)

    def _batch(self, ids: Sequence[str]) -> None:
        words, there = self._store.words.differing(self._other.words, ids)
        present = set(self._store.words.existing(ids))
        gone = [id for id in ids if id in there and id not in present]
        if gone:
            self._other.words.delete(gone)
        vectors = self._vectors(words)
        if words:
            self._other.words.restore(words, vectors, there)
        if self.memory is not None:
            self.memory.remove(gone)
            self.memory.put([each.word for each in words], vectors)

    def _vectors(self, words: Sequence[InspectedWord]) -> Vectors:
        """Return the vector of each word by the other model, (n, dimension)."""
        hashes = [text_hash(each.word.text) for each in words]
        known = self._other.words.vectors_of_texts(hashes) if words else {}
        fresh = self._embed(e.word.text for hash, e in zip(hashes, words, strict=True) if hash not in known)
        rows = [
            known[hash] if hash in known else fresh[each.word.text] for hash, each in zip(hashes, words, strict=True)
        ]
        return np.array(rows, dtype=np.float32).reshape(len(words), self._other.model.dimension)

    def _embed(self, texts: Iterator[str]) -> dict[str, Vectors]:
        """Return the vector of each of these texts, which are embedded once."""
        new = list(dict.fromkeys(texts))
        if not new:
            return {}
        vectors = self._embedder.embed(new)
        self.embedded += len(new)
        return dict(zip(new, vectors, strict=True))

    def _labels(self) -> dict[str, Vectors]:
        """Return the label of each topic by its name, in the space of the other model."""
        version = self._store.state().get("topics", "")
        texts, label = labelled(self._other.topics.read(version) if version else [])
        return dict(zip(texts, label.vectors, strict=True))

    def _vectors_of_both(self) -> Iterator[tuple[Vectors, Vectors]]:
        """Yield the vectors of the words that both sets have, by either model, a page at a time."""
        ids = self._store.words.ids()
        for first in range(0, len(ids), BATCH):
            page = ids[first : first + BATCH]
            old, new = self._store.words.vectors(page), self._other.words.vectors(page)
            common = [id for id in page if id in old and id in new]
            if common:
                yield np.stack([old[id] for id in common]), np.stack([new[id] for id in common])

    def _prototypes(
        self, stored: StoredClustering, carried: CarriedPrototypes, labels: dict[str, Vectors]
    ) -> Prototypes:
        clusters = stored.record.clusters

        def label_of(position: int) -> Vectors:
            cluster = clusters[position]
            if cluster.name in labels and stored.record.adaptation is not None:
                return labels[cluster.name]
            texts = cluster.examples or [cluster.name]
            vectors = self._embed(iter(texts))
            mean: Vectors = np.mean([vectors[text] for text in texts], axis=0)
            return mean

        return carried.result(label_of, _not_grown(stored.record))

    def _described(self, stored: StoredClustering, measured: Assigned) -> StoredClustering:
        """Return a clustering with what another model changes of it."""
        clusters: list[Cluster] = [
            cluster.model_copy(update={"size": size})
            for cluster, size in zip(stored.record.clusters, measured.sizes, strict=True)
        ]
        quality = stored.record.quality
        if quality is not None:  # the silhouette needs the distances of many pairs, and nobody has asked for it
            quality = quality.model_copy(update={"score": measured.score, "silhouette": None})
        return stored.updated(clusters=clusters, quality=quality, model=self._other.model.name)


def _not_grown(clustering: Clustering) -> list[int]:
    """Return the positions of the topics that stayed at their labels when a clustering grew from them."""
    report = clustering.adaptation
    return [] if report is None else [i for i, topic in enumerate(report.topics) if not topic.grown]
