"""Many texts at once: in bfloat16 where the processor has it, batches of texts with about as many tokens, one a core.

A core for a batch, rather than all cores for each: cores that share a batch wait for each other at every step, and on a
busy machine that made two of them slower than one.
"""

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np
import torch

from indexer.vectors import Vectors, unit

_TOKENS = 1_024  # a forward pass: its memory stays small whatever the texts, and there are some for every core
_TEXTS = 128


class BulkModel:
    """A copy of a SentenceTransformer; its vectors are within a cosine of 0.999 of the model's own."""

    def __init__(self, model: Any, *, serving: bool) -> None:
        """Copy the model; with `serving` its threads let all others go first."""
        self._model = deepcopy(model)
        is_transformer = "attention_mask" in model.preprocess(["a"])  # a table of token vectors has no use for one
        # a prompt of the model is put before the text by `encode` alone
        self._encode_whole = model.default_prompt_name is not None or not is_transformer
        if is_transformer and model.device.type == "cpu" and torch.cpu.get_capabilities().get("avx512_bf16", False):
            self._model.bfloat16()
            # averaging the tokens in bfloat16 would cost the third digit
            self._model[0].register_forward_hook(_pool_in_float32)
        self._tokenizing = threading.Lock()
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        workers = cores if model.device.type == "cpu" else 1
        self._pool = ThreadPoolExecutor(workers, "topicdex-bulk", initializer=_prepare, initargs=(serving,))

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row a text, shape (n, dimension); safe to call from many threads."""
        with self._tokenizing:
            if self._encode_whole:
                return unit(self._model.encode(list(texts), show_progress_bar=False))
            features = self._model.preprocess(list(texts))
        lengths = features["attention_mask"].sum(dim=1).numpy()
        order = np.argsort(lengths, kind="stable")
        parts = [_part(features, batch, int(lengths[batch[-1]])) for batch in _batches(order, lengths)]
        rows = np.vstack(list(self._pool.map(partial(forward, self._model), parts)))
        vectors = np.empty_like(rows)
        vectors[order] = rows
        return unit(vectors)


def forward(model: Any, features: dict[str, Any]) -> Vectors:
    """Return the embeddings of texts from their features, (n, dimension); what `encode` does less what it costs."""
    with torch.inference_mode():
        tensors = {name: value.to(model.device) for name, value in features.items() if isinstance(value, torch.Tensor)}
        found: Vectors = model(tensors)["sentence_embedding"].float().cpu().numpy()
        return found


def _prepare(serving: bool) -> None:
    """Use one core a thread; where others ask meanwhile, step back behind them (Linux counts niceness by thread)."""
    torch.set_num_threads(1)
    if serving and hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


def _part(features: dict[str, Any], batch: Any, longest: int) -> dict[str, Any]:
    """Return the features of some texts, cut to the longest of them."""
    return {name: value[batch, :longest] for name, value in features.items() if isinstance(value, torch.Tensor)}


def _batches(order: Any, lengths: Any) -> Iterator[Any]:
    """Yield positions of texts, shortest first, so many that padded to the longest they stay within _TOKENS."""
    first = 0
    for end in range(1, len(order) + 1):
        if end == len(order) or (end + 1 - first) * lengths[order[end]] > _TOKENS or end - first == _TEXTS:
            yield order[first:end]
            first = end


def _pool_in_float32(_module: Any, _inputs: Any, output: dict[str, Any]) -> dict[str, Any]:
    return {**output, "token_embeddings": output["token_embeddings"].float()}
