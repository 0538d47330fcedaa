"""What is kept: the one place that knows Chroma, and who owns the folder."""

from indexer.store.clusterings import Centroids, Clusterings, RunRecord
from indexer.store.store import FORMAT, Store
from indexer.store.topics import TopicPart, Topics
from indexer.store.words import StoredWord, Words

__all__ = [
    "FORMAT",
    "Centroids",
    "Clusterings",
    "RunRecord",
    "Store",
    "StoredWord",
    "TopicPart",
    "Topics",
    "Words",
]
