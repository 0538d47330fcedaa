"""The contract: the answers of the service, and the protocols that an engine and an HTTP client both keep."""

from indexer.contract.answer import Answer
from indexer.contract.clusterings import (
    NEWEST,
    Cluster,
    ClusterAnswer,
    ClusterAnswers,
    Clustering,
    ClusteringDiff,
    ClusteringList,
    ClusteringSettings,
    ClusterMatch,
    ClusterWord,
    ClusterWordPage,
    Lineage,
)
from indexer.contract.evaluations import MOST_ROWS, Calibration, Evaluation, Rate, Trial
from indexer.contract.info import Info, ModelInfo, StoredCounts, StoreInfo
from indexer.contract.service import Clusterings, Service, Topics, Words
from indexer.contract.topics import (
    Evidence,
    Kind,
    NullScores,
    Thresholds,
    ThresholdSet,
    TopicAnswer,
    TopicAnswers,
    TopicMatch,
    TopicRecord,
    TopicSet,
)
from indexer.contract.words import (
    Counts,
    Similarity,
    WordAnswer,
    WordAnswers,
    WordMatch,
    WordPage,
    WordRecord,
    WordsAdded,
    WordsRemoved,
)

__all__ = ["Answer", "Clusterings", "Service", "Topics", "Words"]
__all__ += ["Counts", "Similarity", "WordAnswer", "WordAnswers", "WordMatch", "WordPage", "WordRecord"]
__all__ += ["WordsAdded", "WordsRemoved"]
__all__ += ["Evidence", "Kind", "NullScores", "ThresholdSet", "Thresholds", "TopicAnswer", "TopicAnswers"]
__all__ += ["TopicMatch", "TopicRecord", "TopicSet"]
__all__ += ["NEWEST", "Cluster", "ClusterAnswer", "ClusterAnswers", "ClusterMatch", "ClusterWord", "ClusterWordPage"]
__all__ += ["Clustering", "ClusteringDiff", "ClusteringList", "ClusteringSettings", "Lineage"]
__all__ += ["MOST_ROWS", "Calibration", "Evaluation", "Rate", "Trial"]
__all__ += ["Info", "ModelInfo", "StoreInfo", "StoredCounts"]
