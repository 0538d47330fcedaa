"""The forward pass of an encoder through OpenVINO in bfloat16: `pip install topicdex[fast]`."""

from __future__ import annotations

import threading
from importlib.util import find_spec
from typing import Any

import numpy as np

from indexer.blocks import CORES
from indexer.embedders.batches import Rows
from indexer.vectors import Vectors


def installed() -> bool:
    """Tell whether the package is there, without importing it."""
    return find_spec("openvino") is not None


class OpenVinoForward:
    """The compiled model, one batch on each core; many threads may call it at once."""

    def __init__(self, model: bytes) -> None:
        """Compile an ONNX model, which takes about a second. Raises RuntimeError where OpenVINO cannot."""
        import openvino

        core = openvino.Core()
        streams = {"NUM_STREAMS": CORES, "INFERENCE_NUM_THREADS": CORES}
        options = {"INFERENCE_PRECISION_HINT": "bf16", **streams}
        self._compiled: Any = core.compile_model(core.read_model(model), "CPU", options)
        self._of_thread = threading.local()
        # the first use of a tensor makes something that all threads share, and two that begin at once wait for ever
        self(np.zeros((1, 1), dtype=np.int64), np.ones(1, dtype=np.int64))

    def __call__(self, ids: Rows, lengths: Rows) -> Vectors:
        """Return the vectors of padded ids (n, l) of texts with so many tokens (n,), as the model gives them."""
        if not hasattr(self._of_thread, "request"):
            self._of_thread.request = self._compiled.create_infer_request()
        result = self._of_thread.request.infer({"ids": ids, "lengths": lengths})
        return np.array(result[0], dtype=np.float32)
