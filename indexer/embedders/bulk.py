"""Bulk embedding: bfloat16 where the processor has it, batches of texts of similar length, one batch on each core.

Cores that share a batch wait for each other at every step: on a busy machine, two of them were slower than one.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from indexer.vectors import Vectors, unit

Rows = npt.NDArray[np.integer]

_TOKENS = 1_024  # in a batch: its memory stays small whatever the texts, and there are batches for every core
_TEXTS = 128  # in a batch


class BulkModel:
    """A copy of a SentenceTransformer; its vectors are within a cosine of 0.999 of the model's own."""

    def __init__(self, model: Any, *, serving: bool) -> None:
        """Copy the model; with `serving`, all other threads go before those that embed."""
        self._model = deepcopy(model)
        is_transformer = "attention_mask" in model.preprocess(["a"])  # a table of token vectors needs none
        # only `encode` puts a prompt of the model before the text
        self._encode_whole = model.default_prompt_name is not None or not is_transformer
        if is_transformer and model.device.type == "cpu" and torch.cpu.get_capabilities().get("avx512_bf16", False):
            self._model.bfloat16()
            # a mean over the tokens in bfloat16 would be wrong in the third digit
            self._model[0].register_forward_hook(_pool_in_float32)
        self._tokenizing = threading.Lock()
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        workers = cores if model.device.type == "cpu" else 1
        self._pool = ThreadPoolExecutor(workers, "topicdex-bulk", initializer=_prepare, initargs=(serving,))

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row for each text, shape (n, dimension); many threads may call it at once."""
        with self._tokenizing:
            if self._encode_whole:
                return unit(self._model.encode(list(texts), show_progress_bar=False))
            features = self._model.preprocess(list(texts))
        lengths = features["attention_mask"].sum(dim=1).numpy()
        order = np.argsort(lengths, kind="stable")
        batches = [_selected(features, batch, int(lengths[batch[-1]])) for batch in _batches(order, lengths)]
        rows = np.vstack(list(self._pool.map(partial(forward, self._model), batches)))
        vectors = np.empty_like(rows)
        vectors[order] = rows
        return unit(vectors)


def forward(model: Any, features: dict[str, Any]) -> Vectors:
    """Return the embeddings of texts from their features, (n, dimension): like `encode()`, without its overhead."""
    with torch.inference_mode():
        tensors = {name: value.to(model.device) for name, value in features.items() if isinstance(value, torch.Tensor)}
        vectors: Vectors = model(tensors)["sentence_embedding"].float().cpu().numpy()
        return vectors


def _prepare(serving: bool) -> None:
    """Use one core for the thread; with `serving`, lower its priority (on Linux, each thread has its own)."""
    torch.set_num_threads(1)
    if serving and hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


def _selected(features: dict[str, Any], batch: Rows, longest: int) -> dict[str, Any]:
    """Return the features of some texts, cut to the length of the longest of them."""
    return {name: value[batch, :longest] for name, value in features.items() if isinstance(value, torch.Tensor)}


def _batches(order: Rows, lengths: Rows) -> Iterator[Rows]:
    """Yield positions of texts, shortest first, as many as fit into _TOKENS when padded to the longest of them."""
    first = 0
    for end in range(1, len(order) + 1):
        if end == len(order) or (end + 1 - first) * lengths[order[end]] > _TOKENS or end - first == _TEXTS:
            yield order[first:end]
            first = end


def _pool_in_float32(_module: Any, _inputs: Any, output: dict[str, Any]) -> dict[str, Any]:
    return {**output, "token_embeddings": output["token_embeddings"].float()}
