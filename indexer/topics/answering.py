"""The prototypes that answer, and what they answer for the vectors of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indexer.contract.topics import Kind, NullScores, Thresholds, TopicAnswer, TopicAnswers, TopicMatch
from indexer.evaluation.null_scores import percentile
from indexer.evaluation.thresholds import decide
from indexer.prototypes import Prototypes
from indexer.topics.texts import TopicTexts
from indexer.vectors import Vectors, best_first

Key = tuple[str, str | None, int]


@dataclass(frozen=True)
class InUse:
    """The prototypes that answer, with their thresholds and the texts given for each topic.

    `key` names the version of the topics, the clustering that they were adapted by, and the generation of the store:
    other prototypes, other key.
    """

    key: Key
    kind: Kind
    prototypes: Prototypes
    thresholds: Thresholds
    texts: Mapping[str, TopicTexts]


def answers(
    used: InUse, null: NullScores | None, texts: Sequence[str], rows: Vectors, cut: Sequence[bool], k: int, model: str
) -> TopicAnswers:
    """Return the answer to each text, with its k nearest topics, of which there is at least one.

    `rows` (n, dimension) are the vectors of the texts, `cut` says which of them the model truncated; `null` are the
    null scores of the prototypes in use, None where they are not known.
    """
    names = used.prototypes.names
    scores = used.prototypes.scores(rows)
    decision = decide(scores, used.thresholds, names)
    results = [
        TopicAnswer(
            text=text,
            topic=names[best] if accepted else None,
            reason=reason,
            score=score,
            margin=margin,
            threshold=used.thresholds.least(names[best]),
            matches=[TopicMatch(topic=names[i], score=float(cosines[i])) for i in best_k],
            prototypes=used.kind,
            model=model,
            truncated=truncated,
            percentile=percentile(null, score),
            evidence=used.texts[names[best]].strongest_evidence(vector),
        )
        for text, vector, truncated, cosines, best_k, (best, score, margin, accepted, reason) in zip(
            texts, rows, cut, scores, best_first(scores, k).tolist(), decision.rows(), strict=True
        )
    ]
    return TopicAnswers(results=results)


def without_topics(used: InUse, texts: Sequence[str], model: str) -> TopicAnswers:
    """Return the answer to each text where no topic is set."""
    given = {"threshold": used.thresholds.score, "prototypes": used.kind, "model": model}
    none = TopicAnswer(text="", topic=None, reason="no_topics", score=None, margin=None, matches=[], **given)
    return TopicAnswers(results=[none.model_copy(update={"text": text}) for text in texts])
