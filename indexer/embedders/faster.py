"""The fastest way to embed many texts with an encoder, from so many texts on that its loading pays."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from indexer.embedders.onnx import openvino
from indexer.embedders.onnx.encoder import OnnxEncoder
from indexer.vectors import Vectors

Embed = Callable[[Sequence[str]], Vectors]

_BFLOAT16 = {"avx512_bf16", "amx_bf16"}  # among the flags of a processor
_SAME = 0.999  # the least cosine of a vector to the float32 one
_SAMPLE = 16  # texts whose vectors are compared
# torch takes some 5 s to load and saves half a millisecond a title: after 10,000 texts, waiting for it any longer would
# have cost as much as loading it; OpenVINO takes 1.5 s and saves more
_TORCH_PAYS, _OPENVINO_PAYS = 10_000, 2_048


@dataclass(frozen=True)
class _Way:
    """One that pays once a process has embedded so many texts."""

    texts: int
    load: Callable[[], Embed]


class FasterBulk:
    """Embeds many texts through ONNX Runtime, and in a faster way once that pays.

    That is torch on a graphics card; on a processor with bfloat16 OpenVINO where it is installed, else torch.
    """

    def __init__(self, encoder: OnnxEncoder, path: str, *, serving: bool) -> None:
        """`path`: the folder of the encoder; with `serving`, all other threads go before those that embed."""
        self._float32: Embed = encoder.embed_many
        self._embed: Embed = encoder.embed_many
        self._way = _way(encoder, path, serving)
        self._texts = 0
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row for each text, shape (n, dimension); many threads may call it at once."""
        with self._lock:
            self._texts += len(texts)
            if self._way is not None and self._texts >= self._way.texts:
                self._embed = self._loaded(self._way, texts[:_SAMPLE])
                self._way = None
        return self._embed(texts)

    def _loaded(self, way: _Way, texts: Sequence[str]) -> Embed:
        """Return another way, or ONNX Runtime where it cannot be loaded or gives other vectors."""
        try:
            faster = way.load()
            alike = np.einsum("ij,ij->i", faster(texts), self._float32(texts))
        except Exception:  # nobody asked for another library: whatever it raises, the texts are embedded without it
            return self._float32
        return faster if alike.min() >= _SAME else self._float32


def _way(encoder: OnnxEncoder, path: str, serving: bool) -> _Way | None:
    """Return the way that is faster on this machine; None where none is."""
    through_torch = _Way(_TORCH_PAYS, partial(_through_torch, path, serving))
    if Path("/dev/nvidiactl").exists() or sys.platform == "darwin":
        return through_torch
    if not _BFLOAT16 & _processor_flags():
        return None
    return _Way(_OPENVINO_PAYS, partial(_through_openvino, encoder)) if openvino.installed() else through_torch


def _through_torch(path: str, serving: bool) -> Embed:
    from indexer.embedders.bulk import BulkModel
    from indexer.embedders.sentences import sentence_transformer

    return BulkModel(sentence_transformer(path), serving=serving).embed


def _through_openvino(encoder: OnnxEncoder) -> Embed:
    return partial(encoder.embed_many, forward=openvino.OpenVinoForward(encoder.whole_model()))


def _processor_flags() -> set[str]:
    """Return what Linux says that the processor can do; nothing elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return set()
    return set(next((line for line in lines if line.startswith("flags")), "").split())
