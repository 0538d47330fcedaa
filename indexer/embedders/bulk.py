"""Many texts through a SentenceTransformer, in bfloat16 where the processor has it, one batch on each core."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial
from typing import Any

import torch

from indexer.blocks import CORES
from indexer.embedders.batches import TEXTS, TOKENS, Rows, bulk_threads, by_length, in_place
from indexer.vectors import Vectors, unit


class BulkModel:
    """A SentenceTransformer for many texts; its vectors are within a cosine of 0.999 of the float32 model's."""

    def __init__(self, model: Any, *, serving: bool) -> None:
        """Take the model over, and change it; with `serving`, all other threads go before those that embed."""
        self._model = model
        is_transformer = "attention_mask" in model.preprocess(["a"])  # a table of token vectors needs none
        model.default_prompt_name = None  # who calls `embed` has put the prompts before the texts
        self._encode_whole = not is_transformer
        if is_transformer and model.device.type == "cpu" and torch.cpu.get_capabilities().get("avx512_bf16", False):
            self._model.bfloat16()
            # a mean over the tokens in bfloat16 would be wrong in the third digit
            self._model[0].register_forward_hook(_pool_in_float32)
        self._tokenizing = threading.Lock()
        workers = CORES if model.device.type == "cpu" else 1
        self._pool = bulk_threads(workers, serving=serving, prepare=partial(torch.set_num_threads, 1))

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row for each text, shape (n, dimension); many threads may call it at once."""
        with self._tokenizing:
            if self._encode_whole:
                return unit(self._model.encode(list(texts), show_progress_bar=False))
            features = self._model.preprocess(list(texts))
        lengths = features["attention_mask"].sum(dim=1).numpy()
        batches = by_length(lengths, TOKENS, TEXTS)
        parts = [_selected(features, batch, int(lengths[batch[-1]])) for batch in batches]
        return unit(in_place(batches, self._pool.map(partial(forward, self._model), parts)))


def forward(model: Any, features: dict[str, Any]) -> Vectors:
    """Return the embeddings of texts from their features, (n, dimension): like `encode()`, without its overhead."""
    with torch.inference_mode():
        tensors = {name: value.to(model.device) for name, value in features.items() if isinstance(value, torch.Tensor)}
        vectors: Vectors = model(tensors)["sentence_embedding"].float().cpu().numpy()
        return vectors


def _selected(features: dict[str, Any], batch: Rows, longest: int) -> dict[str, Any]:
    """Return the features of some texts, cut to the length of the longest of them."""
    return {name: value[batch, :longest] for name, value in features.items() if isinstance(value, torch.Tensor)}


def _pool_in_float32(_module: Any, _inputs: Any, output: dict[str, Any]) -> dict[str, Any]:
    return {**output, "token_embeddings": output["token_embeddings"].float()}
