"""What is wrong with a store: what is stored against what can be found, a line for each kind of fault.

Two processes on one embedded Chroma store do three kinds of harm (measured, chromadb 1.5.9): vectors that are gone,
vectors that no search finds, and words that come back with the vector of another word. Texts and metadata survive all
of them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from indexer.store.clusterings import InspectedClustering
from indexer.store.store import Store
from indexer.store.topics import InspectedSet
from indexer.store.words import InspectedWord

SAMPLE = 1_000  # words that are looked at where not all are
_SEARCHES = 500  # words whose vectors are searched for at once
_EMBED = "--repair embeds their texts again"
_REBUILD = "--repair builds the index again from the stored vectors"

# what is wrong, by code: what it says of n rows, and what mends it
_FAULTS = {
    "format": ("the store has forgotten its format", "--repair writes it again"),
    "model": ("the store has forgotten the model of its vectors", "--repair checks --model against them and writes it"),
    "cut": (
        "indexes were cut off by a full disk or a kill, and nothing else can be seen",
        "--repair removes them and embeds their texts again",
    ),
    "unfinished": ("rebuildings were cut off", "--repair begins them again; what was there before still counts"),
    "count": ("words are counted that are not there, or not counted", _REBUILD),
    "gone": ("words have lost their vector", _EMBED),
    "wrong": ("words carry a vector that is not their own", _EMBED),
    "foreign": ("words were written by another program, and their vectors may be anything", _EMBED),
    "lost": ("words are not found by a search for their own vector", _REBUILD),
    "changed": ("words had their metadata changed by another program", "--repair takes them as they are now"),
    "blank": ("words have no text", "--repair --yes removes them"),
    "topics_gone": ("topic texts have lost their vector, or carry another's", _EMBED),
    "topics_forgotten": (
        "topic sets are whole, and the store has forgotten which is in use",
        "--repair takes the last",
    ),
    "topics_partial": ("texts are left of the topics in use, not all", "set the topics again"),
    "topics_missing": ("topic set is in use that is not there", "--repair forgets it; then set the topics again"),
    "topics_orphans": ("rows are left of topics that are not in use", "--repair removes them"),
    "runs_damaged": ("clusterings have lost prototypes", "--repair removes them; then recluster"),
    "runs_orphans": ("prototypes or rows belong to no clustering", "--repair removes them"),
    "runs_stopped": ("clusterings wait or run, and no process does them", "--repair marks them as failed"),
    "active": ("clustering is active that cannot answer", "--repair goes back to plain topics"),
}
EMBEDDED_AGAIN = ("gone", "wrong", "foreign", "topics_gone")


@dataclass(frozen=True)
class Finding:
    """One kind of fault: its code, how many rows have it, what that means and what mends it."""

    code: str
    count: int

    @property
    def what(self) -> str:
        """Return what is wrong, as a sentence without its number."""
        return _FAULTS[self.code][0]

    @property
    def mend(self) -> str:
        """Return what mends it."""
        return _FAULTS[self.code][1]


@dataclass(frozen=True)
class Examination:
    """What was found, over `examined` of `words` words."""

    words: int
    examined: int
    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.findings

    def count(self, *codes: str) -> int:
        """Return how many rows have one of these faults."""
        return sum(finding.count for finding in self.findings if finding.code in codes)


@dataclass(frozen=True)
class TopicsFound:
    """Which of the stored sets the topics in use are, if any, and how many rows belong to others."""

    present: InspectedSet | None
    faults: Counter[str]


def examine(store: Store, sample: int | None = SAMPLE) -> Examination:
    """Look at `sample` words, evenly spread, or at all where it is None, and at all topics and clusterings."""
    faults: Counter[str] = Counter()
    if cut := store.cut_off():
        return Examination(0, 0, (Finding("cut", len(cut)),))
    ids = store.words.ids()
    faults["count"] = abs(store.words.count() - len(ids))
    step = 1 if sample is None else max(1, -(-len(ids) // sample))
    chosen = None if step == 1 else ids[::step]
    examined = 0
    for words in store.words.inspect(chosen):
        faults.update(word.fault for word in words if word.fault is not None)
        faults["lost"] += len(lost(store, words))
        examined += len(words)
    faults["format"] = int(not store.knows_format())
    faults["model"] = int(store.model() is None and bool(ids))
    faults["unfinished"] = len(store.unfinished())
    faults += topics_in_use(store).faults
    runs = store.clusterings.inspect()
    faults["runs_damaged"] = sum(run.damaged for run in runs)
    faults["runs_orphans"] = sum(run.stored is None for run in runs)
    faults["runs_stopped"] = sum(stopped(store, run) for run in runs)
    faults["active"] = int(not active_answers(store, runs))
    return Examination(len(ids), examined, tuple(Finding(code, faults[code]) for code in _FAULTS if faults[code]))


def lost(store: Store, words: Sequence[InspectedWord]) -> list[str]:
    """Return the ids of those words with a vector that a search for it does not find."""
    found = [(word.word.id, word.vector) for word in words if word.vector is not None]
    missed: list[str] = []
    for i in range(0, len(found), _SEARCHES):
        part = found[i : i + _SEARCHES]
        missed += store.words.lost([id for id, _ in part], np.stack([vector for _, vector in part]))
    return missed


def topics_in_use(store: Store) -> TopicsFound:
    """Find the set that the state names; where the state is gone, the last whole set was it."""
    sets = store.topics.inspect()
    state = store.state()
    present = next((found for found in sets if found.version and found.version == state.get("topics")), None)
    faults: Counter[str] = Counter()
    if "topics" not in state:
        whole = [found for found in sets if found.version and found.whole]
        present = whole[-1] if whole else None
        faults["topics_forgotten"] = len(whole)
    elif present is None:
        faults["topics_missing"] = int(bool(state["topics"]))
    if present is not None:
        faults["topics_gone"] = len(present.broken)
        faults["topics_partial"] = 0 if present.whole else len(present.parts)
    if not faults["topics_forgotten"]:
        faults["topics_orphans"] = sum(len(found.parts) for found in sets if found is not present)
    return TopicsFound(present, faults)


def stopped(store: Store, run: InspectedClustering) -> bool:
    """Tell whether a run waits for nobody: the folder is ours alone, so no other process can be at work on it."""
    return store.mode == "embedded" and run.stored is not None and not run.stored.clustering.ended


def active_answers(store: Store, runs: Sequence[InspectedClustering]) -> bool:
    """Tell whether the active run, if there is one, is there and whole."""
    active = store.state().get("active")
    return active is None or any(run.id == active and run.prototypes is not None for run in runs)
