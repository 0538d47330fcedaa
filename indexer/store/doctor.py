"""The examination of a store: what is stored against what can be found, one finding for each kind of fault.

It may go on while this process writes: what a write could have changed meanwhile is looked at under the write lock.

Two processes on one embedded Chroma store do three kinds of harm (measured, chromadb 1.5.9): vectors that are gone,
vectors that no search finds, and words that have the vector of another word. Texts and metadata survive all of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from indexer.store.clusterings import InspectedClustering
from indexer.store.maps import InspectedMap
from indexer.store.snapshot.check import differing, left
from indexer.store.store import Store
from indexer.store.topics import InspectedTopics
from indexer.store.words import InspectedWord

SAMPLE = 1_000  # words that are examined where not all are
MOST_EXAMPLES = 10  # ids that a finding names
_LOOK = 500  # words that are looked at under one hold of the write lock
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
        "--repair removes {it|them} and takes the vectors from the snapshot, or embeds the texts again",
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
    "maps_damaged": ("{map has|maps have} lost landmarks or positions", f"{_REMOVE}; then draw another"),
    "maps_orphans": ("{row belongs|rows belong} to no map", _REMOVE),
    "maps_stopped": ("unfinished {map has|maps have} no process", "--repair marks {it|them} as failed"),
    "active": ("clustering is active that cannot answer", "--repair goes back to plain topics"),
}
EMBEDDED_AGAIN = ("gone", "wrong", "foreign", "topics_gone")


def agree(count: int, text: str) -> str:
    """Return a text in which each {one|many} agrees with a number."""
    return _CHOICE.sub(lambda choice: choice[1 if count == 1 else 2], text)


@dataclass(frozen=True)
class Finding:
    """One kind of fault: its code, how many rows have it, and the ids of some of them where they have ids."""

    code: str
    count: int
    examples: tuple[str, ...] = ()

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


@dataclass
class _Faults:
    """Faults as they are found."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, code: str, ids: Iterable[str]) -> None:
        for id in ids:
            self.counts[code] += 1
            if self.counts[code] <= MOST_EXAMPLES:
                self.examples.setdefault(code, []).append(id)

    def findings(self) -> tuple[Finding, ...]:
        return tuple(
            Finding(code, self.counts[code], tuple(self.examples.get(code, ())))
            for code in _FAULTS
            if self.counts[code]
        )


@dataclass(frozen=True)
class TopicsInUse:
    """The set of topics in use, None where there is none, and the faults of all sets."""

    present: InspectedTopics | None
    faults: Counter[str]


def examine(
    store: Store,
    sample: int | None = SAMPLE,
    *,
    on_progress: Callable[[float, int], None] = lambda _share, _words: None,
    serving: bool = False,
) -> Examination:
    """Examine `sample` words, evenly spread, or all where it is None, and all topics, clusterings and maps.

    `on_progress` is called with the share done and the words examined; it ends the work by raising. `serving`: this
    process works on the clusterings and maps that have not ended.
    """
    faults = _Faults()
    with store.write_lock:
        if cut := store.cut_off():
            return Examination(0, 0, 0, (Finding("cut", len(cut)),))
        ids = store.words.ids()
        faults.counts["count"] = abs(store.words.count() - len(ids))
        opened = store.snapshots.read()
    changed = set(opened[1]) if opened else set[str]()
    step = 1 if sample is None else max(1, -(-len(ids) // sample))
    examined, unproven, unlike = 0, 0, list[str]()
    for share, words in _looked_at(store, ids[::step]):
        for word in words:
            if word.fault is not None:
                faults.add(word.fault, [word.word.id])
        faults.add("lost", _still_lost(store, lost(store, words)))
        if opened:
            unlike += differing(opened[0], [word for word in words if word.word.id not in changed])
        unproven += sum(word.unproven for word in words)
        examined += len(words)
        on_progress(share, examined)
    with store.write_lock:
        if opened:
            unlike += left(opened[0], changed.union(ids))
            faults.add("snapshot", _still_unlike(store, unlike))
        faults.counts["format"] = int(not store.knows_format())
        faults.counts["model"] = int(store.model() is None and bool(ids))
        faults.counts["unfinished"] = len(store.rebuildings.unfinished())
        topics = topics_in_use(store)
        clusterings = store.clusterings.inspect()
        faults.counts["active"] = int(not active_answers(store, clusterings))
    maps = _faulty_maps(store, serving=serving)
    faults.counts += topics.faults
    unproven += len(topics.present.unproven) if topics.present and topics.present.whole else 0
    faults.add("runs_damaged", (c.id for c in clusterings if c.damaged))
    faults.add("runs_orphans", (c.id for c in clusterings if c.stored is None))
    faults.add("runs_stopped", (c.id for c in clusterings if not serving and stopped(store, c)))
    faults.add("maps_damaged", (map.id for map in maps if map.damaged))
    faults.add("maps_orphans", (row for map in maps if map.stored is None for row in map.rows))
    faults.add("maps_stopped", (map.id for map in maps if map.stored is not None and not map.damaged))
    return Examination(len(ids), examined, unproven, faults.findings())


def _looked_at(store: Store, ids: Sequence[str]) -> Iterator[tuple[float, list[InspectedWord]]]:
    """Yield those of the words that are still there, some at a time, with the share of `ids` that they end."""
    for i in range(0, len(ids), _LOOK):
        with store.write_lock:
            words = [word for page in store.words.inspect(ids[i : i + _LOOK]) for word in page]
        yield min(1.0, (i + _LOOK) / len(ids)), words


def _faulty_maps(store: Store, *, serving: bool) -> list[InspectedMap]:
    """Return the maps that something is wrong with; these are looked at twice, for they may have been dropped."""

    def look() -> list[InspectedMap]:
        found = store.maps.inspect()
        return [map for map in found if map.damaged or map.stored is None or (not serving and stopped(store, map))]

    if not look():
        return []
    with store.write_lock:
        return look()


def _still_lost(store: Store, ids: Sequence[str]) -> list[str]:
    """Return those of the words that no search finds now either: others were written or deleted meanwhile."""
    if not ids:
        return []
    with store.write_lock:
        return [id for words in store.words.inspect(ids) for id in lost(store, words)]


def _still_unlike(store: Store, ids: Sequence[str]) -> list[str]:
    """Return those of the words that are not in the present snapshot as in the store, though nobody changed them."""
    if not ids or (opened := store.snapshots.read()) is None:
        return []
    snapshot, changed = opened[0], set(opened[1])
    same = [id for id in ids if id not in changed]
    there = [word for words in store.words.inspect(same) for word in words]
    gone = set(same) - {word.word.id for word in there}
    return differing(snapshot, there) + [id for id in gone if snapshot.row_of(id) is not None]


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


def stopped(store: Store, found: InspectedClustering | InspectedMap) -> bool:
    """Tell whether no process works on a record that has not ended: this one owns the folder, so no other can."""
    return store.mode == "embedded" and found.stored is not None and not found.stored.record.ended


def active_answers(store: Store, clusterings: Sequence[InspectedClustering]) -> bool:
    """Tell whether the active clustering, if there is one, is whole."""
    active = store.state().get("active")
    return active is None or any(c.id == active and c.prototypes is not None for c in clusterings)
