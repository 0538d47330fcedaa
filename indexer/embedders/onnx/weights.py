"""The tensors of a safetensors file, mapped into memory or read: https://github.com/huggingface/safetensors#format"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from indexer.vectors import Vectors


def float32_tensors(path: Path, *, mapped: bool) -> dict[str, Vectors]:
    """Return the float32 tensors of a file by name, without its other ones.

    Mapped ones cost memory only where they are used, and processes share it; the file must never be written to then.
    Raises OSError, and ValueError where it is no safetensors file.
    """
    content = np.memmap(path, np.uint8, mode="r") if mapped else np.fromfile(path, np.uint8)
    begin = 8 + int.from_bytes(content[:8].tobytes(), "little")
    if begin > len(content):
        raise ValueError(f"{path} is no safetensors file")
    header: dict[str, Any] = json.loads(content[8:begin].tobytes())
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            first, end = entry["data_offsets"]
            values = np.frombuffer(content[begin + first : begin + end], "<f4").reshape(entry["shape"])
            tensors[name] = np.require(values, np.float32, "A")
    return tensors
