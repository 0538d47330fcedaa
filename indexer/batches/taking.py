"""The answers of a batch: fetched, checked, put into the cache, and the words of each lot indexed before the next.

So the cache needs room for one lot alone, however small its limit is and however many words a batch has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from indexer.batches.asking import request_id
from indexer.batches.submissions import Part, Submission, written
from indexer.contract.service import Service
from indexer.contract.words import Counts
from indexer.embedders.openai.batch_api import BatchAPI, BatchState
from indexer.embedders.openai.embedder import OpenAIEmbedder
from indexer.errors import StoreUnavailable
from indexer.settings import Settings
from indexer.vectors import Vectors

_LOT = 4_096  # vectors: four writes of the store
_BYTES = 200  # that the cache needs for a vector beside its numbers


@dataclass
class Taken:
    """What came of batches: the counts of the words that were indexed, and of the lines without a vector by reason."""

    counts: Counts = field(default_factory=Counts)
    problems: Counter[str] = field(default_factory=Counter)


def fetch(submission: Submission, part: Part, state: BatchState, api: BatchAPI) -> list[Path]:
    """Return the files of answers of a batch that has ended, fetched where they are not there yet."""
    files = []
    for what, id in (("answers", state.output), ("failures", state.errors)):
        if id is not None:
            files.append(path := submission.fetched(part, what))
            if not path.exists():
                with written(path) as file:
                    api.download(id, file)
    return files


def take_in(
    submission: Submission,
    part: Part,
    files: list[Path],
    api: BatchAPI,
    embedder: OpenAIEmbedder,
    service: Service,
    settings: Settings,
    taken: Taken,
) -> None:
    """Bring the answers of a part into the cache and its words into the corpus; `taken` grows with each lot.

    Done again, it changes nothing. Raises StoreUnavailable where the cache does not keep what it is given.
    """
    texts = submission.texts(part)
    dimension = embedder.identity.dimension
    most = max(1, min(_LOT, settings.cache_size * 10**6 // 2 // (4 * dimension + _BYTES)))

    def add(some: Counts) -> None:
        taken.counts += some

    for lot in _lots(_vectors(files, texts, api, dimension, taken.problems), most):
        kept = {texts[id]: vector for id, vector in lot.items()}
        embedder.keep(kept)
        if embedder.unkept(list(kept)):
            raise StoreUnavailable(
                "the cache does not keep the vectors of the batch, so no word is indexed that would be paid again; "
                "free its disk or raise TOPICDEX_CACHE_SIZE, and resume: the answers stay"
            )
        service.words.index((word for word in submission.words([part]) if request_id(embedder, word) in lot), add)


def _vectors(
    files: list[Path], texts: dict[str, str], api: BatchAPI, dimension: int, problems: Counter[str]
) -> Iterator[tuple[str, Vectors]]:
    """Yield the first good vector of each request; count why other lines bring none."""
    seen = set[str]()
    for path in files:
        for line in api.lines(path):
            if line.vector is None:
                problems[line.problem] += 1
            elif line.id not in texts:
                problems["an answer to what was not asked"] += 1
            elif line.id in seen:
                problems["an answer that comes twice"] += 1
            elif len(line.vector) != dimension:
                problems[f"{len(line.vector)} numbers and not {dimension}"] += 1
            else:
                seen.add(line.id)
                yield line.id, line.vector


def _lots(vectors: Iterator[tuple[str, Vectors]], most: int) -> Iterator[dict[str, Vectors]]:
    lot = dict[str, Vectors]()
    for id, vector in vectors:
        lot[id] = vector
        if len(lot) == most:
            yield lot
            lot = {}
    if lot:
        yield lot
