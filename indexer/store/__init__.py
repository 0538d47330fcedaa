"""What is kept: the one place that knows Chroma, and who owns the folder."""

from indexer.store.clusterings import Centroids, Clusterings, InspectedRun, RunRecord
from indexer.store.store import FORMAT, Part, Store
from indexer.store.topics import InspectedSet, TopicPart, Topics
from indexer.store.words import InspectedWord, StoredWord, WordFault, Words

__all__ = [
    "FORMAT",
    "Centroids",
    "Clusterings",
    "InspectedRun",
    "InspectedSet",
    "InspectedWord",
    "Part",
    "RunRecord",
    "Store",
    "StoredWord",
    "TopicPart",
    "Topics",
    "WordFault",
    "Words",
]
