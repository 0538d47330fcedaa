"""Encoders of the BERT family through ONNX Runtime: ready in a fifth of a second, without torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from indexer.batching import SharedCalls
from indexer.blocks import CORES
from indexer.embedders.batches import TEXTS, TOKENS, Rows, bulk_threads, by_length, in_place, maybe_cut
from indexer.embedders.onnx.graph import encoder, whole_encoder
from indexer.embedders.onnx.saved import Saved, read_saved
from indexer.vectors import Vectors, unit

Forward = Callable[[Rows, Rows], Vectors]  # ids (n, l) and lengths (n,) to vectors (n, dimension), in any thread

_SHARED_CALLS = 32  # in a forward pass; more are no quicker a call, and the first of them would wait for the last
_SHARED_TOKENS = 2_048  # in a forward pass that lookups share: many long texts take no more memory than a few


class OnnxEncoder:
    """The float32 model of a folder; many threads may call it at once."""

    pools_prompts = True  # the strict list has no other

    def __init__(self, saved: Saved, *, serving: bool) -> None:
        """Build the session; with `serving`, lookups go before `embed_many`."""
        import onnxruntime

        self.dimension = saved.dimension
        self.prompts = saved.prompts
        self._saved = saved
        self._tokenizer = saved.tokenizer
        model, weights = encoder(saved.weights, saved.architecture)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_mem_pattern = False  # one is kept for each shape of a batch, and memory grows with them
        # used as they lie: the second call alone copies them, and after the first alone the session looks for a file
        self._values = {name: onnxruntime.OrtValue.ortvalue_from_numpy(array) for name, array in weights.items()}
        for name, value in self._values.items():
            options.add_initializer(name, value)
        options.add_external_initializers(list(self._values), list(self._values.values()))
        self._session: Any = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._lookups = SharedCalls[list[list[int]], Vectors](self._together, _SHARED_CALLS)
        self._threads = bulk_threads(CORES, serving=serving)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row for each of a few texts, (n, dimension); calls that come at once share a forward pass."""
        return self._lookups(self._tokens(texts))

    def embed_many(self, texts: Sequence[str], forward: Forward | None = None) -> Vectors:
        """Return one unit row for each of many texts, (n, dimension): a batch on each core, each through `forward`."""
        tokens = self._tokens(texts)
        batches = by_length(_lengths(tokens), TOKENS, TEXTS)
        padded = (_padded([tokens[i] for i in batch]) for batch in batches)
        run = forward or self.forward
        return unit(in_place(batches, self._threads.map(lambda batch: run(*batch), padded)))

    def truncated(self, texts: Sequence[str]) -> list[bool]:
        """Tell of each text whether it has more tokens than the model reads."""
        long = maybe_cut(texts, self._saved.longest)
        answer = [False] * len(texts)
        for i, encoding in zip(long, self._tokenizer.encode_batch_fast([texts[i] for i in long]), strict=True):
            answer[i] = bool(encoding.overflowing)
        return answer

    def forward(self, ids: Rows, lengths: Rows) -> Vectors:
        """Return the vectors of padded ids (n, l) of texts with so many tokens (n,), as the model gives them."""
        (vectors,) = self._session.run(None, {"ids": ids, "lengths": lengths})
        return np.asarray(vectors, dtype=np.float32)

    def whole_model(self) -> bytes:
        """Return the model as one ONNX file."""
        return whole_encoder(self._saved.weights, self._saved.architecture)

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]

    def _together(self, calls: Sequence[list[list[int]]]) -> Sequence[Vectors]:
        tokens = [ids for call in calls for ids in call]
        batches = by_length(_lengths(tokens), _SHARED_TOKENS, len(tokens))
        parts = [self.forward(*_padded([tokens[i] for i in batch])) for batch in batches]
        return np.split(unit(in_place(batches, parts)), list(accumulate(map(len, calls)))[:-1])


def load_encoder(folder: Path, *, mapped: bool = False, serving: bool = False) -> OnnxEncoder | None:
    """Return the encoder of the folder of a sentence-transformers model; None where it is not one of the strict list.

    `mapped`: the folder's files are never written to; processes share their memory then.
    """
    saved = read_saved(folder, mapped=mapped)
    try:
        return None if saved is None else OnnxEncoder(saved, serving=serving)
    except Exception:  # of many kinds: weights are missing or do not fit; sentence-transformers says what is wrong
        return None


def _lengths(tokens: Sequence[list[int]]) -> Rows:
    return np.array([len(ids) for ids in tokens], dtype=np.int64)


def _padded(tokens: Sequence[list[int]]) -> tuple[Rows, Rows]:
    """Return the ids of texts padded to the longest, (n, l), and their lengths, (n,)."""
    lengths = _lengths(tokens)
    padded = np.zeros((len(tokens), int(lengths.max())), dtype=np.int64)
    for row, ids in zip(padded, tokens, strict=True):
        row[: len(ids)] = ids
    return padded, lengths
