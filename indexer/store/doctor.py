"""The examination of a store: what is stored against what can be found, one finding for each kind of fault.

Two processes on one embedded Chroma store do three kinds of harm (measured, chromadb 1.5.9): vectors that are gone,
vectors that no search finds, and words that have the vector of another word. Texts and metadata survive all of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from indexer.store.clusterings import InspectedClustering
from indexer.store.snapshot.check import differing, left
from indexer.store.store import Store
from indexer.store.topics import InspectedTopics
from indexer.store.words import InspectedWord

SAMPLE = 1_000  # words that are examined where not all are
_SEARCHES = 500  # words whose vectors are searched for at once
_CHOICE = re.compile(r"\{([^|}]*)\|([^}]*)\}")
_EMBED = "--repair embeds {its text|their texts} again"
_REBUILD = "--repair builds the index again from the stored vectors"
_AGAIN = "--repair begins {it|them} again"
_REMOVE = "--repair removes {it|them}"

# by code: what is wrong with {one|many}, and what mends it
_FAULTS = {
    "format": ("store has forgotten its format", "--repair writes it again"),
    "model": ("store has forgotten the model of its vectors", "--repair checks --model against them and writes it"),
    "cut": (
        "{index was|indexes were} cut off by a full disk or a kill, and nothing else can be seen",
        "--repair removes {it|them} and embeds the texts again",
    ),
    "unfinished": ("{rebuilding was|rebuildings were} cut off; the old {one is|ones are} in use", _AGAIN),
    "count": ("{word is|words are} counted that {is|are} not there, or not counted", _REBUILD),
    "gone": ("{word has lost its|words have lost their} vector", _EMBED),
    "wrong": ("{word has a vector that is not its|words have a vector that is not their} own", _EMBED),
    "foreign": ("{word was|words were} written by another program, and any vector may be there", _EMBED),
    "lost": ("{word is|words are} not found by a search for {its|their} own vector", _REBUILD),
    "changed": ("{word had its|words had their} metadata changed by another program", "--repair accepts the change"),
    "blank": ("{word has|words have} no text", "--repair --yes removes {it|them}"),
    "snapshot": ("{word is|words are} not in the snapshot as in the store", "--repair removes the snapshot"),
    "topics_gone": ("topic {text has|texts have} lost the vector, or {has|have} another's", _EMBED),
    "topics_forgotten": ("topic {set is|sets are} whole, and none is known to be in use", "--repair takes the last"),
    "topics_partial": ("{text is|texts are} left of the topics in use, not all", "set the topics again"),
    "topics_missing": ("topic set is in use that is not there", "--repair forgets it; then set the topics again"),
    "topics_orphans": ("{row is|rows are} left of topics that are not in use", _REMOVE),
    "runs_damaged": ("{clustering has|clusterings have} lost prototypes", f"{_REMOVE}; then recluster"),
    "runs_orphans": ("{row belongs|rows belong} to no clustering", _REMOVE),
    "runs_stopped": ("unfinished {clustering has|clusterings have} no process", "--repair marks {it|them} as failed"),
    "active": ("clustering is active that cannot answer", "--repair goes back to plain topics"),
}
EMBEDDED_AGAIN = ("gone", "wrong", "foreign", "topics_gone")


def agree(count: int, text: str) -> str:
    """Return a text in which each {one|many} agrees with a number."""
    return _CHOICE.sub(lambda choice: choice[1 if count == 1 else 2], text)


@dataclass(frozen=True)
class Finding:
    """One kind of fault: its code, and how many rows have it."""

    code: str
    count: int

    @property
    def what(self) -> str:
        """Return what is wrong, as a sentence without its number."""
        return agree(self.count, _FAULTS[self.code][0])

    @property
    def mend(self) -> str:
        """Return what mends it."""
        return agree(self.count, _FAULTS[self.code][1])

    def __str__(self) -> str:
        return f"{self.count} {self.what}; {self.mend}"


@dataclass(frozen=True)
class Examination:
    """What was found, over `examined` of `words` words.

    `unproven`: vectors of these words and of the topics in use that no fault shows, and no checksum proves.
    """

    words: int
    examined: int
    unproven: int
    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.findings

    def count(self, *codes: str) -> int:
        """Return how many rows have one of these faults."""
        return sum(finding.count for finding in self.findings if finding.code in codes)


@dataclass(frozen=True)
class TopicsInUse:
    """The set of topics in use, None where there is none, and the faults of all sets."""

    present: InspectedTopics | None
    faults: Counter[str]


def examine(store: Store, sample: int | None = SAMPLE) -> Examination:
    """Examine `sample` words, evenly spread, or all where it is None, and all topics and clusterings."""
    faults: Counter[str] = Counter()
    if cut := store.cut_off():
        return Examination(0, 0, 0, (Finding("cut", len(cut)),))
    ids = store.words.ids()
    faults["count"] = abs(store.words.count() - len(ids))
    step = 1 if sample is None else max(1, -(-len(ids) // sample))
    chosen = None if step == 1 else ids[::step]
    examined = unproven = 0
    opened = store.snapshots.read()
    snapshot, changed = (opened[0], set(opened[1])) if opened else (None, set[str]())
    for words in store.words.inspect(chosen):
        faults.update(word.fault for word in words if word.fault is not None)
        faults["lost"] += len(lost(store, words))
        unproven += sum(word.unproven for word in words)
        examined += len(words)
        if snapshot:
            faults["snapshot"] += differing(snapshot, [word for word in words if word.word.id not in changed])
    if snapshot:
        faults["snapshot"] += left(snapshot, changed.union(ids))
    faults["format"] = int(not store.knows_format())
    faults["model"] = int(store.model() is None and bool(ids))
    faults["unfinished"] = len(store.unfinished())
    topics = topics_in_use(store)
    faults += topics.faults
    unproven += len(topics.present.unproven) if topics.present and topics.present.whole else 0
    clusterings = store.clusterings.inspect()
    faults["runs_damaged"] = sum(clustering.damaged for clustering in clusterings)
    faults["runs_orphans"] = sum(clustering.stored is None for clustering in clusterings)
    faults["runs_stopped"] = sum(stopped(store, clustering) for clustering in clusterings)
    faults["active"] = int(not active_answers(store, clusterings))
    findings = tuple(Finding(code, faults[code]) for code in _FAULTS if faults[code])
    return Examination(len(ids), examined, unproven, findings)


def lost(store: Store, words: Sequence[InspectedWord]) -> list[str]:
    """Return the ids of those words with a vector that a search for it does not find."""
    present = [(word.word.id, word.vector) for word in words if word.vector is not None]
    missed: list[str] = []
    for i in range(0, len(present), _SEARCHES):
        batch = present[i : i + _SEARCHES]
        missed += store.words.lost([id for id, _ in batch], np.stack([vector for _, vector in batch]))
    return missed


def topics_in_use(store: Store) -> TopicsInUse:
    """Return the set that the state names; where the state has forgotten it, the last whole set."""
    sets = store.topics.inspect()
    state = store.state()
    present = next((topics for topics in sets if topics.version and topics.version == state.get("topics")), None)
    faults: Counter[str] = Counter()
    if "topics" not in state:
        whole = [topics for topics in sets if topics.version and topics.whole]
        present = whole[-1] if whole else None
        faults["topics_forgotten"] = len(whole)
    elif present is None:
        faults["topics_missing"] = int(bool(state["topics"]))
    if present is not None:
        faults["topics_gone"] = len(present.broken)
        faults["topics_partial"] = 0 if present.whole else len(present.texts)
    if not faults["topics_forgotten"]:
        faults["topics_orphans"] = sum(len(topics.texts) for topics in sets if topics is not present)
    return TopicsInUse(present, faults)


def stopped(store: Store, clustering: InspectedClustering) -> bool:
    """Tell whether no process works on a clustering that has not ended: this one owns the folder, so no other can."""
    return store.mode == "embedded" and clustering.stored is not None and not clustering.stored.clustering.ended


def active_answers(store: Store, clusterings: Sequence[InspectedClustering]) -> bool:
    """Tell whether the active clustering, if there is one, is whole."""
    active = store.state().get("active")
    return active is None or any(c.id == active and c.prototypes is not None for c in clusterings)
