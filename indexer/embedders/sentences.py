"""Models through sentence-transformers and torch: every kind that the library knows, loaded in some seconds."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.batching import SharedCalls
from indexer.embedders.batches import BULK, maybe_cut
from indexer.embedders.custom_code import Origin
from indexer.embedders.prompts import Prompts
from indexer.vectors import Vectors, unit

if TYPE_CHECKING:
    from indexer.embedders.bulk import BulkModel


class SentenceModel:
    """A SentenceTransformer: float32 for a few texts, a copy in bfloat16 for many where the processor has it."""

    def __init__(self, path: str, options: Mapping[str, Any], *, serving: bool) -> None:
        """Load the model of a folder, or of a name on the hub; raises what sentence-transformers raises."""
        self._model = sentence_transformer(path, options)
        import torch

        self.prompts = Prompts.of_model(self._model.prompts, self._model.default_prompt_name)
        self._model.default_prompt_name = None  # who calls `embed` has put them before the texts
        self.pools_prompts = all(getattr(module, "include_prompt", True) for module in self._model)
        self.dimension = int(self._model.get_embedding_dimension() or 0)
        self._counting = threading.Lock()
        self._tokenizer = deepcopy(self._model.tokenizer)  # a tokenizer serves one thread at a time
        # one word takes less time on one core than on several, much less where these are busy
        self._thread = ThreadPoolExecutor(1, "topicdex-lookups", initializer=partial(torch.set_num_threads, 1))
        self._lookups = SharedCalls[Sequence[str], Vectors](self._together, 16)
        self._copying = threading.Lock()
        self._serving = serving
        self._bulk: BulkModel | None = None

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row for each text, shape (n, dimension)."""
        return self._lookups(texts) if len(texts) < BULK else self._many().embed(texts)

    def truncated(self, texts: Sequence[str]) -> list[bool]:
        """Tell of each text whether it has more tokens than the model reads."""
        limit = self._model.max_seq_length
        if limit is None:
            return [False] * len(texts)
        long = maybe_cut(texts, limit)
        answer = [False] * len(texts)
        if long:
            with self._counting:
                tokens = self._tokenizer([texts[i] for i in long], truncation=True, max_length=limit + 1)
            for i, ids in zip(long, tokens["input_ids"], strict=True):
                answer[i] = len(ids) > limit
        return answer

    def _many(self) -> BulkModel:
        from indexer.embedders.bulk import BulkModel

        with self._copying:
            if self._bulk is None:
                self._bulk = BulkModel(deepcopy(self._model), serving=self._serving)
            return self._bulk

    def _together(self, calls: Sequence[Sequence[str]]) -> Sequence[Vectors]:
        texts = [text for texts in calls for text in texts]
        parts = [texts[first : first + BULK] for first in range(0, len(texts), BULK)]  # of a bounded memory
        vectors = np.vstack(list(self._thread.map(self._encode, parts)))
        return np.split(vectors, list(accumulate(len(texts) for texts in calls))[:-1])

    def _encode(self, texts: list[str]) -> Vectors:
        from indexer.embedders.bulk import forward

        return unit(forward(self._model, self._model.preprocess(texts)))


def sentence_transformer(path: str, options: Mapping[str, Any] | None = None) -> Any:
    """Return the SentenceTransformer of a folder or a name on the hub; raises whatever the library raises."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")  # read when the library is imported
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    return SentenceTransformer(path, **(options or Origin(path, trusted=False).options()))
